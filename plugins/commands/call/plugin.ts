/** Manifest of commands/call: `micro call`. */

import { client } from '../../../internal/contract/client.ts';
import { fields } from '../../../internal/contract/field.ts';
import { placeSettings } from '../../../internal/contract/place-settings.ts';
import { defineCommand, verb } from '../../../internal/contract/plugin.ts';

export const config = placeSettings;
export const needs = { client };
export const flags = fields({
  address: {
    type: 'string',
    doc: 'Address of the node to call, instead of looking the service up',
    env: 'MICRO_ADDRESS',
  },
  output: { type: 'string', doc: 'Output format: json, or raw for the bytes as received', env: 'MICRO_OUTPUT' },
  metadata: { type: 'string', list: true, doc: 'Metadata to send, key=value', env: 'MICRO_METADATA' },
  request_timeout: { type: 'string', doc: 'Time the request may take, such as 500ms or 5s' },
});

export const plugin = defineCommand({
  id: 'commands/call',
  summary: 'Call a service with a JSON request',
  config,
  verbs: [
    verb({
      words: 'call',
      summary: 'Call a service endpoint',
      args: [
        { name: 'service', doc: 'Name of the service', required: true },
        { name: 'endpoint', doc: 'Endpoint to call, such as Helloworld.Call', required: true },
        { name: 'request', doc: 'The request as a JSON object', rest: true },
      ],
      flags,
      needs,
      examples: [`micro call registry Registry.GetService '{"service": "registry"}'`],
      load: () => import('./call.ts'),
    }),
  ],
});
