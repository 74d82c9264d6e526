/** Manifest of commands/upgrade: `micro upgrade` brings another version of this program, or the one before. */

import { fields } from '../../../internal/contract/field.ts';
import { host } from '../../../internal/contract/host.ts';
import { defineCommand, verb } from '../../../internal/contract/plugin.ts';

export const config = fields({
  install_url: {
    type: 'string',
    doc: 'Folder of the releases, for micro upgrade',
    env: 'MICRO_INSTALL_URL',
  },
});
export const flags = fields({
  version: { type: 'string', doc: 'The version to install instead of the latest' },
  rollback: { type: 'bool', doc: 'Go back to the version before; once more undoes it' },
});
export const needs = { host };

export const plugin = defineCommand({
  id: 'commands/upgrade',
  summary: 'Install another version of micro',
  config,
  verbs: [
    verb({
      words: 'upgrade',
      summary: 'Install the latest version of micro, or another one',
      description:
        'Downloads from the address in MICRO_INSTALL_URL, checks the sha256, tries the program and puts it in the place of this one. The version before is kept. A server that runs goes on with the version it has.',
      flags,
      needs,
      examples: ['micro upgrade', 'micro upgrade --version v0.1.0', 'micro upgrade --rollback'],
      load: () => import('./upgrade.ts'),
    }),
  ],
});
