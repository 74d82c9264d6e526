/** What becomes of every call to a core service, as data: who calls, which endpoint, with what harmless request, and what the answer is. Calls nothing. */

/** Those who call. Two namespaces: `micro`, and `foo` as any other. */
export const callerNames = [
  'nobody',
  'garbage',
  'expired admin',
  'customer',
  'user',
  'admin',
  'service',
  'foo user',
  'foo admin',
  'foo service',
] as const;
export type CallerName = (typeof callerNames)[number];

/** What an endpoint needs, and for which namespace it is asked. */
export type Asked = 'none' | 'account' | 'platform' | 'any of micro' | 'any of foo' | 'admin of micro' | 'admin of foo';

export type Denied = 'no_token' | 'invalid_token' | 'expired_token' | 'wrong_type' | 'wrong_namespace' | 'not_admin';
export type Outcome = 'ok' | Denied;

/** As v3 counts them (wire.md 8.2). */
export const codeOf: Readonly<Record<Denied, number>> = {
  no_token: 401,
  invalid_token: 401,
  expired_token: 401,
  wrong_type: 403,
  wrong_namespace: 403,
  not_admin: 401,
};

const everywhere = (outcome: Outcome): Readonly<Record<Asked, Outcome>> => ({
  none: 'ok',
  account: outcome,
  platform: outcome,
  'any of micro': outcome,
  'any of foo': outcome,
  'admin of micro': outcome,
  'admin of foo': outcome,
});

const fooAdmin: Readonly<Record<Asked, Outcome>> = {
  none: 'ok',
  account: 'ok',
  platform: 'wrong_namespace',
  'any of micro': 'wrong_namespace',
  'any of foo': 'ok',
  'admin of micro': 'wrong_namespace',
  'admin of foo': 'ok',
};

export const outcomes: Readonly<Record<CallerName, Readonly<Record<Asked, Outcome>>>> = {
  nobody: everywhere('no_token'),
  garbage: everywhere('invalid_token'),
  'expired admin': everywhere('expired_token'),
  customer: { ...everywhere('wrong_type'), account: 'ok' },
  user: {
    none: 'ok',
    account: 'ok',
    platform: 'not_admin',
    'any of micro': 'ok',
    'any of foo': 'wrong_namespace',
    'admin of micro': 'not_admin',
    'admin of foo': 'wrong_namespace',
  },
  admin: everywhere('ok'),
  service: everywhere('ok'),
  'foo user': { ...fooAdmin, 'admin of foo': 'not_admin' },
  'foo admin': fooAdmin,
  'foo service': fooAdmin,
};

export interface Endpoint {
  readonly service: string;
  readonly endpoint: string;
  readonly needs: 'none' | 'account' | 'any' | 'admin' | 'platform';
  /** About a namespace; nothing that it asks for is there or can be made. */
  readonly request: (namespace: string) => object;
  /** The code of an answer to those who may call: 200, or what is wrong with the request. */
  readonly gives: number;
  /** Its machine-readable word, for an answer that has one. */
  readonly reason?: string;
  /** Its gRPC path, where it is not made of service and endpoint. */
  readonly path?: string;
  /** Why it cannot be called over HTTP. */
  readonly notOverHttp?: string;
}

const options = (namespace: string) => ({ options: { namespace } });
const domain = (namespace: string) => ({ options: { domain: namespace } });
const database = (namespace: string) => ({ options: { database: namespace, table: 'matrix' } });
const rule = { id: 'matrix', access: 'GRANTED', scope: '*', resource: { type: 'matrix', name: 'x', endpoint: 'x' } };
const nosuch = 'nosuch';

const auth: readonly Omit<Endpoint, 'service'>[] = [
  { endpoint: 'Auth.Token', needs: 'none', request: () => ({}), gives: 400 },
  { endpoint: 'Auth.Inspect', needs: 'none', request: () => ({ token: 'a.b.c' }), gives: 400, reason: 'invalid_token' },
  { endpoint: 'Auth.Generate', needs: 'admin', request: (n) => ({ id: 'admin', ...options(n) }), gives: 400 },
  { endpoint: 'Accounts.List', needs: 'admin', request: options, gives: 200 },
  { endpoint: 'Accounts.Delete', needs: 'admin', request: (n) => ({ id: nosuch, ...options(n) }), gives: 400 },
  {
    endpoint: 'Accounts.ChangeSecret',
    needs: 'any',
    request: (n) => ({ id: nosuch, old_secret: 'x', new_secret: 'y', ...options(n) }),
    gives: 400,
  },
  { endpoint: 'Rules.Create', needs: 'admin', request: (n) => ({ rule, ...options(n) }), gives: 400 },
  { endpoint: 'Rules.Delete', needs: 'admin', request: (n) => ({ id: nosuch, ...options(n) }), gives: 400 },
  { endpoint: 'Rules.List', needs: 'any', request: options, gives: 200 },
  { endpoint: 'Changes.Watch', needs: 'account', request: () => ({}), gives: 200 },
  { endpoint: 'Keys.List', needs: 'platform', request: () => ({}), gives: 200 },
  // It does make new keys; the tokens of everybody else here must live through that.
  { endpoint: 'Keys.Rotate', needs: 'platform', request: () => ({}), gives: 200 },
];

