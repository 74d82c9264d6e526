/** gRPC paths of micro: `/<service>.<Type>/<Method>` to names and back (wire.md 2.1). A path is taken as it is or refused, never repaired. */

export interface RpcPath {
  /** The first segment without its last dotted part; empty for `/Type/Method`. */
  readonly service: string;
  readonly type: string;
  readonly method: string;
  /** `Type.Method`. */
  readonly endpoint: string;
}

const pathPattern = /^\/([A-Za-z0-9_.-]+)\/([A-Za-z0-9_]+)$/;

/** The names in a path; undefined for anything that is not exactly two plain segments with a type. */
export const parsePath = (path: string): RpcPath | undefined => {
  const match = pathPattern.exec(path);
  if (match === null) return undefined;
  const first = match[1] as string;
  const method = match[2] as string;
  const dot = first.lastIndexOf('.');
  const type = first.slice(dot + 1);
  if (type === '') return undefined;
  return { service: dot < 0 ? '' : first.slice(0, dot), type, method, endpoint: `${type}.${method}` };
};

/** The path a Go client builds. An endpoint that is not `Type.Method` goes out as it stands, for the peer to refuse. */
export const buildPath = (service: string, endpoint: string): string => {
  if (endpoint === '' || endpoint.startsWith('/')) return endpoint;
  const parts = endpoint.split('.');
  if (parts.length !== 2) return endpoint;
  return service === '' ? `/${parts[0]}/${parts[1]}` : `/${service}.${parts[0]}/${parts[1]}`;
};

const named: Readonly<Record<string, string>> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '"': '\\"',
  '\\': '\\\\',
};

const escapeChar = (char: string): string => {
  const name = named[char];
  if (name !== undefined) return name;
  const code = char.codePointAt(0) as number;
  if (code < 0x80) return `\\x${code.toString(16).padStart(2, '0')}`;
  return code > 0xffff ? `\\U${code.toString(16).padStart(8, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
};

/** A text in double quotes as Go's %q writes it. */
export const goQuote = (text: string): string =>
  `"${text.toWellFormed().replace(/["\\]|[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu, escapeChar)}"`;

/** The words both the server and the proxy use for a path they refuse. */
export const malformedPath = (path: string): string => `malformed method name: ${goQuote(path)}`;
