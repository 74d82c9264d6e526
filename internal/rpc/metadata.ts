/** Request metadata both ways (wire.md 2.3): which headers are reserved, how values are joined, how deadlines are written. Knows no sockets. */

/** Keys that the transport owns; handlers never see them and callers cannot set them. */
const reservedKeys: ReadonlySet<string> = new Set([
  'content-type',
  'user-agent',
  'te',
  'timeout',
  'x-content-type',
  'host',
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'content-length',
  'accept-encoding',
]);

/** Whether a key belongs to the transport: pseudo headers, `grpc-*` and the list above. */
export const isReservedKey = (key: string): boolean =>
  key.startsWith(':') || key.startsWith('grpc-') || reservedKeys.has(key);

export type HeaderValues = Readonly<Record<string, readonly (string | Buffer)[]>>;

const asText = (value: string | Buffer): string => (typeof value === 'string' ? value : value.toString('base64'));

/** What a handler sees: lower-case keys, repeated values joined with `, `, binary values as base64, reserved keys left out. */
export const readMetadata = (headers: HeaderValues): Readonly<Record<string, string>> => {
  const metadata: Record<string, string> = Object.create(null);
  for (const [key, values] of Object.entries(headers))
    if (!isReservedKey(key) || key === 'host') metadata[key] = values.map(asText).join(', ');
  return metadata;
};

/** The same from fields as they stand on the wire, where `-bin` values are base64 with or without padding. */
export const metadataOfFields = (
  fields: readonly { readonly name: string; readonly value: string }[],
): Readonly<Record<string, string>> => {
  const metadata: Record<string, string> = Object.create(null);
  for (const field of fields) {
    const { name } = field;
    if (isReservedKey(name) && name !== 'host') continue;
    const value = name.endsWith('-bin') ? paddedBase64(field.value) : field.value;
    const before = metadata[name];
    metadata[name] = before === undefined ? value : `${before}, ${value}`;
  }
  return metadata;
};

const paddedBase64 = (value: string): string =>
  value
    .split(',')
    .map((part) => Buffer.from(part, 'base64').toString('base64'))
    .join(', ');

/** The value of one header, reserved or not; undefined when it is missing or empty. */
export const headerOf = (headers: HeaderValues, key: string): string | undefined => {
  const values = headers[key];
  return values === undefined || values.length === 0 ? undefined : values.map(asText).join(', ');
};

const timerMsMax = 2 ** 31 - 1;
const nanosPerMs = 1_000_000n;

/** Milliseconds of a `timeout` header (decimal nanoseconds); undefined when it cannot be read, as v3 ignores it then. */
export const parseTimeoutHeader = (text: string | undefined): number | undefined => {
  if (text === undefined || !/^\d{1,19}$/.test(text)) return undefined;
  return Math.min(Number(BigInt(text) / nanosPerMs), timerMsMax);
};

/** The `timeout` header of a limit in milliseconds. */
export const formatTimeoutHeader = (ms: number): string => String(BigInt(Math.max(0, Math.round(ms))) * nanosPerMs);

/** Keys and values that HTTP/2 can carry as they are. */
export const isHeaderKey = (key: string): boolean => /^[0-9a-z_.-]+$/.test(key);
export const isHeaderValue = (value: string): boolean => /^[ -~]*$/.test(value);
