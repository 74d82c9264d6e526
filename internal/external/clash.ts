/** Whether a third-party plugin would take what another plugin has: its id or its words. Pure. */

import type { Plugin } from '../contract/plugin.ts';

/** A plugin and where it comes from, for messages: `builtin`, or `folder NAME`. */
export interface Holder {
  readonly plugin: Plugin;
  readonly origin: string;
}

/** Words that no verb may begin with, besides those of other commands. */
const reservedWords: readonly string[] = ['help', 'h'];

/** What two plugins both want, naming both; undefined when there is nothing. */
export const clashOf = (one: Holder, others: readonly Holder[]): string | undefined => {
  const words = firstWords(one.plugin);
  for (const other of others) {
    if (other.plugin.id === one.plugin.id) return `${nameOf(one)} and ${nameOf(other)} have the same id`;
    const taken = firstWords(other.plugin).find((word) => words.includes(word));
    if (taken !== undefined) return `${nameOf(one)} and ${nameOf(other)} both have the command ${taken}`;
  }
  const reserved = words.find((word) => reservedWords.includes(word));
  return reserved === undefined ? undefined : `${nameOf(one)} has the command ${reserved}, which is micro's own`;
};

const nameOf = ({ plugin, origin }: Holder): string => `${plugin.id} (${origin})`;

/** A third-party verb below a builtin command would take words from it: `run x` is `run` with an argument. */
const firstWords = (plugin: Plugin): readonly string[] =>
  plugin.kind === 'command' ? plugin.verbs.map((verb) => verb.words.split(' ')[0] as string) : [];
