/** A call that grpc-js delivers, as a CallTransport. Thin: grpc-js frames, compresses and keeps the deadline itself. */

import { Metadata } from '@grpc/grpc-js';

import { canceled, timeout } from '../contract/error.ts';
import type { CallEvents, CallTransport } from '../contract/call-transport.ts';
import type { RawCall } from './catch-all.ts';
import { type HeaderValues, headerOf, readMetadata } from './metadata.ts';
import { serverErrorId } from './status.ts';

const noop = (): void => undefined;

export const grpcJsCall = (raw: RawCall): CallTransport => {
  const headers = raw.metadata.toJSON() as HeaderValues;
  raw.on('error', noop);
  let told: CallEvents | undefined;
  let asked = false;
  let ended = false;
  let over = false;
  const answer = (bytes: Buffer | undefined): void => {
    asked = false;
    told?.message(bytes);
  };
  return {
    remote: raw.getPeer(),
    // grpc-js keeps it to itself.
    contentType: undefined,
    header: (name) => headerOf(headers, name),
    metadata: () => readMetadata(headers),
    msLeft: () => {
      const deadline = Number(raw.getDeadline());
      return Number.isFinite(deadline) ? Math.max(0, deadline - Date.now()) : undefined;
    },
    open: (events) => {
      told = events;
      raw.pause();
      raw.on('cancelled', () => {
        // It says so of every call, answered ones too, and an error is dear to make.
        if (over) return;
        if (Number(raw.getDeadline()) <= Date.now()) events.left(timeout(serverErrorId, 'context deadline exceeded'));
        else events.left(canceled(serverErrorId, 'context canceled'));
      });
      raw.on('drain', () => events.writable());
      // The end may come with the last message, before anybody asks for what follows it, and it comes once.
      raw.on('end', () => {
        ended = true;
        if (asked) answer(undefined);
      });
      raw.on('data', (bytes: Buffer) => {
        raw.pause();
        answer(bytes);
      });
    },
    pull: () => {
      asked = true;
      if (ended) answer(undefined);
      else raw.resume();
    },
    send: (message) => raw.write(message),
    end: () => {
      over = true;
      raw.end();
    },
    fail: ({ code, message, details }) => {
      over = true;
      if (raw.cancelled || raw.destroyed || raw.writableEnded) return;
      const metadata = new Metadata();
      if (details !== undefined) metadata.set('grpc-status-details-bin', details);
      raw.emit('error', Object.assign(new Error(message), { code, details: message, metadata }));
    },
  };
};
