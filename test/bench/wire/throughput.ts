/** Calls as fast as they are answered: what h2load reaches on a target, and what that costs a process. */

import { cpuUs } from './cpu-time.ts';
import { connections, median, seconds, streams } from './figures.ts';
import { type Load, runLoad } from './h2load.ts';
import type { Platform } from './platform.ts';

/** Calls of one trial. */
export const trialCalls = 2_000;
/** Before each message of gRPC. */
export const frameHeadBytes = 5;

export type Call = Pick<Load, 'path' | 'message'>;

export interface Target {
  readonly address: string;
  readonly tls?: boolean;
  /** The processes whose use of the processors is looked at; default none. */
  pids?(): readonly number[];
}

export interface Rate {
  readonly callsPerSecond: number;
  /** What one call costs those processes. */
  readonly cpuUs: number;
}

/** Calls on a target for about `seconds`, after some that warm it up and say how many those are. Throws when an answer was not whole: an error has no message. */
export const throughput = async (
  platform: Platform,
  target: Target,
  call: Call,
  answerBytes: number,
): Promise<Rate> => {
  const { address, tls } = target;
  const spent = (): number => (target.pids?.() ?? []).reduce((sum, pid) => sum + cpuUs(pid), 0);
  const load = { ...call, address, tls, token: platform.token, connections, streams };
  const trial = await runLoad({ ...load, calls: trialCalls });
  const calls = Math.max(trialCalls, Math.round(trial.callsPerSecond * seconds));
  const before = spent();
  const { callsPerSecond, dataBytes } = await runLoad({ ...load, calls });
  const cpu = (spent() - before) / calls;
  if (dataBytes !== calls * (answerBytes + frameHeadBytes))
    throw new Error(`${address}${call.path}: ${dataBytes} bytes from ${calls} calls that answer ${answerBytes} each`);
  return { callsPerSecond, cpuUs: cpu };
};

export const perSecond = (rates: readonly Rate[] | undefined): readonly number[] =>
  (rates ?? []).map((r) => r.callsPerSecond);
export const cost = (rates: readonly Rate[] | undefined): string =>
  `${median((rates ?? []).map((r) => r.cpuUs)).toFixed(1)} us of processor time each`;

/** Runs the load and holds the service's own count against it: no call may have failed there. */
export const counted = async <T>(platform: Platform, service: string, work: () => Promise<T>): Promise<T> => {
  const before = await platform.stats(service);
  const result = await work();
  const after = await platform.stats(service);
  const failed = after.errors - before.errors;
  if (failed > 0) throw new Error(`${service} counted ${failed} failed calls of ${after.requests - before.requests}`);
  return result;
};
