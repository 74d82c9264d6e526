/** One order from account to certificate (RFC 8555 section 7), proved by tls-alpn-01 (RFC 8737). Every object of the authority is checked before it is used; nothing is retried here. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, Order } from 'acme-client';

import { acmePollMsMax, acmePollMsMin } from '../../contract/limits.ts';
import { backoff } from '../../time/backoff.ts';
import type { AcmeSettings } from './acme-settings.ts';
import { withAuthority } from './authority.ts';
import { CaError, isRecord, problemOf } from './ca-error.ts';
import type { Challenges } from './challenges.ts';
import { type CheckedPair, checkPair } from './check-pair.ts';
import type { AcmeAccount } from './stored.ts';

export interface OrderOptions {
  readonly settings: AcmeSettings;
  readonly account: AcmeAccount;
  /** The authority has told the account's URL. */
  readonly keepAccount: (account: AcmeAccount) => Promise<void>;
  readonly challenges: Challenges;
  readonly signal: AbortSignal;
  readonly now: () => number;
}

type Library = typeof import('acme-client');

/** Rejects with CaError, or with the signal's reason. */
export const orderCertificate = (o: OrderOptions): Promise<CheckedPair> => {
  const { directoryCa } = o.settings;
  return withAuthority({ directoryCa, signal: o.signal, now: o.now }, async (acme) => {
    try {
      return await converse(acme, o);
    } catch (error) {
      o.signal.throwIfAborted();
      if (error instanceof CaError) throw error;
      // The library's own words for an object that is not as it should be.
      const words = error instanceof Error ? error.message : String(error);
      throw new CaError(`the authority's answer makes no sense: ${words}`, { fault: 'answer', cause: error });
    }
  });
};

const converse = async (acme: Library, o: OrderOptions): Promise<CheckedPair> => {
  const { hosts } = o.settings;
  const { client, order } = await openOrder(acme, o);
  const names = new Set<string>();
  try {
    await prove(acme, { client, order, names }, o);
    const key = String(await acme.crypto.createPrivateEcdsaKey());
    const ready = await settled(client, order, o, 'ready');
    const [, csr] = await acme.crypto.createCsr({ altNames: [...hosts] }, key);
    const valid = await settled(client, await client.finalizeOrder(ready, csr), o, 'valid');
    const cert: unknown = await client.getCertificate(valid);
    if (typeof cert !== 'string') throw new CaError('the authority sends no certificate', { fault: 'answer' });
    return checked({ key, cert }, o);
  } finally {
    for (const name of names) o.challenges.remove(name);
  }
};

const checked = (pair: { readonly key: string; readonly cert: string }, o: OrderOptions): CheckedPair => {
  const refused = 'the authority sends a certificate that cannot be used';
  let made: CheckedPair;
  try {
    made = checkPair(pair, o.settings.hosts);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CaError(`${refused}: ${why}`, { fault: 'answer', cause });
  }
  if (made.notAfter <= o.now())
    throw new CaError(`${refused}: it ended at ${new Date(made.notAfter).toISOString()}`, { fault: 'clock' });
  return made;
};

interface Opened {
  readonly client: Client;
  readonly order: Order;
}

/** An account that the authority has forgotten (test authorities do) is made anew with the same key. */
const openOrder = async (acme: Library, o: OrderOptions): Promise<Opened> => {
  const { url } = o.account;
  if (url === undefined) return openWith(acme, undefined, o);
  try {
    return await openWith(acme, url, o);
  } catch (error) {
    if (error instanceof CaError && error.type === 'accountDoesNotExist') return openWith(acme, undefined, o);
    throw error;
  }
};

const openWith = async (acme: Library, accountUrl: string | undefined, o: OrderOptions): Promise<Opened> => {
  const { directory, email, hosts } = o.settings;
  const client = new acme.Client({
    directoryUrl: directory,
    accountKey: o.account.key,
    ...(accountUrl !== undefined && { accountUrl }),
  });
  if (accountUrl === undefined) {
    await client.createAccount({ termsOfServiceAgreed: true, ...(email && { contact: [`mailto:${email}`] }) });
    const url: unknown = client.getAccountUrl();
    if (typeof url !== 'string') throw new CaError('the authority tells no account', { fault: 'answer' });
    await o.keepAccount({ key: o.account.key, url });
  }
  const order = checkedOrder(await client.createOrder({ identifiers: hosts.map((value) => ({ type: 'dns', value })) }));
  const { length } = order.authorizations;
  if (length > hosts.length)
    throw new CaError(`the authority wants ${length} proofs for ${hosts.length} names`, { fault: 'answer' });
  return { client, order };
};

