/** What every store must do, whatever it keeps records in. `now` of the driver under test is the clock of `testStore`'s subject. */

import fc from 'fast-check';
import * as assert from 'uvu/assert';

import { isMicroError } from '../../internal/contract/error.ts';
import { storeKeyBytesMax, storeMetadataBytesMax, storeValueBytesMax } from '../../internal/contract/limits.ts';
import type { Store } from '../../internal/contract/store.ts';
import { compareKeys } from '../../internal/contract/store-record.ts';
import { runConformance, type Subject } from '../support/conformance.ts';

/** A store and the clock that it was started with. */
export interface StoreUnderTest {
  readonly store: Store;
  /** Moves the driver's clock on. */
  advance(ms: number): void;
  /** Finest step in which times to live are kept; 1 for drivers in this process, 1,000 where the wire carries whole seconds. */
  readonly ttlStepMs: number;
}

const text = (s: string): Uint8Array => new Uint8Array(Buffer.from(s));
const plain = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString();

const fill = async (store: Store, keys: readonly string[]): Promise<void> => {
  await Promise.all(keys.map((key) => store.write({ key, value: text(`value of ${key}`) })));
};

const refused = async (work: Promise<unknown>, code: number, detail: RegExp): Promise<void> => {
  const fault = await work.then(
    () => undefined,
    (e: unknown) => e,
  );
  assert.ok(isMicroError(fault), `expected a micro error, got ${String(fault)}`);
  assert.is(fault.code, code);
  assert.match(fault.detail, detail);
};

type Case = (subject: StoreUnderTest) => Promise<void>;

const records: Readonly<Record<string, Case>> = {
  'gives back what was written': async ({ store }) => {
    await store.write({ key: 'a', value: text('one'), metadata: { kind: 'x', Ünï: '"quoted" \u0000' } });
    const record = await store.read('a');
    assert.is(record?.key, 'a');
    assert.is(plain(record?.value), 'one');
    assert.equal({ ...record?.metadata }, { kind: 'x', Ünï: '"quoted" \u0000' });
    assert.is(record?.ttlMs, undefined);
  },
  'answers undefined for a missing key': async ({ store }) => {
    assert.is(await store.read('missing'), undefined);
    await store.write({ key: 'a', value: text('') });
    assert.is(await store.read('missing'), undefined);
    assert.is(await store.read(''), undefined);
  },
  'replaces value, metadata and time to live': async ({ store }) => {
    await store.write({ key: 'a', value: text('one'), metadata: { x: '1' }, ttlMs: 60_000 });
    await store.write({ key: 'a', value: text('two') });
    const record = await store.read('a');
    assert.is(plain(record?.value), 'two');
    assert.equal({ ...record?.metadata }, {});
    assert.is(record?.ttlMs, undefined);
  },
  'deletes, also what is not there': async ({ store }) => {
    await fill(store, ['a', 'b']);
    await store.delete('a');
    await store.delete('a');
    await store.delete('never', { database: 'unknown', table: 'unknown' });
    assert.equal(await store.list({}), ['b']);
  },
  'keeps the order of writes and deletes that are under way together': async ({ store }) => {
    const all: Promise<void>[] = [];
    for (let i = 0; i < 20; i += 1) all.push(store.write({ key: 'k', value: text(String(i)) }));
    all.push(store.delete('k'), store.write({ key: 'k', value: text('last') }));
    all.push(store.write({ key: 'gone', value: text('x') }), store.delete('gone'));
    await Promise.all(all);
    assert.is(plain((await store.read('k'))?.value), 'last');
    assert.is(await store.read('gone'), undefined);
  },
  'reads what was acknowledged, many at a time': async ({ store }) => {
    const keys = Array.from({ length: 300 }, (_, i) => `key/${i}`);
    await fill(store, keys);
    const found = await Promise.all([...keys, 'missing'].map((key) => store.read(key)));
    assert.equal(
      found.map((r) => r?.key),
      [...keys, undefined],
    );
    assert.is(plain(found[7]?.value), 'value of key/7');
  },
  'keeps nothing of the objects it was handed, and hands out copies': async ({ store }) => {
    const value = text('one');
    const metadata = { x: '1' };
    await store.write({ key: 'a', value, metadata });
    value[0] = 0;
    metadata.x = '2';
    const first = await store.read('a');
    assert.is(plain(first?.value), 'one');
    assert.is(first?.metadata?.x, '1');
    first?.value.fill(0);
    assert.is(plain((await store.read('a'))?.value), 'one');
  },
  'keeps any bytes as value': async ({ store }) => {
    const all = Uint8Array.from({ length: 256 }, (_, i) => i);
    await store.write({ key: 'all', value: all });
    await store.write({ key: 'empty', value: new Uint8Array(0) });
    assert.equal([...((await store.read('all'))?.value ?? [])], [...all]);
    assert.is((await store.read('empty'))?.value.length, 0);
  },
  'keeps large values next to small ones': async ({ store }) => {
    const large = new Uint8Array(3 * 1024 * 1024).fill(7);
    await Promise.all([
      store.write({ key: 'large', value: large }),
      store.write({ key: 'small', value: text('s') }),
      store.write({ key: 'at the edge', value: new Uint8Array(64 * 1024 + 1).fill(9) }),
    ]);
    const [read, ...rest] = await Promise.all([store.read('large'), store.read('small'), store.read('at the edge')]);
    assert.ok(Buffer.from(read?.value ?? []).equals(large));
    assert.equal(
      rest.map((r) => r?.value.length),
      [1, 64 * 1024 + 1],
    );
    const scanned = await store.scan({});
    assert.equal(
      scanned.map((r) => [r.key, r.value.length]),
      [
        ['at the edge', 64 * 1024 + 1],
        ['large', large.length],
        ['small', 1],
      ],
    );
  },
};

