/** One HTTPS request to a certificate authority: bounded in bytes and time, no redirects, no plain text, refusals as CaError. Knows nothing of ACME's objects. */

import { type Agent, request as httpsRequest } from 'node:https';

import { acmeAnswerBytesMax, acmeRequestMs } from '../../contract/limits.ts';
import { CaError, problemOf, retryAfterMs } from './ca-error.ts';

/** How one order reaches its authority. */
export interface AuthorityConnection {
  /** Holds the trusted certificates; who made it destroys it. */
  readonly agent: Agent;
  readonly signal: AbortSignal;
  readonly now: () => number;
  /** Time for one answer; default acmeRequestMs. */
  readonly requestMs?: number;
}

export interface Question {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** Any answer below 400, and badNonce, which the caller repeats with a new one. Anything else rejects with CaError, or with the signal's reason. */
export const askAuthority = async (question: Question, o: AuthorityConnection): Promise<Answer> => {
  const url = URL.parse(question.url);
  if (url?.protocol !== 'https:')
    throw new CaError(`the authority points to ${JSON.stringify(question.url)}, which is no https URL`, {
      fault: 'answer',
    });
  const answer = await bounded({ ...question, url }, o);
  const { status } = answer;
  if (status >= 300 && status < 400)
    throw new CaError(`${url.host} answers ${status}, a redirect, which ACME has none of`, { fault: 'answer' });
  if (status < 400) return answer;
  const problem = problemOf(jsonOf(answer.text));
  if (status === 400 && problem.type === 'badNonce') return answer;
  const words = problem.type === '' ? `HTTP ${status}` : `${problem.type}: ${problem.detail}`;
  throw new CaError(`${url.host} refuses: ${words}`, {
    fault: 'problem',
    type: problem.type === '' && status === 429 ? 'rateLimited' : status >= 500 ? 'serverInternal' : problem.type,
    retryAfterMs: retryAfterMs(answer.headers['retry-after'], o.now()),
  });
};

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    // A page of a gateway in between, as a rule; the status says enough.
    return undefined;
  }
};

type Sent = Omit<Question, 'url'> & { readonly url: URL };

const bounded = (question: Sent, o: AuthorityConnection): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const requestMs = o.requestMs ?? acmeRequestMs;
    const limit = AbortSignal.timeout(requestMs);
    const fail = (error: unknown): void => {
      if (o.signal.aborted) reject(o.signal.reason);
      else if (limit.aborted) reject(tooSlow(question.url, requestMs));
      else reject(faultOf(error, question.url));
    };
    const request = httpsRequest(
      question.url,
      {
        method: question.method,
        headers: { ...question.headers, 'accept-encoding': 'identity' },
        agent: o.agent,
        signal: AbortSignal.any([o.signal, limit]),
      },
      (response) => {
        const parts: Buffer[] = [];
        let bytes = 0;
        response.on('data', (part: Buffer) => {
          bytes += part.length;
          if (bytes <= acmeAnswerBytesMax) parts.push(part);
          else request.destroy(tooLong(question.url));
        });
        response.on('error', fail);
        response.on('end', () => {
          const headers: Record<string, string> = Object.create(null);
          for (const [name, value] of Object.entries(response.headers))
            if (typeof value === 'string') headers[name] = value;
          resolve({ status: response.statusCode ?? 0, headers, text: Buffer.concat(parts).toString('utf8') });
        });
      },
    );
    request.on('error', fail);
    request.end(question.body);
  });

const tooLong = (url: URL): CaError =>
  new CaError(`an answer of ${url.host} is longer than acmeAnswerBytesMax, ${acmeAnswerBytesMax}`, { fault: 'answer' });

const tooSlow = (url: URL, ms: number): CaError =>
  new CaError(`${url.host} gives no answer within ${ms / 1_000} s`, { fault: 'unreachable' });

const faultOf = (error: unknown, url: URL): CaError => {
  if (error instanceof CaError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const words = error instanceof Error ? error.message : String(error);
  if (certificateFault.test(code))
    return new CaError(`the certificate of ${url.host} is not trusted: ${words}`, {
      fault: /^CERT_(HAS_EXPIRED|NOT_YET_VALID)$/.test(code) ? 'clock' : 'untrusted',
      cause: error,
    });
  if (code.startsWith('HPE_'))
    return new CaError(`${url.host} answers no HTTP: ${words}`, { fault: 'answer', cause: error });
  return new CaError(`${url.host} cannot be reached: ${words}`, { fault: 'unreachable', cause: error });
};

const certificateFault = /^(CERT_|ERR_TLS_CERT|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH)/;
