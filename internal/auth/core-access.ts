/** What a caller must be for each endpoint of each core service (wire.md 8.3), as data. Rules come before it, and say more. Handlers go by it through admit.ts. */

export interface Access {
  /**
   * `none`: everybody. `account`: whoever has a valid one. `any`: a user or service of the namespace. `admin`: an admin or service of the
   * namespace. `platform`: an admin or service of `micro`; those are also admitted wherever `any` or `admin` is asked.
   */
  readonly need: 'none' | 'account' | 'any' | 'admin' | 'platform';
  /** Where the (first) request names the namespace: fields by their proto names, joined with dots. Left out: nowhere. */
  readonly field?: string;
  /** The namespace when the request names none. Default `micro`; `call`: that of the call; `account`: the caller's own. */
  readonly otherwise?: 'micro' | 'call' | 'account';
  /** The id of a denial, where it is not `service.Type.Method`. */
  readonly id?: string;
  /** What a caller without an account is told, where it is not `an account is required`. */
  readonly anonymous?: string;
}

type Endpoints = Readonly<Record<string, Access>>;

const everybody: Access = { need: 'none' };
const anyOfOptions = { need: 'any', field: 'options.namespace' } as const;
const adminOfOptions = { need: 'admin', field: 'options.namespace' } as const;
const anyOfDomain = { need: 'any', field: 'options.domain' } as const;
const adminOfDomain = { need: 'admin', field: 'options.domain' } as const;
const adminOfDatabase = { need: 'admin', field: 'options.database' } as const;
const adminOfBlobs = { ...adminOfOptions, otherwise: 'call' } as const;

export const coreAccess = {
  auth: {
    'Auth.Token': everybody,
    'Auth.Inspect': everybody,
    'Auth.Generate': { ...adminOfOptions, otherwise: 'call' },
    'Accounts.List': adminOfOptions,
    'Accounts.Delete': { ...adminOfOptions, anonymous: 'Unauthorized' },
    'Accounts.ChangeSecret': anyOfOptions,
    'Rules.Create': adminOfOptions,
    'Rules.Delete': adminOfOptions,
    'Rules.List': anyOfOptions,
    'Keys.List': { need: 'platform' },
    'Keys.Rotate': { need: 'platform' },
    'Changes.Watch': { need: 'account' },
  },
  registry: {
    'Registry.GetService': anyOfDomain,
    'Registry.ListServices': anyOfDomain,
    'Registry.Watch': anyOfDomain,
    'Registry.Register': adminOfDomain,
    'Registry.Deregister': adminOfDomain,
  },
  store: {
    'Store.Read': adminOfDatabase,
    'Store.Write': adminOfDatabase,
    'Store.Delete': adminOfDatabase,
    'Store.List': adminOfDatabase,
    'Store.Databases': { need: 'platform' },
    'Store.Tables': { need: 'admin', field: 'database' },
    'BlobStore.Read': { ...adminOfBlobs, id: 'store.Blob.Read' },
    'BlobStore.Write': { ...adminOfBlobs, id: 'store.Blob.Write' },
    'BlobStore.Delete': { ...adminOfBlobs, id: 'store.Blob.Delete' },
    'BlobStore.List': { ...adminOfBlobs, id: 'store.Blob.List' },
  },
  runtime: {
    'Runtime.Read': anyOfOptions,
    'Runtime.Create': adminOfOptions,
    'Runtime.Update': adminOfOptions,
    'Runtime.Delete': adminOfOptions,
    'Runtime.Logs': adminOfOptions,
    // v3 takes anybody's archive and puts it into the account's namespace; a stored source is code that will run.
    'Source.Upload': {
      need: 'admin',
      field: 'service.metadata.namespace',
      otherwise: 'account',
      anonymous: 'An account is required to upload source',
    },
    'Build.Read': { need: 'account', anonymous: 'An account is required to read builds' },
  },
  grpc: {
    'Health.Check': everybody,
    'Health.Watch': everybody,
    'ServerReflection.ServerReflectionInfo': everybody,
  },
  // Gateways: they have no endpoints of their own.
  proxy: {},
  api: {},
} as const satisfies Readonly<Record<string, Endpoints>>;

export type CoreService = keyof typeof coreAccess;

/** What a core endpoint needs; undefined for what is no endpoint of a core service. Debug is part of every service. */
export const accessTo = (service: string, endpoint: string): Access | undefined => {
  if (!Object.hasOwn(coreAccess, service)) return undefined;
  if (endpoint.startsWith('Debug.')) return everybody;
  const endpoints: Endpoints = coreAccess[service as CoreService];
  return Object.hasOwn(endpoints, endpoint) ? endpoints[endpoint] : undefined;
};
