/** Manifest of commands/env: the environments of this user. Only `micro env check` makes calls. */

import { fields } from '../../../internal/contract/field.ts';
import { placeSettings } from '../../../internal/contract/place-settings.ts';
import { type ArgSpec, defineCommand, verb } from '../../../internal/contract/plugin.ts';

export const config = fields({
  ...placeSettings,
  data_dir: {
    type: 'string',
    doc: 'Data folder of a server on this machine, for its local-admin credential',
    env: 'MICRO_DATA_DIR',
  },
});

export const addFlags = fields({
  ca: { type: 'string', doc: 'PEM file of the authorities to trust instead of those of this machine' },
  fingerprint: { type: 'string', doc: "Trust the server's key with this fingerprint alone, as the server prints it" },
  insecure: { type: 'bool', doc: 'Trust any certificate; every command will warn' },
  cert: { type: 'string', doc: 'PEM file of a client certificate to show to the server' },
  key: { type: 'string', doc: 'PEM file of its private key' },
  description: { type: 'string', doc: 'What micro env shows beside it' },
});

const name: ArgSpec = { name: 'name', doc: 'Name of the environment', required: true };

export const plugin = defineCommand({
  id: 'commands/env',
  summary: 'Get and set the environment',
  config,
  verbs: [
    verb({
      words: 'env',
      summary: 'List environments, the current one marked',
      examples: ['micro env'],
      load: () => import('./list.ts'),
    }),
    verb({
      words: 'env list',
      summary: 'List environments, the current one marked',
      examples: ['micro env list'],
      load: () => import('./list.ts'),
    }),
    verb({
      words: 'env get',
      summary: 'Print the name of the current environment',
      examples: ['micro env get'],
      load: () => import('./get.ts'),
    }),
    verb({
      words: 'env set',
      summary: 'Choose the environment of later commands',
      args: [name],
      examples: ['micro env set local'],
      load: () => import('./set.ts'),
    }),
    verb({
      words: 'env add',
      summary: 'Add an environment, or replace it',
      description:
        'ADDRESS is host:port, host (TLS on port 443) or https://host:port. Files are named by their absolute path and read by each command.',
      args: [name, { name: 'address', doc: 'Address of its proxy' }],
      flags: addFlags,
      examples: [
        'micro env add staging 127.0.0.1:9081',
        `micro env add prod https://micro.example.com:8081 --fingerprint sha256:${'0f'.repeat(32)}`,
      ],
      load: () => import('./add.ts'),
    }),
    verb({
      words: 'env del',
      summary: 'Delete an environment',
      args: [name],
      examples: ['micro env del staging'],
      load: () => import('./del.ts'),
    }),
    verb({
      words: 'env check',
      summary: 'Ask the server of an environment whether it answers, what it is and who you are to it',
      description:
        'Exit code 0: it answers; 1: it does not; 2: it is there, and its certificate, or how it speaks, is not accepted.',
      args: [{ ...name, doc: 'Name of the environment; the current one otherwise', required: false }],
      examples: ['micro env check local'],
      load: () => import('./check.ts'),
    }),
  ],
});
