/** One GET for a release: bounded in bytes, redirects and silence, never from https to http. Writes nothing to disk by itself. */

import { ExitError } from '../contract/error.ts';
import { releaseIdleMs, releaseRedirectsMax } from '../contract/limits.ts';

export interface Download {
  readonly url: string;
  /** More than this ends it; `bound` is the limit's name. */
  readonly bytesMax: number;
  readonly bound: string;
  readonly signal: AbortSignal;
  /** Milliseconds without a byte; for tests. */
  readonly idleMs?: number;
  /** Gets the bytes in order, and is waited for. What it throws ends the download and is thrown on. */
  write(chunk: Uint8Array): Promise<void> | void;
}

/** The base address of the releases. http to another machine only where the user wrote http. Throws ExitError for no address at all. */
export const releaseUrl = (text: string): string => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['https:', 'http:'].includes(url.protocol))
    throw new ExitError(`MICRO_INSTALL_URL is no http or https address: ${text}`, 1);
  if (url.username !== '' || url.password !== '')
    throw new ExitError('MICRO_INSTALL_URL must not hold a user name or password', 1);
  if (url.search !== '' || url.hash !== '')
    throw new ExitError(`MICRO_INSTALL_URL is a folder, without ? and #: ${text}`, 1);
  return url.href.replace(/\/+$/, '');
};

/** Resolves when the whole body was written. Throws ExitError that names the address and the reason. */
export const download = async (o: Download): Promise<void> => {
  const silence = silenceAfter(o.idleMs ?? releaseIdleMs);
  const signal = AbortSignal.any([o.signal, silence.signal]);
  const faults: WriteFault = {};
  try {
    const rsp = await follow(o.url, signal);
    await readBody({ rsp, o, silence, faults });
  } catch (e) {
    o.signal.throwIfAborted();
    if (faults.thrown !== undefined) throw faults.thrown;
    const hint = silence.signal.aborted ? `nothing came for ${silence.ms / 1_000} s (releaseIdleMs)` : reasonOf(e);
    throw new ExitError(`cannot download ${o.url}; nothing was changed`, 1, { cause: e, hint });
  } finally {
    silence.end();
  }
};

interface Silence {
  readonly ms: number;
  readonly signal: AbortSignal;
  /** A byte came. */
  heard(): void;
  end(): void;
}

const silenceAfter = (ms: number): Silence => {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(new DOMException('silence', 'TimeoutError')), ms);
  return { ms, signal: controller.signal, heard: () => timer.refresh(), end: () => clearTimeout(timer) };
};

interface WriteFault {
  thrown?: unknown;
}

/** Redirects by hand: each step is checked before anything is sent there. */
const follow = async (start: string, signal: AbortSignal): Promise<Response> => {
  let url = new URL(start);
  for (let step = 0; step <= releaseRedirectsMax; step += 1) {
    const rsp = await fetch(url.href, { redirect: 'manual', signal, headers: { 'accept-encoding': 'identity' } });
    const location = rsp.status >= 300 && rsp.status < 400 ? rsp.headers.get('location') : null;
    if (rsp.ok) return rsp;
    await rsp.body?.cancel();
    if (location === null) throw new Error(`the server answered ${rsp.status} ${rsp.statusText}`.trim());
    url = nextHop(url, location);
  }
  throw new Error(`more than ${releaseRedirectsMax} redirects (releaseRedirectsMax)`);
};

/** Where a redirect leads; exported for tests. Throws for what is no web address, and for a step from https down to http. */
export const nextHop = (from: URL, location: string): URL => {
  const to = URL.canParse(location, from.href) ? new URL(location, from.href) : undefined;
  if (to === undefined || !['https:', 'http:'].includes(to.protocol))
    throw new Error(`redirected to what is no http or https address: ${location}`);
  if (from.protocol === 'https:' && to.protocol === 'http:')
    throw new Error(`redirected from https to http, which is refused: ${to.href}`);
  return to;
};

const readBody = async (b: { rsp: Response; o: Download; silence: Silence; faults: WriteFault }): Promise<void> => {
  const { rsp, o, silence, faults } = b;
  const tooMuch = (): Error => new Error(`it is longer than ${o.bytesMax} bytes (${o.bound})`);
  const length = rsp.headers.get('content-length');
  const told = length === null ? undefined : Number(length);
  if (told !== undefined && told > o.bytesMax) {
    await rsp.body?.cancel();
    throw tooMuch();
  }
  let bytes = 0;
  for await (const chunk of rsp.body ?? []) {
    silence.heard();
    bytes += chunk.length;
    if (bytes > o.bytesMax) throw tooMuch();
    try {
      await o.write(chunk);
    } catch (e) {
      faults.thrown = e;
      throw e;
    }
  }
  if (told !== undefined && bytes !== told && !rsp.headers.has('content-encoding'))
    throw new Error(`it ended after ${bytes} of ${told} bytes`);
};

/** fetch says `fetch failed` or `terminated`; the reason is its cause. */
const reasonOf = (e: unknown): string => {
  if (!(e instanceof Error)) return String(e);
  const cause = e.cause;
  if (!(cause instanceof Error)) return e.message;
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
  if (code === 'ECONNREFUSED') return 'connection refused';
  if (code === 'ENOTFOUND') return 'no such host';
  if (code === 'UND_ERR_SOCKET') return 'the connection ended before the file did';
  return cause.message || code || e.message;
};
