/** Manifest of services/auth: the auth slot as a service. */

import { auth } from '../../../internal/contract/auth.ts';
import { defineService } from '../../../internal/contract/plugin.ts';

export const needs = { auth };

export const plugin = defineService({
  id: 'services/auth',
  summary: 'Accounts, tokens and rules',
  protos: ['auth/auth.proto'],
  port: 0,
  needs,
  load: () => import('./service.ts'),
});
