/** What the memory registry accepts: names, node ids, addresses and counts. Pure; throws badRequest with the id it is given. */

import { defaultNamespace } from '../contract/core.ts';
import { badRequest } from '../contract/error.ts';
import { endpointsMax, nodesMax, nodeTextCharsMax, registryNameCharsMax } from '../contract/limits.ts';
import type { Service } from '../contract/registry.ts';

// A service name becomes a path segment and a command word: nothing that either could read another way.
const namePattern = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;
// Versions may be branch names and domains are free text, but neither may break a line or a table.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it refuses
const unprintable = /[\u0000-\u0020\u007f-\u009f\u2028\u2029]/;

/** The domain to write to; `*` stands for all domains and so for none that can be written. */
export const writeDomain = (domain: string | undefined, id: string): string => {
  const name = domain || defaultNamespace;
  if (name === '*') throw badRequest(id, 'domain * is for reading only');
  if (name.length > registryNameCharsMax || unprintable.test(name))
    throw badRequest(id, `invalid domain: ${quote(name)}`, { hint: freeTextHint });
  return name;
};

/** Refuses what the registry could not give back safely. */
export const checkService = (service: Service, id: string): void => {
  checkNodeIds(service, id);
  if (service.nodes.length > nodesMax) throw badRequest(id, `more than ${nodesMax} nodes (nodesMax)`);
  if (service.endpoints.length > endpointsMax)
    throw badRequest(id, `more than ${endpointsMax} endpoints (endpointsMax)`);
  for (const node of service.nodes)
    if (!isNodeText(node.address)) throw badRequest(id, `invalid address of node ${node.id}: ${quote(node.address)}`);
  for (const endpoint of service.endpoints)
    if (endpoint.name === '' || endpoint.name.length > nodeTextCharsMax || unprintable.test(endpoint.name))
      throw badRequest(id, `invalid endpoint name: ${quote(endpoint.name)}`);
};

/** The part that also holds for a deregistration, which carries no addresses it could be judged by. */
export const checkNodeIds = (service: Pick<Service, 'name' | 'version' | 'nodes'>, id: string): void => {
  if (service.name.length > registryNameCharsMax || !namePattern.test(service.name))
    throw badRequest(id, `invalid service name: ${quote(service.name)}`, {
      hint: `a name has letters, digits, '.', '_' and '-', at most ${registryNameCharsMax} of them`,
    });
  if (service.version.length > registryNameCharsMax || unprintable.test(service.version))
    throw badRequest(id, `invalid version of ${service.name}: ${quote(service.version)}`, { hint: freeTextHint });
  for (const node of service.nodes)
    if (!isNodeText(node.id)) throw badRequest(id, `invalid node id of ${service.name}: ${quote(node.id)}`);
};

/** When a lease of `ttlMs` ends; without one, never. */
export const expiryOf = (ttlMs: number | undefined, now: number, id: string): number => {
  if (ttlMs === undefined || ttlMs === 0) return Infinity;
  if (!(ttlMs > 0)) throw badRequest(id, `invalid ttl: ${ttlMs}`);
  return now + ttlMs;
};

const freeTextHint = `no blanks or control characters, at most ${registryNameCharsMax} characters`;

const isNodeText = (text: string): boolean => text !== '' && text.length <= nodeTextCharsMax && !unprintable.test(text);

/** Quoted and cut, since it comes from outside and goes into a log or a terminal. */
const quote = (text: string): string => JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
