/** `micro auth can ACCOUNT SERVICE ENDPOINT`: would this call be allowed, and what decides. Calls nothing but the auth service and the registry. */

import { accessTo, coreAccess } from '../../../internal/auth/core-access.ts';
import { nearest } from '../../../internal/cli/suggest.ts';
import type { Account, Resource } from '../../../internal/contract/auth.ts';
import { ExitError, isMicroError } from '../../../internal/contract/error.ts';
import type { Call, PluginContext } from '../../../internal/contract/plugin.ts';
import { judgeCall } from './judge-call.ts';
import { judgementJson, judgementLines } from './judgement-text.ts';
import { namespaceOf } from './namespace-of.ts';
import { ownAccount } from './own-account.ts';
import type { canFlags, canNeeds, config } from './plugin.ts';
import { refusalAsJson } from './refusal.ts';
import { parseResource } from './resource.ts';

type Context = PluginContext<typeof config, typeof canNeeds>;

/** Told apart from every code that means an error. */
const deniedExitCode = 10;
const withoutAccount: ReadonlySet<string> = new Set(['-', 'nobody']);

export const run = async (call: Call<typeof canFlags>, ctx: Context): Promise<number> => {
  const [named = '', ...words] = call.args;
  const resource = resourceOf(words);
  const namespace = namespaceOf(call.flags, ctx.config);
  const home = call.flags.account_namespace || namespace;
  const account = withoutAccount.has(named) ? undefined : await findAccount(ctx, { named, namespace: home });
  const asked = { account, resource, namespace };
  const rulesOf = (of: string) =>
    ctx.needs.auth.rules({ namespace: of, signal: ctx.signal }).catch((e: unknown) => {
      throw refusalAsJson('Error listing rules', e);
    });
  const judgement = await judgeCall({ ...asked, rulesOf });
  if (call.out.format === 'json') call.out.json(judgementJson(asked, judgement));
  else for (const line of judgementLines(asked, judgement)) call.out.line(line);
  const doubt = await doubtOf(ctx, resource, namespace);
  if (doubt !== undefined) call.out.note(doubt);
  return judgement.allowed ? 0 : deniedExitCode;
};

/** `SERVICE ENDPOINT`, or `TYPE:NAME:ENDPOINT` as rules have it. */
const resourceOf = ([first = '', endpoint, ...more]: readonly string[]): Resource => {
  const resource = endpoint === undefined ? parseResource(first) : { type: 'service', name: first, endpoint };
  if (resource === undefined || more.length > 0)
    throw new ExitError('Expected ACCOUNT SERVICE ENDPOINT, or ACCOUNT TYPE:NAME:ENDPOINT', 1, {
      hint: 'for example micro auth can jane helloworld Helloworld.Call',
    });
  if (Object.values(resource).includes('*'))
    throw new ExitError('* stands for anything in rules only', 1, { hint: 'name one endpoint of one service' });
  checkCore(resource);
  return resource;
};

/** What core services have is known: a mistyped endpoint would get a true answer to a wrong question. */
const checkCore = ({ type, name, endpoint }: Resource): void => {
  const endpoints = type === 'service' && accessTo(name, endpoint) === undefined ? coreEndpoints(name) : [];
  if (endpoints.length === 0) return;
  const near = nearest(endpoint, endpoints);
  throw new ExitError(`${name} has no endpoint ${endpoint}`, 1, {
    hint: near === undefined ? `it has: ${endpoints.join(', ')}` : `did you mean ${near}?`,
  });
};

/** None for what is no core service, and for gateways. */
const coreEndpoints = (service: string): readonly string[] => {
  const services: Readonly<Record<string, object>> = coreAccess;
  return Object.keys((Object.hasOwn(services, service) && services[service]) || {});
};

/** Everybody may ask for himself; for others one must be allowed to list accounts. */
const findAccount = async (
  { needs, signal }: Context,
  { named, namespace }: { readonly named: string; readonly namespace: string },
): Promise<Account> => {
  const isNamed = ({ id, name }: Account): boolean => id === named || name === named;
  const own = await ownAccount(needs, signal);
  if (own.issuer === namespace && isNamed(own)) return own;
  const accounts = await needs.auth.accounts({ namespace, signal }).catch((e: unknown) => {
    throw refusalAsJson('Error listing accounts', e);
  });
  const found = accounts.find(isNamed);
  if (found !== undefined) return found;
  const near = nearest(
    named,
    accounts.flatMap(({ id, name }) => [id, name]),
  );
  throw new ExitError(`there is no account ${named} in namespace ${namespace}`, 1, {
    hint:
      near === undefined
        ? 'micro auth list accounts shows them; --account_namespace names another namespace'
        : `did you mean ${near}?`,
  });
};

/** Rules are about names, whether or not something of that name is there. */
const doubtOf = async (
  { needs, signal }: Context,
  { type, name, endpoint }: Resource,
  namespace: string,
): Promise<string | undefined> => {
  if (type !== 'service' || accessTo(name, endpoint) !== undefined) return undefined;
  const endpoints = await registeredEndpoints(needs, name, { domain: namespace, signal });
  if (endpoints === undefined) return `note: no service ${name} runs in namespace ${namespace} now`;
  if (endpoints.includes(endpoint) || endpoint.startsWith('Debug.') || endpoints.length === 0) return undefined;
  const near = nearest(endpoint, endpoints);
  return `note: ${name} has no endpoint ${endpoint}${near === undefined ? '' : `; did you mean ${near}?`}`;
};

/** Undefined when it does not run; none when the registry does not say. */
const registeredEndpoints = async (
  { registry }: Context['needs'],
  name: string,
  o: { readonly domain: string; readonly signal: AbortSignal },
): Promise<readonly string[] | undefined> => {
  try {
    const versions = await registry.get(name, o);
    return versions.length === 0 ? undefined : versions.flatMap((version) => version.endpoints.map((e) => e.name));
  } catch (e) {
    // Who may not look into the registry gets his answer without this remark.
    if (isMicroError(e)) return e.code === 404 ? undefined : [];
    throw e;
  }
};
