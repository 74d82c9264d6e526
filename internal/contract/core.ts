/** Names that both sides of the wire agree on. */

/** The default namespace, where all core services live. */
export const defaultNamespace = 'micro';
/** Version of core services and of local sources. */
export const defaultVersion = 'latest';
/** Words that dynamic commands look up in namespace `micro` only (cli.md 3.1). */
export const coreServiceNames: readonly string[] = [
  'network',
  'runtime',
  'registry',
  'config',
  'store',
  'broker',
  'router',
  'auth',
  'proxy',
  'api',
  'events',
  'grpc',
];