const registry: readonly Omit<Endpoint, 'service'>[] = [
  { endpoint: 'Registry.GetService', needs: 'any', request: (n) => ({ service: nosuch, ...domain(n) }), gives: 404 },
  { endpoint: 'Registry.ListServices', needs: 'any', request: domain, gives: 200 },
  { endpoint: 'Registry.Watch', needs: 'any', request: (n) => ({ service: 'beacon', ...domain(n) }), gives: 200 },
  { endpoint: 'Registry.Register', needs: 'admin', request: domain, gives: 400 },
  { endpoint: 'Registry.Deregister', needs: 'admin', request: domain, gives: 400 },
];

const store: readonly Omit<Endpoint, 'service'>[] = [
  { endpoint: 'Store.Read', needs: 'admin', request: (n) => ({ key: nosuch, ...database(n) }), gives: 404 },
  { endpoint: 'Store.Write', needs: 'admin', request: database, gives: 400 },
  { endpoint: 'Store.Delete', needs: 'admin', request: (n) => ({ key: nosuch, ...database(n) }), gives: 200 },
  { endpoint: 'Store.List', needs: 'admin', request: database, gives: 200 },
  { endpoint: 'Store.Databases', needs: 'platform', request: () => ({}), gives: 200 },
  { endpoint: 'Store.Tables', needs: 'admin', request: (n) => ({ database: n }), gives: 200 },
  { endpoint: 'BlobStore.Read', needs: 'admin', request: (n) => ({ key: nosuch, ...options(n) }), gives: 404 },
  { endpoint: 'BlobStore.Write', needs: 'admin', request: options, gives: 400 },
  { endpoint: 'BlobStore.Delete', needs: 'admin', request: (n) => ({ key: nosuch, ...options(n) }), gives: 200 },
  { endpoint: 'BlobStore.List', needs: 'admin', request: options, gives: 200 },
];

const runtime: readonly Omit<Endpoint, 'service'>[] = [
  { endpoint: 'Runtime.Read', needs: 'any', request: options, gives: 200 },
  { endpoint: 'Runtime.Create', needs: 'admin', request: options, gives: 400 },
  { endpoint: 'Runtime.Update', needs: 'admin', request: options, gives: 400 },
  { endpoint: 'Runtime.Delete', needs: 'admin', request: options, gives: 400 },
  { endpoint: 'Runtime.Logs', needs: 'admin', request: (n) => ({ service: nosuch, ...options(n) }), gives: 500 },
  {
    endpoint: 'Source.Upload',
    needs: 'admin',
    request: (n) => ({ service: { name: '', metadata: { namespace: n } } }),
    gives: 400,
  },
  { endpoint: 'Build.Read', needs: 'account', request: () => ({ name: nosuch, version: 'x' }), gives: 404 },
];

const standard: readonly Omit<Endpoint, 'service'>[] = [
  { endpoint: 'Health.Check', needs: 'none', request: () => ({}), gives: 200 },
  {
    endpoint: 'Health.Watch',
    needs: 'none',
    request: () => ({}),
    gives: 200,
    notOverHttp: 'the API learns from the registry what streams, and health is not registered',
  },
  {
    endpoint: 'ServerReflection.ServerReflectionInfo',
    needs: 'none',
    request: () => ({ list_services: '' }),
    gives: 200,
  },
];

const debug = ['Debug.Log', 'Debug.Health', 'Debug.Stats', 'Debug.Trace'];
const debugOf = (service: string): readonly Endpoint[] =>
  debug.map((endpoint) => ({ service, endpoint, needs: 'none', request: () => ({}), gives: 200 }));

const named = (service: string, rows: readonly Omit<Endpoint, 'service'>[]): readonly Endpoint[] => [
  ...rows.map((row) => ({ service, ...row })),
  ...debugOf(service),
];

/** Everything that the core services of a server answer. */
export const endpoints: readonly Endpoint[] = [
  ...named('auth', auth),
  ...named('registry', registry),
  ...named('store', store),
  ...named('runtime', runtime),
  ...named('grpc', standard),
  ...named('proxy', []),
  ...named('api', []),
];

/** The same under the names that standard clients use; each listener answers them. */
export const standardEndpoints: readonly Endpoint[] = ['auth', 'store', 'grpc', 'proxy'].flatMap((service) =>
  standard.flatMap((row) => {
    const [type = '', method = ''] = row.endpoint.split('.');
    const packages = type === 'Health' ? ['grpc.health.v1'] : ['grpc.reflection.v1', 'grpc.reflection.v1alpha'];
    return packages.map((name) => ({
      ...row,
      service,
      path: `/${name}.${type}/${method}`,
      notOverHttp: 'HTTP paths name services, not proto packages',
    }));
  }),
);

/** What it is called about: both namespaces where it makes a difference. */
export const asks = ({ needs }: Endpoint): readonly { readonly namespace: string; readonly asked: Asked }[] =>
  needs === 'any' || needs === 'admin'
    ? [
        { namespace: 'micro', asked: `${needs} of micro` },
        { namespace: 'foo', asked: `${needs} of foo` },
      ]
    : [{ namespace: 'micro', asked: needs }];
