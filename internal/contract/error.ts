/** MicroError: the one error type on the wire and off it, its constructors, and the table code <-> gRPC <-> HTTP (wire.md 2.4). */

import { type DenialReason, isDenialReason } from './denial.ts';

export interface MicroErrorJson {
  readonly id: string;
  readonly code: number;
  readonly detail: string;
  readonly status: string;
}

/** What a denial or failure adds to v3's four keys. Go clients ignore keys they do not know. */
export interface Hint {
  /** For programs: why a call was denied. */
  readonly reason?: DenialReason;
  /** For people: the reason and the way out, shown as the second line. */
  readonly hint?: string;
  /** Unix seconds of the server's clock, where a denial depends on it. */
  readonly server_time?: number;
}

const reasonPhrases: Readonly<Record<number, string>> = {
  200: 'OK',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  409: 'Conflict',
  412: 'Precondition Failed',
  413: 'Request Entity Too Large',
  415: 'Unsupported Media Type',
  429: 'Too Many Requests',
  499: 'Client Closed Request',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  507: 'Insufficient Storage',
};

/** HTTP reason phrase of a code, as Go's net/http words it; empty for an unknown code. */
export const statusText = (code: number): string => reasonPhrases[code] ?? '';

const grpcByCode: Readonly<Record<number, number>> = {
  200: 0,
  400: 3,
  401: 16,
  403: 7,
  404: 5,
  408: 4,
  409: 6,
  412: 9,
  429: 8,
  499: 1,
  500: 13,
  501: 12,
  502: 14,
  503: 14,
  504: 4,
  507: 8,
};
const codeByGrpc: Readonly<Record<number, number>> = {
  0: 200,
  1: 499,
  2: 500,
  3: 400,
  4: 408,
  5: 404,
  6: 409,
  7: 403,
  8: 429,
  9: 412,
  10: 409,
  11: 400,
  12: 501,
  13: 500,
  14: 503,
  15: 500,
  16: 401,
};

/** gRPC status number of a micro code; 2 (Unknown) for a code outside the table. */
export const grpcStatus = (code: number): number => grpcByCode[code] ?? 2;
/** Micro code of a gRPC status number; 500 for one outside the table. */
export const codeOfGrpc = (status: number): number => codeByGrpc[status] ?? 500;

export class MicroError extends Error implements MicroErrorJson, Hint {
  override readonly name = 'MicroError';
  readonly id: string;
  readonly code: number;
  readonly detail: string;
  readonly status: string;
  readonly reason?: DenialReason;
  readonly hint?: string;
  readonly server_time?: number;
  constructor(json: MicroErrorJson & Hint, options?: { cause?: unknown }) {
    super(json.detail, options);
    this.id = json.id;
    this.code = json.code;
    this.detail = json.detail;
    this.status = json.status;
    if (json.reason !== undefined) this.reason = json.reason;
    if (json.hint !== undefined) this.hint = json.hint;
    if (json.server_time !== undefined) this.server_time = json.server_time;
  }
  toJSON(): MicroErrorJson & Hint {
    return errorFields(this);
  }
}

/** The error as JSON has it: the four keys in v3's order, then what there is of `reason`, `hint` and `server_time`. */
export const errorFields = ({
  id,
  code,
  detail,
  status,
  reason,
  hint,
  server_time,
}: MicroErrorJson & Hint): MicroErrorJson & Hint => ({
  id,
  code,
  detail,
  status,
  ...(reason !== undefined && { reason }),
  ...(hint !== undefined && { hint }),
  ...(server_time !== undefined && { server_time }),
});

/** Tests by shape, not by class: a plugin may carry its own copy of this file. */
export const isMicroError = (e: unknown): e is MicroErrorJson & Hint & Error =>
  typeof e === 'object' && e !== null && 'code' in e && 'detail' in e && 'id' in e && typeof e.code === 'number';

export interface ErrorOptions extends Hint {
  readonly cause?: unknown;
}

/** Any code; prefer the named constructors below. `id` is where it arose, e.g. `registry.Registry.GetService`. */
export const microError = (code: number, id: string, detail: string, o: ErrorOptions = {}): MicroError =>
  new MicroError(
    { id, code, detail, status: statusText(code), reason: o.reason, hint: o.hint, server_time: o.server_time },
    { cause: o.cause },
  );

type Make = (id: string, detail: string, o?: ErrorOptions) => MicroError;
const maker =
  (code: number): Make =>
  (id, detail, o) =>
    microError(code, id, detail, o);

export const badRequest = maker(400);
export const unauthorized = maker(401);
export const forbidden = maker(403);
export const notFound = maker(404);
export const timeout = maker(408);
export const conflict = maker(409);
export const tooMany = maker(429);
export const canceled = maker(499);
export const internal = maker(500);
export const notImplemented = maker(501);
export const unavailable = maker(503);
export const outOfSpace = maker(507);

/** What the system says when a disk, a quota or a file's limit is full. */
const fullDisk: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** Anything thrown becomes a MicroError: micro errors as they are, aborts as canceled or timeout, a full disk as out of space, the rest as internal with `id`. */
export const toMicroError = (e: unknown, id: string): MicroErrorJson & Hint & Error => {
  if (isMicroError(e)) return e;
  if (e instanceof Error && e.name === 'TimeoutError') return timeout(id, 'context deadline exceeded', { cause: e });
  if (e instanceof Error && e.name === 'AbortError') return canceled(id, 'context canceled', { cause: e });
  if (e instanceof Error && 'code' in e && fullDisk.has(e.code))
    return outOfSpace(id, `no space left: ${e.message}`, { cause: e, hint: 'free some disk space on the server' });
  return internal(id, e instanceof Error ? e.message : String(e), { cause: e });
};

/** Reads the JSON form (as carried in grpc-message); undefined when the text is something else. */
export const parseMicroError = (text: string): MicroError | undefined => {
  if (!text.startsWith('{')) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { id, code, detail, status, reason, hint, server_time } = value as Record<string, unknown>;
  if (typeof code !== 'number' || code <= 0 || !Number.isInteger(code)) return undefined;
  return new MicroError({
    id: typeof id === 'string' ? id : '',
    code,
    detail: typeof detail === 'string' ? detail : '',
    status: typeof status === 'string' ? status : statusText(code),
    reason: isDenialReason(reason) ? reason : undefined,
    hint: typeof hint === 'string' ? hint : undefined,
    server_time: typeof server_time === 'number' ? server_time : undefined,
  });
};

/** Ends the command line with this exit code; the message goes to stderr, empty for none (cli.md 0.3). */
export class ExitError extends Error {
  override readonly name = 'ExitError';
  readonly exitCode: number;
  readonly hint?: string;
  constructor(message: string, exitCode: number, o: ErrorOptions = {}) {
    super(message, { cause: o.cause });
    this.exitCode = exitCode;
    if (o.hint !== undefined) this.hint = o.hint;
  }
}
