/** Manifest of the builder for Go modules. */

import { builder } from '../../../../internal/contract/builder.ts';
import { defineDriver } from '../../../../internal/contract/plugin.ts';

export const plugin = defineDriver({
  id: 'drivers/builder/go',
  summary: 'A Go module, compiled by the go command of the server',
  provides: builder,
  load: () => import('./go-builder.ts'),
});
