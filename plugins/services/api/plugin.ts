/** Manifest of the HTTP API gateway. */

import { auth } from '../../../internal/contract/auth.ts';
import { client } from '../../../internal/contract/client.ts';
import { fields } from '../../../internal/contract/field.ts';
import { host } from '../../../internal/contract/host.ts';
import { defineService } from '../../../internal/contract/plugin.ts';
import { registry } from '../../../internal/contract/registry.ts';
import { tlsSettings } from '../../../internal/contract/tls-settings.ts';

export const config = fields({
  address: {
    type: 'string',
    doc: 'Address to listen on',
    default: '127.0.0.1:8080',
    env: 'MICRO_API_ADDRESS',
  },
  ...tlsSettings('MICRO_API'),
  cors_origins: {
    type: 'string',
    list: true,
    doc: 'Origins whose pages may call the API, besides its own; * for any, without credentials',
    env: 'MICRO_API_CORS_ORIGINS',
  },
  hosts: {
    type: 'string',
    list: true,
    doc: 'Host names besides localhost that the API answers to on loopback and in plain text',
    env: 'MICRO_API_HOSTS',
  },
});

export const needs = { auth, registry, client, host };

export const plugin = defineService({
  id: 'services/api',
  summary: 'Calls services by HTTP and JSON',
  protos: [],
  port: 8080,
  config,
  needs,
  load: () => import('./gateway.ts'),
});
