/** The answer of a server in lines for people and as JSON for programs. Pure. */

import { cliError } from '../../../internal/cli/cli-error.ts';
import { clockSkewShownMs } from '../../../internal/contract/limits.ts';
import { isLoopback } from '../../../internal/home/target.ts';
import { formatDuration } from '../../../internal/time/duration.ts';
import type { Answer, Certificate, Failure, Login } from './ask-server.ts';

/** What stands below the table: only what is known. */
export const answerLines = (answer: Answer, nowMs: number): readonly string[] => {
  const { version, login, certificate, clockAheadMs, failure } = answer;
  const rows: (readonly [string, string | undefined])[] = [
    ['version', failure === undefined ? (version ?? 'not told: an older server') : undefined],
    ['login', login === undefined ? undefined : loginText(login)],
    ['tls', tlsText(answer)],
    ['certificate', certificate === undefined ? undefined : `${certificate.subject}, ${lifeText(certificate, nowMs)}`],
    ['key', certificate?.fingerprint],
    ['clock', clockAheadMs === undefined ? undefined : clockText(clockAheadMs)],
  ];
  return rows.flatMap(([title, text]) => (text === undefined ? [] : [`${`${title}:`.padEnd(titleWidth)}${text}`]));
};

const titleWidth = 14;

const loginText = (login: Login): string => {
  if ('problem' in login) return login.problem;
  const { id, name, type, issuer, scopes } = login.account;
  const alias = name === '' || name === id ? '' : ` (${name})`;
  const scoped = scopes.length === 0 ? '' : `, scopes ${scopes.join(', ')}`;
  return `${id}${alias}, ${type} of namespace ${issuer}${scoped}`;
};

const tlsText = ({ place, certificate }: Answer): string | undefined => {
  if (!place.tls) return isLoopback(place.address) ? undefined : 'none: tokens and passwords go there in plain text';
  if (certificate === undefined) return undefined;
  const { trust } = place;
  const shown = trust?.cert === undefined ? '' : `, with the client certificate ${trust.cert}`;
  return `${certificate.protocol}, ${trustText(place, certificate)}${shown}`;
};

const trustText = ({ trust }: Answer['place'], { issuer }: Certificate): string => {
  if (trust?.insecure === true) return 'any certificate is accepted';
  if (trust?.fingerprint !== undefined) return 'its key is pinned';
  return trust?.ca === undefined
    ? `signed by ${issuer}, which this machine knows`
    : `signed by ${issuer}, of ${trust.ca}`;
};

const dayMs = 86_400_000;

const lifeText = ({ untilMs }: Certificate, nowMs: number): string => {
  const date = new Date(untilMs).toISOString().slice(0, 10);
  const days = Math.floor((untilMs - nowMs) / dayMs);
  if (untilMs <= nowMs) return `ended ${date}`;
  return `until ${date} (${days === 0 ? 'less than a day' : days === 1 ? '1 day' : `${days} days`})`;
};

const clockText = (aheadMs: number): string | undefined => {
  if (Math.abs(aheadMs) < clockSkewShownMs) return undefined;
  const seconds = formatDuration(Math.round(Math.abs(aheadMs) / 1_000) * 1_000);
  return `that of the server is ${seconds} ${aheadMs > 0 ? 'ahead of' : 'behind'} the one here`;
};

/** Why it failed and the way out. Other commands do not say what kept a connection from standing; here that is the question. */
export const failureText = ({ error, fault, hint }: Failure): readonly string[] => {
  const { message, hint: general } = cliError(error);
  const reason = /desc = "(?:transport: )?(?:Error while dialing )?(.*)"$/.exec(error.detail)?.[1];
  const first = fault === undefined && reason !== undefined ? `no answer: ${reason}` : message;
  return [first, hint ?? general].filter((line) => line !== undefined && line !== '') as string[];
};

export const answerJson = (answer: Answer): unknown => {
  const { place, latencyMs, failure, version, certificate, clockAheadMs, login } = answer;
  return {
    name: place.environment,
    address: place.address,
    tls: place.tls,
    ok: failure === undefined,
    latency_ms: latencyMs,
    error: failure?.error.detail ?? '',
    ...(failure?.fault === undefined ? {} : { reason: failure.fault.kind }),
    ...(failure?.hint === undefined ? {} : { hint: failure.hint }),
    ...(version === undefined ? {} : { version }),
    ...(clockAheadMs === undefined ? {} : { clock_ahead_ms: clockAheadMs }),
    ...(place.trust === undefined ? {} : { trust: place.trust }),
    ...(certificate === undefined ? {} : { certificate: certificateJson(certificate) }),
    ...(login === undefined ? {} : { login: loginJson(login) }),
  };
};

const certificateJson = (c: Certificate): unknown => ({
  protocol: c.protocol,
  subject: c.subject,
  issuer: c.issuer,
  names: c.names,
  from: new Date(c.fromMs).toISOString(),
  until: new Date(c.untilMs).toISOString(),
  fingerprint: c.fingerprint,
});

const loginJson = (login: Login): unknown => {
  if ('problem' in login) return { ok: false, problem: login.problem };
  const { id, name, type, issuer, scopes } = login.account;
  return { ok: true, id, name, type, namespace: issuer, scopes };
};
