/** Manifest of commands/server: `micro server`. */

import { fields } from '../../../internal/contract/field.ts';
import { host } from '../../../internal/contract/host.ts';
import { defineCommand, verb } from '../../../internal/contract/plugin.ts';

export const needs = { host };
export const config = fields({
  with: {
    type: 'string',
    list: true,
    doc: 'Services to start besides those of the profile: services/NAME of a plugin that was added',
    env: 'MICRO_WITH',
  },
});
/** Each sets its variable for this run, as every setting of a plugin may be set: `--NAME` is MICRO_NAME. */
export const flags = fields({
  data_dir: {
    type: 'string',
    doc: 'Folder for keys, records and logs: defaults to ~/.micro/server',
    env: 'MICRO_DATA_DIR',
  },
  api_address: {
    type: 'string',
    doc: 'Address of the HTTP API: defaults to 127.0.0.1:8080',
    env: 'MICRO_API_ADDRESS',
  },
  proxy_address: {
    type: 'string',
    doc: 'Address of the gRPC proxy: defaults to 127.0.0.1:8081',
    env: 'MICRO_PROXY_ADDRESS',
  },
  proxy_enable_tls: {
    type: 'bool',
    doc: 'Speak TLS at the gRPC proxy: an address off loopback needs it',
    env: 'MICRO_PROXY_ENABLE_TLS',
  },
  api_enable_tls: {
    type: 'bool',
    doc: 'Speak TLS at the HTTP API: an address off loopback needs it',
    env: 'MICRO_API_ENABLE_TLS',
  },
  ...config,
});

export const plugin = defineCommand({
  id: 'commands/server',
  summary: 'Run the micro server',
  config,
  verbs: [
    verb({
      words: 'server',
      summary: 'Run the micro server',
      description: [
        'Runs all core services in one process until it is interrupted. Every setting of `micro plugin config` may be given as a flag.',
        'Services of plugins that were added start when --with names them.',
      ].join('\n'),
      flags,
      needs,
      examples: [
        'micro server',
        'micro server --data_dir=./data --api_address=127.0.0.1:0 --proxy_address=127.0.0.1:0',
      ],
      load: () => import('./server.ts'),
    }),
  ],
});
