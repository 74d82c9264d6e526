/** `micro greet NAME`: a command of one's own, with a flag, a setting and exit codes. */

import { defineCommand, fields, verb } from 'micro/plugin';

export const config = fields({
  greeting: { type: 'string', doc: 'What is said first', default: 'Hello', env: 'MICRO_GREET_GREETING' },
});

export const flags = fields({
  times: { type: 'int32', doc: 'How often', default: 1, short: 't' },
});

export const plugin = defineCommand({
  id: 'commands/greet',
  summary: 'Greet people',
  config,
  verbs: [
    verb({
      words: 'greet',
      summary: 'Greet somebody',
      args: [{ name: 'name', doc: 'Who is greeted', required: true }],
      flags,
      examples: ['micro greet John --times 2'],
      load: () => import('./greet.ts'),
    }),
  ],
});
