/** Manifest of commands/run: `micro run`. */

import { fields } from '../../../internal/contract/field.ts';
import { placeSettings } from '../../../internal/contract/place-settings.ts';
import { defineCommand, verb } from '../../../internal/contract/plugin.ts';
import { runtime } from '../../../internal/contract/runtime.ts';

export const config = placeSettings;
export const needs = { runtime };
export const flags = fields({
  name: { type: 'string', doc: 'Name of the service instead of the name of its folder, NAME or NAME@VERSION' },
  command: { type: 'string', doc: 'Command to start the service with, split at blanks' },
  args: { type: 'string', doc: 'Arguments of the service, split at blanks' },
  type: { type: 'string', doc: 'Type of the service, which status can select by' },
  env_vars: { type: 'string', list: true, doc: 'Environment variables of the service, A=1 or A=1,B=2' },
  instances: { type: 'int32', doc: 'Instances to run; this server runs one of each', short: 'i' },
  metadata: { type: 'string', list: true, doc: 'Metadata of the service, key=value' },
  force: { type: 'bool', doc: 'Build and restart the service even when nothing has changed' },
  wait: { type: 'bool', doc: 'Return when the service runs, and show how it gets there' },
});

export const plugin = defineCommand({
  id: 'commands/run',
  summary: 'Run a service from a local folder',
  config,
  verbs: [
    verb({
      words: 'run',
      summary: 'Run a service from a local folder',
      description:
        'Uploads the folder and lets the server build and start it. Run again with changed files, it is an update.',
      args: [{ name: 'source', doc: 'Folder of the service', required: true }],
      flags,
      needs,
      examples: ['micro run ./helloworld', 'micro run --name=greeter --env_vars=DEBUG=1 --wait ./helloworld'],
      load: () => import('./run.ts'),
    }),
  ],
});