const checkedOrder = (order: unknown): Order => {
  const fits =
    isRecord(order) &&
    typeof order.status === 'string' &&
    typeof order.url === 'string' &&
    typeof order.finalize === 'string' &&
    Array.isArray(order.authorizations) &&
    order.authorizations.every((url) => typeof url === 'string');
  if (!fits) throw new CaError('the authority sends no order', { fault: 'answer' });
  return order as unknown as Order;
};

interface Proof extends Opened {
  /** Names whose challenge is being answered. */
  readonly names: Set<string>;
}

const prove = async (acme: Library, { client, order, names }: Proof, o: OrderOptions): Promise<void> => {
  const open: { readonly url: string; readonly token: string }[] = [];
  for (const authorization of await client.getAuthorizations(order)) {
    const asked = challengeOf(authorization, o.settings.hosts);
    if (asked === undefined) continue;
    const challenge = { type: 'tls-alpn-01', token: asked.token, url: asked.url, status: 'pending' } as const;
    // The library's types know two of the three challenges that it answers.
    const proof = await client.getChallengeKeyAuthorization(challenge as never);
    const key = await acme.crypto.createPrivateEcdsaKey();
    const [, cert] = await acme.crypto.createAlpnCertificate(authorization, proof, key);
    o.challenges.put(asked.host, { key: String(key), cert: String(cert) });
    names.add(asked.host);
    open.push(challenge);
  }
  // Only now: one listener answers for all of them.
  for (const challenge of open) await client.completeChallenge(challenge as never);
};

interface Asked {
  readonly host: string;
  readonly url: string;
  readonly token: string;
}

/** What is to be answered; undefined for a name that counts as proved. */
const challengeOf = (authorization: unknown, hosts: readonly string[]): Asked | undefined => {
  const found = isRecord(authorization) ? authorization : {};
  const { value: host } = isRecord(found.identifier) ? found.identifier : {};
  if (typeof host !== 'string' || !hosts.includes(host))
    throw new CaError('the authority wants a proof for a name that was not ordered', { fault: 'answer' });
  if (found.status === 'valid') return undefined;
  const offered = Array.isArray(found.challenges) ? found.challenges.filter(isRecord) : [];
  const challenge = offered.find(({ type }) => type === 'tls-alpn-01');
  if (challenge === undefined) {
    const types = offered.map(({ type }) => String(type)).join(', ') || 'nothing';
    throw new CaError(`the authority offers ${types} to prove ${host}, and not tls-alpn-01`, { fault: 'answer', host });
  }
  const { url, token } = challenge;
  if (typeof url !== 'string' || typeof token !== 'string' || !/^[\w-]+$/.test(token))
    throw new CaError(`the authority sends no challenge for ${host}`, { fault: 'answer', host });
  return { host, url, token };
};

/** Looks until the order has that state. Bounded by the signal. */
const settled = async (client: Client, from: Order, o: OrderOptions, wanted: 'ready' | 'valid'): Promise<Order> => {
  const pauses = backoff({ minMs: acmePollMsMin, maxMs: acmePollMsMax });
  let order = checkedOrder(from);
  for (;;) {
    const { status } = order;
    if (status === wanted) return order;
    if (status === 'invalid') throw await refusalOf(client, order);
    if (!passing.has(status))
      throw new CaError(`the authority calls the order ${status} before it can be`, { fault: 'answer' });
    await sleep(pauses.next(), undefined, { signal: o.signal, ref: false });
    order = checkedOrder(await client.getOrder(order));
  }
};

/** States of an order that others follow. */
const passing: ReadonlySet<string> = new Set<Order['status']>(['pending', 'ready', 'processing']);

/** Why an order came to nothing: as a rule it stands in the challenge of one of its names. */
const refusalOf = async (client: Client, order: Order): Promise<CaError> => {
  for (const authorization of await client.getAuthorizations(order)) {
    const host = String(authorization.identifier?.value);
    for (const challenge of Array.isArray(authorization.challenges) ? authorization.challenges : []) {
      if (!isRecord(challenge) || !isRecord(challenge.error)) continue;
      const { type, detail } = problemOf(challenge.error);
      return new CaError(`the authority could not prove ${host}: ${type}: ${detail}`, { fault: 'proof', type, host });
    }
  }
  const { type, detail } = problemOf((order as { readonly error?: unknown }).error);
  return new CaError(`the authority ended the order: ${type}: ${detail}`, { fault: 'problem', type });
};