const awkwardKeys = [
  'a',
  'A',
  'a ',
  'a%b',
  'a_b',
  'axb',
  'a\\b',
  "a'b",
  'a"b',
  'a*b',
  'a?b',
  'a[b',
  'a\u0000b',
  'a\u0000',
  '\u0000',
  'é',
  'e\u0301',
  '漢字',
  '\ud7ff',
  '\ue000',
  '\uffff',
  '\u{10000}',
  '😀',
  '007',
  '7',
  '__proto__',
  'constructor',
  '/',
  '//',
  'a/b',
  'key with\nnewline',
];

const keys: Readonly<Record<string, Case>> = {
  'keeps awkward keys apart': async ({ store }) => {
    await fill(store, awkwardKeys);
    for (const key of awkwardKeys) assert.is(plain((await store.read(key))?.value), `value of ${key}`, key);
    for (const key of awkwardKeys) await store.delete(key);
    assert.equal(await store.list({}), []);
  },
  'orders keys by their UTF-8 bytes': async ({ store }) => {
    await fill(store, awkwardKeys);
    const want = [...awkwardKeys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    assert.equal(await store.list({}), want);
    assert.equal(
      (await store.scan({})).map((r) => r.key),
      want,
    );
    assert.equal(await store.list({ order: 'desc' }), [...want].reverse());
    assert.equal([...awkwardKeys].sort(compareKeys), want);
  },
  'matches prefix, suffix and both, with no wildcards': async ({ store }) => {
    await fill(store, awkwardKeys);
    for (const [prefix, suffix] of [
      ['a', ''],
      ['a%', ''],
      ['a_', ''],
      ['', 'b'],
      ['', '\u0000b'],
      ['a', 'b'],
      ['a\u0000', 'b'],
      ['', '字'],
      ['漢', '字'],
      ['😀', ''],
      ['a', 'a'],
      ['/', '/'],
      ['nothing', ''],
    ] as const) {
      const want = awkwardKeys.filter((k) => k.startsWith(prefix) && k.endsWith(suffix)).sort(compareKeys);
      assert.equal(await store.list({ prefix, suffix }), want, JSON.stringify([prefix, suffix]));
    }
  },
  'cuts out limit and offset in either order': async ({ store }) => {
    const all = Array.from({ length: 25 }, (_, i) => `k${String(i).padStart(2, '0')}`);
    await fill(store, all);
    assert.equal(await store.list({ limit: 3 }), all.slice(0, 3));
    assert.equal(await store.list({ limit: 3, offset: 5 }), all.slice(5, 8));
    assert.equal(await store.list({ offset: 23 }), all.slice(23));
    assert.equal(await store.list({ limit: 0 }), all);
    assert.equal(await store.list({ offset: 99 }), []);
    const down = await store.scan({ limit: 2, offset: 1, order: 'desc', prefix: 'k' });
    assert.equal(
      down.map((r) => r.key),
      ['k23', 'k22'],
    );
  },
  'lists more than any page holds': async ({ store }) => {
    const all = Array.from({ length: 2_500 }, (_, i) => `k${String(i).padStart(5, '0')}`);
    await fill(store, all);
    assert.equal(await store.list({}), all);
    assert.equal(await store.list({ order: 'desc', offset: 10 }), [...all].reverse().slice(10));
    assert.is((await store.scan({ offset: 1, limit: 2_000 })).at(-1)?.key, all[2_000]);
  },
  'agrees with a plain model': async ({ store }) => {
    const piece = fc.constantFrom('a', 'b', '\u0000', '😀', '\uffff', '%', '_');
    const key = fc.array(piece, { minLength: 1, maxLength: 3 }).map((pieces) => pieces.join(''));
    const property = fc.asyncProperty(
      fc.array(fc.tuple(fc.boolean(), key), { maxLength: 20 }),
      piece,
      fc.nat(4),
      fc.nat(4),
      fc.nat(1_000_000_000),
      async (steps, prefix, limit, offset, run) => {
        const table = `t${run}`;
        const model = new Set<string>();
        const done = steps.map(([isWrite, k]) => {
          if (isWrite) model.add(k);
          else model.delete(k);
          return isWrite ? store.write({ key: k, value: text(k) }, { table }) : store.delete(k, { table });
        });
        await Promise.all(done);
        const all = [...model].filter((k) => k.startsWith(prefix)).sort(compareKeys);
        const want = all.slice(offset, limit === 0 ? undefined : offset + limit);
        assert.equal(await store.list({ table, prefix, limit, offset }), want);
        for (const k of await store.list({ table })) await store.delete(k, { table });
      },
    );
    await fc.assert(property, { numRuns: 60 });
  },
};

const time: Readonly<Record<string, Case>> = {
  'treats expired records as missing': async ({ store, advance, ttlStepMs }) => {
    await store.write({ key: 'short', value: text('x'), ttlMs: ttlStepMs });
    await store.write({ key: 'long', value: text('x'), ttlMs: 10 * ttlStepMs });
    await store.write({ key: 'ever', value: text('x') });
    advance(ttlStepMs - 1);
    assert.equal(await store.list({}), ['ever', 'long', 'short']);
    assert.is((await store.read('short')) === undefined, false);
    advance(1);
    assert.is(await store.read('short'), undefined);
    assert.equal(await store.list({}), ['ever', 'long']);
    assert.equal(
      (await store.scan({ limit: 2, offset: 1 })).map((r) => r.key),
      ['long'],
    );
    advance(1_000_000 * ttlStepMs);
    assert.equal(await store.list({}), ['ever']);
  },
  'tells the time that is left': async ({ store, advance, ttlStepMs }) => {
    await store.write({ key: 'a', value: text('x'), ttlMs: 10 * ttlStepMs });
    advance(3 * ttlStepMs);
    assert.is((await store.read('a'))?.ttlMs, 7 * ttlStepMs);
    assert.is((await store.scan({}))[0]?.ttlMs, 7 * ttlStepMs);
  },
  'never makes a short life an endless one': async ({ store, advance, ttlStepMs }) => {
    await store.write({ key: 'a', value: text('x'), ttlMs: 0.4 });
    assert.is.not((await store.read('a'))?.ttlMs, undefined);
    advance(ttlStepMs);
    assert.is(await store.read('a'), undefined);
  },
  'revives an expired key with a new write': async ({ store, advance, ttlStepMs }) => {
    await store.write({ key: 'a', value: text('old'), ttlMs: ttlStepMs });
    advance(2 * ttlStepMs);
    await store.write({ key: 'a', value: text('new') });
    assert.is(plain((await store.read('a'))?.value), 'new');
  },
};

const places: Readonly<Record<string, Case>> = {
  'keeps tables and databases apart': async ({ store }) => {
    await store.write({ key: 'k', value: text('default') });
    await store.write({ key: 'k', value: text('other table') }, { table: 'other' });
    await store.write({ key: 'k', value: text('other database') }, { database: 'ns-one', table: 'micro' });
    assert.is(plain((await store.read('k', { database: 'micro', table: 'micro' }))?.value), 'default');
    assert.is(plain((await store.read('k', { table: 'other' }))?.value), 'other table');
    await store.delete('k', { table: 'other' });
    assert.is(plain((await store.read('k', { database: 'ns-one' }))?.value), 'other database');
    assert.equal(await store.list({ database: 'never used' }), []);
  },
  'names databases and tables, sorted': async ({ store }) => {
    for (const [database, table] of [
      ['micro', 'b'],
      ['micro', 'a'],
      ['foo-bar', 'x/y'],
      ['a_b%', 'Ünï'],
    ] as const)
      await store.write({ key: 'k', value: text('v') }, { database, table });
    assert.equal(await store.databases(), ['a_b%', 'foo-bar', 'micro']);
    assert.equal(await store.tables('micro'), ['a', 'b']);
    assert.equal(await store.tables('foo-bar'), ['x/y']);
    assert.equal(await store.tables('unknown'), []);
  },
};

const refusals: Readonly<Record<string, Case>> = {
  'refuses an empty key': async ({ store }) => {
    await refused(store.write({ key: '', value: text('x') }), 400, /key is required/);
    await store.delete('');
    assert.equal(await store.list({}), []);
  },
  'names the limit of keys, values and metadata': async ({ store }) => {
    const key = 'k'.repeat(storeKeyBytesMax);
    await store.write({ key, value: text('x') });
    assert.is(plain((await store.read(key))?.value), 'x');
    await refused(store.write({ key: `${key}k`, value: text('x') }), 400, /storeKeyBytesMax/);
    await refused(store.read(`${key}k`), 400, /storeKeyBytesMax/);
    await refused(store.write({ key: 'a', value: new Uint8Array(storeValueBytesMax + 1) }), 400, /storeValueBytesMax/);
    const metadata = { x: 'x'.repeat(storeMetadataBytesMax) };
    await refused(store.write({ key: 'a', value: text('x'), metadata }), 400, /storeMetadataBytesMax/);
    assert.equal(await store.list({}), [key]);
  },
  'refuses a refused record without harm to its neighbours': async ({ store }) => {
    const [good, bad] = await Promise.allSettled([
      store.write({ key: 'good', value: text('x') }),
      store.write({ key: 'bad', value: text('x'), ttlMs: -1 }),
    ]);
    assert.is(good?.status, 'fulfilled');
    assert.is(bad?.status, 'rejected');
    assert.equal(await store.list({}), ['good']);
  },
  'refuses limits that mean nothing': async ({ store }) => {
    await refused(store.list({ limit: -1 }), 400, /limit/);
    await refused(store.list({ offset: -1 }), 400, /offset/);
  },
  'does nothing for a caller that has left': async ({ store }) => {
    const signal = AbortSignal.abort();
    assert.ok(
      await store.write({ key: 'a', value: text('x') }, { signal }).then(
        () => false,
        () => true,
      ),
    );
    assert.ok(
      await store.list({ signal }).then(
        () => false,
        () => true,
      ),
    );
    assert.equal(await store.list({}), []);
  },
};

/** Every promise of the slot by name; the broken-driver test runs single ones. */
export const cases: Readonly<Record<string, Case>> = { ...records, ...keys, ...time, ...places, ...refusals };

/** Declares the suite for one driver. */
export const testStore = (driverName: string, subject: Subject<StoreUnderTest>): void =>
  runConformance('store', driverName, subject, cases);
