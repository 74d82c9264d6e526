/** Manifest of the TypeScript and JavaScript builder. */

import { builder } from '../../../../internal/contract/builder.ts';
import { defineDriver } from '../../../../internal/contract/plugin.ts';

export const plugin = defineDriver({
  id: 'drivers/builder/typescript',
  summary: 'TypeScript and JavaScript on Node, transpiled by esbuild',
  provides: builder,
  load: () => import('./typescript-builder.ts'),
});
