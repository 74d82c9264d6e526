/** Manifest of the builder for anything that brings its own executable. */

import { builder } from '../../../../internal/contract/builder.ts';
import { defineDriver } from '../../../../internal/contract/plugin.ts';

export const plugin = defineDriver({
  id: 'drivers/builder/command',
  summary: 'An executable named `service`',
  provides: builder,
  load: () => import('./command-builder.ts'),
});
