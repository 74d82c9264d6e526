/** Ends the open calls of accounts that end, at every listener alike. Looks at calls only when something has changed; owns no call. */

import type { AuthChange, EndedTokens } from '../contract/auth-change.ts';
import type { CallerAuth } from '../contract/auth.ts';
import type { Problem } from '../contract/denial.ts';
import { isMicroError, type MicroError, unauthorized } from '../contract/error.ts';
import { judgedAtOnce } from '../contract/limits.ts';
import type { Logger } from '../contract/logger.ts';
import type { OpenCall } from '../contract/open-call.ts';
import { tokenOf } from './bearer.ts';
import { generationOf } from './generation.ts';
import { invalidTokenDetail } from './token-shape.ts';

export interface CutOptions {
  readonly auth: Pick<CallerAuth, 'inspect' | 'changes'>;
  /** The calls that are open now, also those whose caller is still being asked for. */
  open(): Iterable<OpenCall>;
  readonly log: Logger;
}

/** Begins at once; returns what ends it. */
export const cutEndedCalls = (o: CutOptions): (() => void) => {
  const stopped = new AbortController();
  const judge = judgeAgain(o, stopped.signal);
  let generations: ReadonlyMap<string, string | undefined> = new Map();
  const listener = (change: AuthChange): void => {
    switch (change.kind) {
      case 'tokens':
        generations = generationsOf(o.open(), generations);
        cut(o.open(), (token) => (generations.get(token) === change.generation ? problemOf(change) : undefined));
        break;
      case 'missed':
        judge();
        break;
      case 'rules':
        // They are asked when a call begins, as v3 does.
        break;
      default:
        change satisfies never;
    }
  };
  const end = o.auth.changes?.(listener);
  return () => {
    stopped.abort();
    end?.();
  };
};

/** Those of all tokens in use. They are read anew for new tokens only: many accounts may end one after the other. */
const generationsOf = (
  calls: Iterable<OpenCall>,
  before: ReadonlyMap<string, string | undefined>,
): ReadonlyMap<string, string | undefined> => {
  const generations = new Map<string, string | undefined>();
  for (const { authorization } of calls) {
    const token = tokenOf(authorization);
    if (token !== undefined && !generations.has(token))
      generations.set(token, before.has(token) ? before.get(token) : generationOf(token));
  }
  return generations;
};

const cut = (calls: Iterable<OpenCall>, problemWith: (token: string) => Problem | undefined): void => {
  for (const call of calls) {
    if (mayBeTheCause(call)) continue;
    const token = tokenOf(call.authorization);
    const problem = token === undefined ? undefined : problemWith(token);
    if (problem !== undefined) call.abort(endedCall(call, problem));
  }
};

const ownEnds: ReadonlySet<string> = new Set(['Accounts.ChangeSecret', 'Accounts.Delete', 'Keys.Rotate']);

/**
 * The call that ends its own account's tokens has its answer to give, and is over at once. One that has not yet said what it wants is not that
 * call: it may have been opened by who was to be shut out.
 */
const mayBeTheCause = ({ service, endpoint, isAnswering }: OpenCall): boolean =>
  service === 'auth' && ownEnds.has(endpoint) && isAnswering !== false;

/** As a call with that token would be refused from now on. */
const endedCall = ({ service, endpoint }: OpenCall, problem: Problem): MicroError =>
  unauthorized(service, `Unauthorized call made to ${service}:${endpoint}`, problem);

const problemOf = ({ reason, account }: EndedTokens): Problem => {
  const whose = account === undefined ? 'its account' : `account ${account.id} of namespace ${account.namespace}`;
  switch (reason) {
    case 'ended_account':
      return { reason, hint: `${whose} was deleted while the call was open: log in with another one` };
    case 'changed_secret':
      return { reason, hint: `the secret of ${whose} was changed while the call was open: log in again` };
  }
};

/** Asks about every token in use, because what ended some of them may not have been told. One round at a time; another one follows when it is wanted meanwhile. */
const judgeAgain = (o: CutOptions, signal: AbortSignal): (() => void) => {
  let running = false;
  let again = false;
  const rounds = async (): Promise<void> => {
    running = true;
    do {
      again = false;
      await judgeAll(o, signal);
    } while (again && !signal.aborted);
    running = false;
  };
  return () => {
    again = true;
    if (!running) void rounds();
  };
};

/** Never throws: who cannot be asked for now is asked for when the feed is back, which tells that it has missed something. */
const judgeAll = async (o: CutOptions, signal: AbortSignal): Promise<void> => {
  const tokens = new Set<string>();
  for (const call of o.open()) {
    const token = call.isAnonymous ? undefined : tokenOf(call.authorization);
    if (token !== undefined) tokens.add(token);
  }
  const left = tokens.values();
  const judgeSome = async (): Promise<void> => {
    for (const token of left) {
      if (signal.aborted) return;
      const problem = await faultOf(token, o, signal);
      if (problem !== undefined) cut(notAnonymous(o.open()), (used) => (used === token ? problem : undefined));
    }
  };
  await Promise.all(Array.from({ length: judgedAtOnce }, judgeSome));
};

function* notAnonymous(calls: Iterable<OpenCall>): Generator<OpenCall> {
  for (const call of calls) if (!call.isAnonymous) yield call;
}

/** Why the account behind a token stands no more. That the token has expired since the call began does not end the call. */
const faultOf = async (token: string, { auth, log }: CutOptions, signal: AbortSignal): Promise<Problem | undefined> => {
  try {
    await auth.inspect(token, { pastExpiry: true, signal });
    return undefined;
  } catch (e) {
    if (isMicroError(e) && e.detail === invalidTokenDetail && e.reason !== undefined && e.reason !== 'expired_token')
      return { reason: e.reason, hint: e.hint ?? e.detail };
    if (!signal.aborted)
      log.debug('an open call cannot be judged', { error: e instanceof Error ? e.message : String(e) });
    return undefined;
  }
};
