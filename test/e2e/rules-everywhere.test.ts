/** Random rules on a real server: the proxy, the HTTP API, a service's own listener and the core services judge alike, and as the specification says. */

import { rmSync } from 'node:fs';

import fc from 'fast-check';
import * as assert from 'uvu/assert';

import type { Account, Rule } from '../../internal/contract/auth.ts';
import { poll } from '../support/poll.ts';
import { openAdminCaller, type RpcCaller } from '../support/rpc.ts';
import { type Case, rulesOf, verdictByRules, verdictOf, type Words } from '../support/rules-oracle.ts';
import { type Server, startServer } from '../support/server.ts';
import { copyExample, tempFolder } from '../support/service-folder.ts';
import { suite } from '../support/suite.ts';
import { type Answer, type Ask, openWays, type WayName, type Ways, wayNames } from '../support/ways.ts';

const test = suite('e2e: rules everywhere');

/** How many sets of rules are tried, and which. */
const rounds = 5;
const seed = 20_201;
/** How long a service in another process may follow old rules. */
const followMs = 15_000;

const words: Words = {
  names: ['*', '*', 'helloworld', 'HELLOWORLD', 'store', 'grpc', 'auth', 'proxy', 'other'],
  endpoints: ['*', '*', 'Helloworld.Call', 'helloworld.call', 'Store.Read', 'Debug.Health', 'Health.Check', '/a/*'],
};
const ruleSets = fc.sample(rulesOf(words, 7), { numRuns: rounds, seed });

const namespaces = ['micro', 'foo'] as const;
type Namespace = (typeof namespaces)[number];

interface Caller {
  readonly account: Account | undefined;
  readonly token: string | undefined;
}

let server: Server;
let admin: RpcCaller;
let ways: Ways;
let sources: string;
const callers = new Map<string, Caller>([['nobody', { account: undefined, token: undefined }]]);

test.before(async () => {
  sources = tempFolder();
  server = await startServer();
  admin = await openAdminCaller(server.proxyAddress);
  ways = await openWays(server);
  const folder = copyExample(sources, 'helloworld');
  const run = async (namespace: string): Promise<void> => {
    const { code, stderr } = await server.micro(['run', '--wait', folder], { env: { MICRO_NAMESPACE: namespace } });
    assert.is(code, 0, stderr);
  };
  await Promise.all([
    ...namespaces.map(run),
    ...[
      ['micro', 'user', ['dev']] as const,
      ['micro', 'service', ['service']] as const,
      ['foo', 'user', ['dev']] as const,
      ['foo', 'user', ['admin', 'ops']] as const,
      ['foo', 'service', ['service']] as const,
      ['bar', 'user', ['dev', 'ops']] as const,
    ].map(([issuer, type, scopes]) => makeCaller(issuer, type, scopes)),
  ]);
  callers.set('admin', { account: accountOf('micro', 'user', ['admin']), token: admin.token });
});

test.after(async () => {
  await ways?.close();
  await admin?.close();
  await server?.stop();
  rmSync(sources, { recursive: true, force: true });
});

const accountOf = (issuer: string, type: string, scopes: readonly string[]): Account => {
  const id = [type, ...scopes].join('-');
  return { id, name: id, type, issuer, scopes, metadata: {} };
};

const makeCaller = async (issuer: string, type: string, scopes: readonly string[]): Promise<void> => {
  const account = accountOf(issuer, type, scopes);
  const options = { namespace: issuer };
  await admin.call('auth', 'Auth.Generate', { ...account, secret: 'a secret', options });
  const login = { id: account.id, secret: 'a secret', token_expiry: 3_600, options };
  const { token } = (await admin.call('auth', 'Auth.Token', login)) as { token: { access_token: string } };
  callers.set(`${account.id} of ${issuer}`, { account, token: token.access_token });
};

const idsOfRules = async (namespace: string): Promise<readonly string[]> => {
  const { rules } = (await admin.call('auth', 'Rules.List', { options: { namespace } })) as { rules: { id: string }[] };
  return rules.map((r) => r.id);
};

/** Leaves exactly these rules. The default one may go when others are there. */
const setRules = async (namespace: string, rules: readonly Rule[]): Promise<void> => {
  const options = { namespace };
  const old = await idsOfRules(namespace);
  for (const rule of rules) {
    const access = rule.access.toUpperCase();
    await admin.call('auth', 'Rules.Create', { rule: { ...rule, access, priority: String(rule.priority) }, options });
  }
  for (const id of [...old, 'default'])
    if ((await idsOfRules(namespace)).includes(id)) await admin.call('auth', 'Rules.Delete', { id, options });
};

