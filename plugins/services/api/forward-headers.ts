/** Request headers as the metadata a service sees (wire.md 6.5), and what of them the gateway itself goes by. Pure. */

import type { IncomingMessage } from 'node:http';

import { vouchedHeader } from '../../../internal/auth/vouched-caller.ts';
import { badRequest } from '../../../internal/contract/error.ts';

/** Headers of one connection, of the body's encoding, or that the call carries in another way. */
const dropped: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authorization',
  'proxy-authenticate',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  'content-length',
  'expect',
  'timeout',
  'x-content-type',
  'authorization',
  'micro-namespace',
  'traceparent',
  'tracestate',
  vouchedHeader,
]);

/** Lower-case names; repeated values joined with commas; `host`, `method` and `url` of the request added. */
export const forwardedMetadata = (request: IncomingMessage): Readonly<Record<string, string>> => {
  const hop = new Set((request.headers.connection ?? '').toLowerCase().split(/\s*,\s*/));
  const metadata: Record<string, string> = Object.create(null);
  for (const [name, values] of Object.entries(request.headersDistinct)) {
    if (dropped.has(name) || hop.has(name) || name.startsWith('grpc-') || name.endsWith('-bin')) continue;
    const value = (values ?? []).join(',');
    if (/^[0-9a-z_.-]+$/.test(name) && /^[ -~]*$/.test(value)) metadata[name] = value;
  }
  metadata.host = request.headers.host ?? '';
  metadata.method = request.method ?? '';
  metadata.url = request.url ?? '';
  return metadata;
};

/** A header that decides something must not say two things. */
export const singleHeader = (request: IncomingMessage, name: string): string | undefined => {
  const values = request.headersDistinct[name] ?? [];
  if (values.length > 1) throw badRequest('go.micro.api', `header ${name} was sent ${values.length} times`);
  return values[0];
};

/** The Authorization header, else the cookie `micro-token` as one. */
export const authorizationOf = (request: IncomingMessage): string | undefined => {
  const header = singleHeader(request, 'authorization');
  if (header !== undefined && header !== '') return header;
  for (const cookie of (request.headers.cookie ?? '').split(/;\s*/)) {
    const at = cookie.indexOf('=');
    if (at < 0 || cookie.slice(0, at).trim() !== 'micro-token') continue;
    const token = cookie.slice(at + 1).replace(/^micro-token=/, '');
    return token === '' ? undefined : `Bearer ${token}`;
  }
  return undefined;
};
