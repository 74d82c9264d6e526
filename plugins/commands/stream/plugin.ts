/** Manifest of commands/stream: `micro stream`. */

import { client } from '../../../internal/contract/client.ts';
import { fields } from '../../../internal/contract/field.ts';
import { placeSettings } from '../../../internal/contract/place-settings.ts';
import { defineCommand, verb } from '../../../internal/contract/plugin.ts';

export const config = placeSettings;
export const needs = { client };
export const flags = fields({
  output: { type: 'string', doc: 'Output format: json, or raw for the bytes as received', env: 'MICRO_OUTPUT' },
  metadata: { type: 'string', list: true, doc: 'Metadata to send, key=value', env: 'MICRO_METADATA' },
});

export const plugin = defineCommand({
  id: 'commands/stream',
  summary: 'Stream from a service with a JSON request',
  config,
  verbs: [
    verb({
      words: 'stream',
      summary: 'Create a service stream',
      args: [
        { name: 'service', doc: 'Name of the service', required: true },
        { name: 'endpoint', doc: 'Endpoint to call, such as Helloworld.Stream', required: true },
        { name: 'request', doc: 'The request as a JSON object', rest: true },
      ],
      flags,
      needs,
      examples: [`micro stream helloworld Helloworld.Stream '{"count": 3}'`],
      load: () => import('./stream.ts'),
    }),
  ],
});