/** What the namespace header makes of a call to helloworld, which runs in `micro` and in `foo` and is open to all there. */
const headers: readonly {
  readonly who: string;
  readonly header: string | null;
  /** Code and reason, at the gateways and at the listener of foo's service. */
  readonly gateways: string;
  readonly direct: string;
}[] = [
  { who: 'nobody', header: null, gateways: '200', direct: '200' },
  { who: 'nobody', header: 'foo', gateways: '200', direct: '200' },
  { who: 'nobody', header: 'bar', gateways: 'missing', direct: '200' },
  { who: 'user-dev of foo', header: null, gateways: '200', direct: '200' },
  { who: 'user-dev of foo', header: 'foo', gateways: '200', direct: '200' },
  { who: 'user-dev of foo', header: 'micro', gateways: '200', direct: '200' },
  { who: 'user-dev of foo', header: 'bar', gateways: '403 wrong_namespace', direct: '403 wrong_namespace' },
  { who: 'user-dev-ops of bar', header: null, gateways: 'missing', direct: '403 wrong_namespace' },
  { who: 'user-dev-ops of bar', header: 'bar', gateways: 'missing', direct: '403 wrong_namespace' },
  { who: 'user-dev-ops of bar', header: 'micro', gateways: '200', direct: '403 wrong_namespace' },
  { who: 'user-dev-ops of bar', header: 'foo', gateways: '403 wrong_namespace', direct: '403 wrong_namespace' },
  { who: 'user-dev of micro', header: 'foo', gateways: '403 wrong_namespace', direct: '403 wrong_namespace' },
  { who: 'admin', header: 'foo', gateways: '200', direct: '200' },
  { who: 'admin', header: 'bar', gateways: 'missing', direct: '200' },
  { who: 'service-service of micro', header: 'foo', gateways: '200', direct: '200' },
  { who: 'service-service of foo', header: 'bar', gateways: '403 wrong_namespace', direct: '403 wrong_namespace' },
  { who: 'admin', header: '*', gateways: '400', direct: '400' },
  { who: 'nobody', header: 'two words', gateways: '400', direct: '400' },
  { who: 'nobody', header: 'x'.repeat(1_000), gateways: '400', direct: '400' },
];

for (const { who, header, gateways, direct } of headers)
  test(`${who} with ${header === null ? 'no namespace' : `namespace ${header.slice(0, 20)}`} in the header`, async () => {
    const address = await ways.addressOf('helloworld', 'foo');
    const ask: Ask = {
      service: 'helloworld',
      endpoint: 'Helloworld.Call',
      token: callers.get(who)!.token,
      namespace: header,
      address,
    };
    const outcome = ({ code, reason, detail }: Answer): string =>
      /service not found|route not found/.test(detail) ? 'missing' : `${code} ${reason}`.trim();
    const [proxy, api, own] = await Promise.all(wayNames.map((way) => ways[way](ask)));
    assert.equal(
      [proxy, api, own].map((answer) => outcome(answer!)),
      [gateways, gateways, direct],
    );
  });

/** Whether the call got past the rules; what the handler says to it is no matter. */
const passed = ({ detail }: Answer): boolean => !/^(Unauthorized|Forbidden) call made to /.test(detail);

interface Question {
  readonly ask: Ask;
  readonly way: WayName;
  readonly want: boolean;
  readonly told: string;
}

const services = ['helloworld', 'store', 'grpc', 'auth', 'proxy'];
const endpoints: Readonly<Record<string, readonly string[]>> = {
  helloworld: ['Helloworld.Call', 'Helloworld.Stream'],
  store: ['Store.Read'],
  grpc: ['Health.Check'],
  auth: ['Auth.Token', 'Rules.List'],
  proxy: ['Debug.Health'],
};

/** Every caller at every endpoint that there is in the namespace, by every way. */
const questions = (namespace: Namespace, rules: readonly Rule[]): readonly Question[] =>
  services
    .filter((service) => namespace === 'micro' || service === 'helloworld')
    .flatMap((service) => endpoints[service]!.map((endpoint) => ({ service, endpoint })))
    .flatMap(({ service, endpoint }) =>
      [...callers].flatMap(([name, { account, token }]) => {
        const resource = { type: 'service', name: service, endpoint };
        const about: Case = { rules, account, resource, namespace };
        const want = verdictOf(about).allowed;
        const told = `${name} to ${service} ${endpoint} of ${namespace}`;
        return wayNames.map((way) => ({
          ask: { service, endpoint, token, namespace },
          way,
          // A service's own Debug answers everybody.
          want: (way === 'direct' && endpoint.startsWith('Debug.')) || want,
          told: `${told}, ${way} (rule ${verdictByRules(about).rule ?? '-'})`,
        }));
      }),
    );

const wrongAnswers = async (all: readonly Question[]): Promise<readonly string[]> => {
  const judged = await Promise.all(
    all.map(async ({ ask, way, want, told }) => {
      const answer = await ways[way](ask);
      return passed(answer) === want ? [] : [`${told}: ${answer.code} ${answer.detail}`];
    }),
  );
  return judged.flat();
};

/** Services in other processes hear of new rules a moment later, and have the last word; everything else goes by them at once. */
const isLater = ({ way, ask, want }: Question): boolean => ask.service === 'helloworld' && (way === 'direct' || want);

for (const [i, rules] of ruleSets.entries())
  test(`set ${i + 1} of ${rounds} (${rules.length} rules)`, async () => {
    const own = (rules.length === 0 ? [anyRule] : rules).map((rule) => ({ ...rule, id: `${i}-${rule.id}` }));
    await Promise.all(namespaces.map((namespace) => setRules(namespace, own)));
    const all = namespaces.flatMap((namespace) => questions(namespace, own));
    assert.equal(await wrongAnswers(all.filter((q) => !isLater(q))), []);
    let last: readonly string[] = [];
    await poll(
      'the services follow',
      async () => {
        last = await wrongAnswers(all.filter(isLater));
        return last.length === 0;
      },
      followMs,
    ).catch(() => assert.equal(last, []));
  });

/** An empty list would be the default rule again. */
const anyRule: Rule = {
  id: 'only',
  scope: '*',
  resource: { type: 'service', name: 'other', endpoint: '*' },
  access: 'granted',
  priority: 0,
};

test.run();
