/** `micro completion SHELL`: a script made from the manifests alone. It completes words and flags; services are not asked for, since that would need a server. */

import { ExitError } from '../../../internal/contract/error.ts';
import type { Call, Plugin, PluginContext } from '../../../internal/contract/plugin.ts';
import type { needs } from './plugin.ts';

/** What may follow some words: the next words, and the flags when the words name a command. */
type Table = ReadonlyMap<string, readonly string[]>;

export const run = async (call: Call, ctx: PluginContext<{}, typeof needs>): Promise<void> => {
  const [shell = ''] = call.args;
  const script = Object.hasOwn(scripts, shell) ? scripts[shell] : undefined;
  if (script === undefined) {
    throw new ExitError(`no completion for shell ${JSON.stringify(shell)}`, 1, {
      hint: `shells: ${Object.keys(scripts).join(', ')}`,
    });
  }
  call.out.write(script(tableOf(ctx.needs.host.manifests())));
};

const tableOf = (plugins: readonly Plugin[]): Table => {
  const table = new Map<string, Set<string>>();
  const add = (after: string, word: string): void => {
    table.set(after, (table.get(after) ?? new Set()).add(word));
  };
  const verbs = plugins
    .flatMap((p) => (p.kind === 'command' ? p.verbs : []))
    .filter((v) => !v.hidden && v.words !== '*');
  for (const v of verbs) {
    const words = v.words.split(' ');
    for (const [i, word] of words.entries()) add(words.slice(0, i).join(' '), word);
    for (const flag of [...Object.keys(v.flags ?? {}), 'help']) add(v.words, `--${flag}`);
  }
  return new Map([...table].sort().map(([after, next]) => [after, [...next].sort()]));
};

/** A word as shells take it between single quotes; names of verbs and flags hold nothing that needs more. */
const quoted = (text: string): string => `'${text.replaceAll("'", '')}'`;

const cases = (table: Table): string =>
  [...table].map(([after, next]) => `    ${quoted(after)}) next=${quoted(next.join(' '))} ;;`).join('\n');

const scripts: Readonly<Record<string, (table: Table) => string>> = {
  bash: (table) => `# bash completion for micro
_micro() {
  local word path='' next=''
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in -*) ;; *) path="\${path:+$path }$word" ;; esac
  done
  case $path in
${cases(table)}
  esac
  COMPREPLY=()
  while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -W "$next" -- "\${COMP_WORDS[COMP_CWORD]}")
}
complete -o default -F _micro micro
`,
  zsh: (table) => `#compdef micro
_micro() {
  local word micropath='' next=''
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case $word in -*) ;; *) micropath="\${micropath:+$micropath }$word" ;; esac
  done
  case $micropath in
${cases(table)}
  esac
  compadd -- \${=next}
}
compdef _micro micro
`,
  fish: (table) => `# fish completion for micro
function __micro_after
  set -l words (string match -v -- '-*' (commandline -opc)[2..-1])
  test (string join ' ' -- $words) = "$argv[1]"
end
complete -c micro -f
${[...table]
  .map(([after, next]) => `complete -c micro -n ${quoted(`__micro_after "${after}"`)} -a ${quoted(next.join(' '))}`)
  .join('\n')}
`,
};
