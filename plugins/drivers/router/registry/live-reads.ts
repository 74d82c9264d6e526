/** Single services read from the registry beside the watch. Owns the reads in flight; keeps no answers. */

import type { Service } from '../../../../internal/contract/registry.ts';

export interface LiveReads {
  /** Asks for a service and hands the answer over; callers that ask the same at once share one answer. */
  read(domain: string, name: string): Promise<void>;
  /** Says that a change of this service was taken in: an answer that is on its way may be older. */
  outdate(domain: string, name: string): void;
}

export interface LiveReadOptions {
  get(domain: string, name: string): Promise<readonly Service[]>;
  /** Takes in an answer that nothing newer is known of. */
  take(services: readonly Service[]): void;
}

interface Reading {
  outdated: boolean;
  answer: Promise<void>;
}

/** Reads of one service while changes of it come in; then the changes alone have to do. */
const attempts = 3;

export const createLiveReads = ({ get, take }: LiveReadOptions): LiveReads => {
  const readings = new Map<string, Reading>();

  const run = async (reading: Reading, domain: string, name: string): Promise<void> => {
    for (let attempt = 1; attempt <= attempts; attempt += 1) {
      reading.outdated = false;
      const services = await get(domain, name);
      if (!reading.outdated) return take(services);
    }
  };

  return {
    read: (domain, name) => {
      const key = keyOf(domain, name);
      const known = readings.get(key);
      if (known !== undefined) return known.answer;
      const reading: Reading = { outdated: false, answer: Promise.resolve() };
      readings.set(key, reading);
      reading.answer = run(reading, domain, name).finally(() => readings.delete(key));
      return reading.answer;
    },
    outdate: (domain, name) => {
      const reading = readings.size === 0 ? undefined : readings.get(keyOf(domain, name));
      if (reading !== undefined) reading.outdated = true;
    },
  };
};

const keyOf = (domain: string, name: string): string => JSON.stringify([domain, name]);
