/** Chooses the endpoint that positionals name, or says which one comes near (cli.md 3.1 steps 6 and 7). Pure; throws ExitError 128. */

import { nearest } from '../../../internal/cli/suggest.ts';
import { ExitError } from '../../../internal/contract/error.ts';
import type { Endpoint } from '../../../internal/contract/registry.ts';

import { commandWords, endpointNames } from './endpoint-name.ts';
import type { FoundService } from './look-up.ts';

export const findEndpoint = (service: FoundService, positionals: readonly string[]): Endpoint => {
  const names = endpointNames(positionals);
  const [wanted] = names;
  if (wanted === undefined)
    throw new ExitError('Incorrect number of arguments', 128, {
      hint: `micro ${service.name} --help lists what can be called; values go into flags: --name=value`,
    });
  for (const name of names) {
    const found = service.endpoints.find((endpoint) => endpoint.name === name);
    if (found !== undefined) return found;
  }
  throw new ExitError(`Endpoint ${wanted} not found for service ${service.name}`, 128, {
    hint: hintFor(service, wanted, positionals),
  });
};

const hintFor = (service: FoundService, wanted: string, positionals: readonly string[]): string => {
  // Without a command word nothing was mistyped: the service just has no Call.
  if (positionals.length === 1) return `micro ${service.name} --help lists what can be called`;
  const names = service.endpoints.map((endpoint) => endpoint.name);
  const words = new Map(names.map((name) => [commandWords(service.name, name), name]));
  const near = nearest(positionals.slice(1).join(' '), [...words.keys()]);
  const endpoint = nearest(wanted, names);
  const command = near ?? (endpoint === undefined ? undefined : commandWords(service.name, endpoint));
  return command === undefined ? `micro ${service.name} --help lists what can be called` : `did you mean ${command}?`;
};
