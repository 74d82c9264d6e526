/** The feed of changes for one watcher: what it may see, a beat while nothing happens, and an end when it falls behind. Owns a bounded queue. */

import { isAdmin, isPlatformAdmin } from '../../../internal/auth/authorize.ts';
import type { AuthChange } from '../../../internal/contract/auth-change.ts';
import type { Account, Auth } from '../../../internal/contract/auth.ts';
import { notImplemented, tooMany, unavailable } from '../../../internal/contract/error.ts';
import { changesBeatMs, changesQueueMax } from '../../../internal/contract/limits.ts';
import type { Input } from '../../../internal/schema/api.ts';
import type * as authProto from '../../../proto/gen/auth.gen.ts';

type Change = Input<authProto.Change>;

const id = 'auth.Changes.Watch';
const alive: Change = { kind: 'ALIVE' };

export interface WatchOptions {
  readonly auth: Pick<Auth, 'changes'>;
  readonly watcher: Account;
  readonly signal: AbortSignal;
  /** Milliseconds between two beats; default changesBeatMs. */
  readonly beatMs?: number;
}

/** Ends with the signal. Throws where the watcher must begin anew, because it cannot be told everything. */
export async function* watchChanges(o: WatchOptions): AsyncGenerator<Change, void, undefined> {
  const { auth, watcher, signal, beatMs = changesBeatMs } = o;
  const queue: Change[] = [];
  let fault: Error | undefined;
  let wake = (): void => undefined;
  const end = auth.changes?.((change) => {
    const seen = seenBy(watcher, change);
    if (change.kind === 'missed') fault = unavailable(id, 'changes were missed: watch again');
    else if (seen === undefined) return;
    else if (queue.length >= changesQueueMax) fault = fellBehind();
    else queue.push(seen);
    wake();
  });
  if (end === undefined) throw notImplemented(id, 'this auth driver tells nobody of changes');
  const leave = (): void => wake();
  signal.addEventListener('abort', leave, { once: true });
  try {
    yield alive;
    while (!signal.aborted) {
      if (fault !== undefined) throw fault;
      const next = queue.shift();
      if (next !== undefined) yield next;
      else if (!(await woken((waker) => (wake = waker), beatMs))) yield alive;
    }
  } finally {
    signal.removeEventListener('abort', leave);
    end();
  }
}

/** False when nobody woke it in time. */
const woken = (register: (wake: () => void) => void, ms: number): Promise<boolean> =>
  new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), ms).unref();
    register(() => {
      clearTimeout(timer);
      resolve(true);
    });
  });

const fellBehind = (): Error => tooMany(id, `watcher is more than ${changesQueueMax} changes behind (changesQueueMax)`);

const kinds = { ended_account: 'ENDED_ACCOUNT', changed_secret: 'CHANGED_SECRET' } as const;

/**
 * Rules of its own namespace, or of all for admins of `micro`. Ended tokens always: any account may call any service. Whose they were is
 * said to those who may list the accounts; to others a generation says nothing, unless they have seen such a token.
 */
const seenBy = (watcher: Account, change: AuthChange): Change | undefined => {
  switch (change.kind) {
    case 'missed':
      return undefined;
    case 'rules': {
      const { namespace } = change;
      return isPlatformAdmin(watcher) || watcher.issuer === namespace
        ? { kind: 'CHANGED_RULES', namespace }
        : undefined;
    }
    case 'tokens': {
      const { generation, reason, account } = change;
      const named = account !== undefined && mayList(watcher, account.namespace) ? account : {};
      return { kind: kinds[reason], generation, ...named };
    }
    default:
      return change satisfies never;
  }
};

const mayList = (watcher: Account, namespace: string): boolean =>
  isPlatformAdmin(watcher) || (isAdmin(watcher) && watcher.issuer === namespace);
