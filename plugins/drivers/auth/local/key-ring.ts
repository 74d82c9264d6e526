/**
 * The key that signs tokens and the public halves of those before it, whose tokens live on. Owns their files: `id_rsa` and `id_rsa.pub` as
 * v3 keeps them, and `former_keys`. Signs nothing.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import {
  type KeyPair,
  makeKeys,
  parsePrivateKey,
  parsePublicKey,
  type VerifyKey,
} from '../../../../internal/auth/keys.ts';
import { writeSecret } from '../../../../internal/auth/write-secret.ts';
import type { SigningKey } from '../../../../internal/contract/auth.ts';
import { microError } from '../../../../internal/contract/error.ts';
import { formerKeysMax, tokenExpirySecondsMax } from '../../../../internal/contract/limits.ts';

export interface KeyRing {
  /** The key that signs. */
  readonly present: KeyPair;
  /** The present key, then the former ones whose tokens still count, newest first. */
  keys(): readonly VerifyKey[];
  /** The same as administrators see it. */
  list(): readonly SigningKey[];
  /** A new key signs from now on; the former ones stay until their last token has ended, or leave at once. Calls must not overlap. */
  rotate(o: { readonly endOldTokens: boolean }): Promise<void>;
}

export interface KeyRingOptions {
  readonly folder: string;
  /** A private key that the settings give: it signs instead of the one in the folder, and cannot be replaced here. */
  readonly given?: { readonly text: string; readonly origin: string };
  readonly now: () => number;
  /** Default makeKeys: a test cannot wait for dozens of keys. */
  make?(): Promise<KeyPair>;
  /** Default writeSecret: a test stops between two writes. */
  write?(file: string, text: string): Promise<void>;
}

/** A key that signs no more. */
interface FormerKey {
  readonly key: VerifyKey;
  /** Unix seconds: no token of it can live longer. */
  readonly ends: number;
}

/**
 * What `former_keys` says. `present` is the public half of the key that signed when it was written: when another one signs at the next
 * start, because the setting or id_rsa was replaced, that one's tokens live on as after a rotation.
 */
interface Kept {
  readonly present: VerifyKey | undefined;
  readonly former: readonly FormerKey[];
}

/**
 * Opens the ring, and makes the first key when there is none. A file that cannot be read is an error that names it, and is never replaced:
 * whoever runs the server may have a copy.
 */
export const openKeyRing = async (o: KeyRingOptions): Promise<KeyRing> => {
  const files = {
    private: join(o.folder, 'id_rsa'),
    public: join(o.folder, 'id_rsa.pub'),
    former: join(o.folder, 'former_keys'),
  };
  const { make = makeKeys, write = writeSecret } = o;
  let present = await presentKeys(o, files.private);
  let former: readonly FormerKey[];
  const alive = (): readonly FormerKey[] => former.filter(({ ends }) => ends * 1_000 > o.now());
  const retired = (key: VerifyKey): FormerKey => ({
    key,
    ends: Math.ceil(o.now() / 1_000) + tokenExpirySecondsMax,
  });
  const put = async (kept: Kept): Promise<void> => write(files.former, textOf(kept));

  const kept = readKept(files.former);
  former = kept.former.filter(({ key }) => key.id !== present.id);
  if (kept.present !== undefined && kept.present.id !== present.id)
    former = [retired(kept.present), ...former.filter(({ key }) => key.id !== kept.present?.id)];
  former = alive();
  if (kept.present?.id !== present.id) await put({ present, former });
  // A crash may have come between the two.
  if (o.given === undefined && readIfThere(files.public) !== present.publicText)
    await write(files.public, present.publicText);

  return {
    get present() {
      return present;
    },
    keys: () => [present, ...alive().map(({ key }) => key)],
    list: () => [
      { id: present.id, publicKey: present.publicText, present: true, ends: 0 },
      ...alive().map(({ key, ends }) => ({ id: key.id, publicKey: key.publicText, present: false, ends })),
    ],
    async rotate({ endOldTokens }) {
      if (o.given !== undefined) throw cannotRotate(o.given.origin);
      const left = endOldTokens ? [] : [retired(present), ...alive()];
      if (left.length > formerKeysMax) throw tooManyKeys();
      const next = await make();
      // The old key is among the former ones before it stops signing: a crash at any point leaves every token valid that was to stay so.
      await put({ present: undefined, former: left });
      await write(files.private, next.privateText);
      former = left;
      present = next;
      await write(files.public, next.publicText);
      await put({ present, former });
    },
  };
};

const presentKeys = async (
  { given, make = makeKeys, write = writeSecret }: KeyRingOptions,
  file: string,
): Promise<KeyPair> => {
  if (given !== undefined) return parsePrivateKey(given.text, given.origin);
  const text = readIfThere(file);
  if (text !== undefined) return parsePrivateKey(text, file);
  const made = await make();
  await write(file, made.privateText);
  return made;
};

const cannotRotate = (origin: string): Error =>
  microError(412, 'auth.Keys.Rotate', `the key that signs tokens is given by ${origin}`, {
    hint: `set another one there and restart the server; tokens of the one before stay valid`,
  });

const tooManyKeys = (): Error =>
  microError(
    412,
    'auth.Keys.Rotate',
    `there are as many former keys with living tokens as may be: formerKeysMax (${formerKeysMax})`,
    { hint: 'wait until the oldest one ends, or end all old tokens with the rotation' },
  );

const textOf = ({ present, former }: Kept): string =>
  JSON.stringify({
    ...(present && { present: present.publicText }),
    former: former.map(({ key, ends }) => ({ public: key.publicText, ends })),
  });

const readKept = (file: string): Kept => {
  const text = readIfThere(file);
  if (text === undefined) return { present: undefined, former: [] };
  const damaged = (cause?: unknown): Error =>
    new Error(`${file} is damaged; without it the tokens of former keys end, so remove it only if they may`, { cause });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (e) {
    throw damaged(e);
  }
  if (typeof value !== 'object' || value === null || !('former' in value) || !Array.isArray(value.former))
    throw damaged();
  const present = 'present' in value ? value.present : undefined;
  return {
    present: typeof present === 'string' ? parsePublicKey(present, file) : undefined,
    former: value.former.map((item: unknown) => formerOf(item, file) ?? raise(damaged())),
  };
};

const formerOf = (item: unknown, file: string): FormerKey | undefined => {
  if (typeof item !== 'object' || item === null || !('public' in item) || !('ends' in item)) return undefined;
  const { public: text, ends } = item;
  if (typeof text !== 'string' || typeof ends !== 'number') return undefined;
  return { key: parsePublicKey(text, file), ends };
};

const raise = (error: Error): never => {
  throw error;
};

const readIfThere = (file: string): string | undefined => {
  try {
    return readFileSync(file, 'utf8');
  } catch (e) {
    if (e instanceof Error && 'code' in e && e.code === 'ENOENT') return undefined;
    throw e;
  }
};
