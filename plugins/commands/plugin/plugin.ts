/** Manifest of commands/plugin: `micro plugin add`, `build`, `config`, `graph`, `list` and `remove`. */

import { fields } from '../../../internal/contract/field.ts';
import { host } from '../../../internal/contract/host.ts';
import { placeSettings } from '../../../internal/contract/place-settings.ts';
import { defineCommand, verb } from '../../../internal/contract/plugin.ts';

export const needs = { host };
/** Settings of a plugin that is removed go with it. */
export const config = { config_file: placeSettings.config_file };
export const buildFlags = fields({
  out_dir: { type: 'string', doc: 'Folder to write to: defaults to dist in the plugin folder' },
});

export const plugin = defineCommand({
  id: 'commands/plugin',
  summary: 'Show what the program is made of, and add to it',
  config,
  verbs: [
    verb({
      words: 'plugin add',
      summary: 'Add a plugin that was built, and trust it',
      description: [
        'Copies plugin.json and the code that it names to ~/.micro/plugins and keeps the hashes of both: only these bytes will run.',
        'There is no sandbox: a plugin runs with the rights of micro.',
      ].join('\n'),
      args: [{ name: 'folder', doc: 'Folder with plugin.json, or whose dist has one', required: true }],
      needs,
      examples: ['micro plugin add ./plugin/dist'],
      load: () => import('./add.ts'),
    }),
    verb({
      words: 'plugin build',
      summary: 'Build a plugin from its plugin.ts',
      description: [
        'Bundles plugin.ts and what it imports to index.cjs, runs that once, and writes what it says of itself to plugin.json.',
        'The version is that of the nearest package.json.',
      ].join('\n'),
      args: [{ name: 'folder', doc: 'Folder with plugin.ts: defaults to this one' }],
      flags: buildFlags,
      needs,
      examples: ['micro plugin build ./plugin'],
      load: () => import('./build.ts'),
    }),
    verb({
      words: 'plugin config',
      summary: 'Show the settings of a plugin and where each value comes from',
      args: [{ name: 'id', doc: 'The plugin', required: true }],
      needs,
      examples: ['micro plugin config services/proxy', 'micro plugin config drivers/auth/local --output json'],
      load: () => import('./config.ts'),
    }),
    verb({
      words: 'plugin graph',
      summary: 'Show what would start, in order, and who needs it',
      description:
        'Starts nothing. Without arguments: what `micro server` runs; --profile and a slot flag such as --store=memory change it.',
      args: [{ name: 'id', doc: 'Services or drivers to start instead', rest: true }],
      needs,
      examples: ['micro plugin graph', 'micro plugin graph services/store', 'micro --store=memory plugin graph'],
      load: () => import('./graph.ts'),
    }),
    verb({
      words: 'plugin list',
      summary: 'List all plugins',
      needs,
      examples: ['micro plugin list', 'micro plugin list --output json'],
      load: () => import('./list.ts'),
    }),
    verb({
      words: 'plugin remove',
      summary: 'Remove a plugin that was added',
      args: [{ name: 'id', doc: 'The plugin, or its folder in ~/.micro/plugins', required: true }],
      needs,
      examples: ['micro plugin remove drivers/store/json'],
      load: () => import('./remove.ts'),
    }),
  ],
});
