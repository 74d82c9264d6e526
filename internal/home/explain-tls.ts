/** The way out of a failed TLS handshake, as the second line of the error: mostly the `micro env add` that would be right. Pure; asks nobody. */

import type { TlsFault, TlsTrust } from '../contract/tls.ts';
import { builtinEnvironments } from './environments.ts';
import type { Place } from './place.ts';

/** `nowMs` is the clock by which certificates were judged. Undefined: there is nothing to say but the fault itself. */
export const explainTls = (fault: TlsFault, place: Place, nowMs: number): string | undefined => {
  const { trust } = place;
  switch (fault.kind) {
    case 'no_tls':
      return `to go there without TLS, where the way is safe: ${addCommand(place, plainAddress(place))}`;
    case 'wants_tls':
      return `with TLS: ${addCommand(place, `https://${place.address}`)}`;
    case 'no_http2':
      return 'is that the proxy of a micro server? what stands in front of one must offer HTTP/2 over TLS (ALPN h2)';
    case 'self_signed':
      return `compare that with the fingerprint the server prints; only if both are equal: ${pinCommand(place, fault.fingerprint)}`;
    case 'unknown_authority':
      return trust?.ca === undefined
        ? `if you trust it, with a file of its certificate: ${addCommand(place, place.stored, ['--ca FILE'])}`
        : `the authorities that count are those in ${trust.ca}`;
    case 'wrong_pin':
      return `pinned is ${fault.pinned}: either the server has a new key, or somebody is in between; compare with what the server prints, only if that is equal: ${pinCommand(place, fault.fingerprint)}`;
    case 'wrong_host':
      return hostHint(fault.names, place);
    case 'expired':
    case 'not_yet_valid':
      return `the clock here says ${new Date(nowMs).toISOString().replace(/\.\d+Z$/, 'Z')}: if that is wrong, set it; if not, the server needs another certificate`;
    case 'wants_certificate':
      return `with one: ${addCommand(place, place.stored, [...trustFlags(trust), '--cert FILE', '--key FILE'])}`;
    case 'refused_certificate':
      return `it was shown ${trust?.cert ?? 'none'}: ask those who run the server which authorities it accepts`;
    case 'closed':
    case 'gateway':
      return trust?.cert === undefined
        ? `it may ask for a client certificate: ${addCommand(place, place.stored, [...trustFlags(trust), '--cert FILE', '--key FILE'])}`
        : `it may not accept the client certificate ${trust.cert}: ask those who run the server`;
    case 'bad_file':
      return `name another file, or make that one readable: micro env add ${nameOf(place)} --help`;
    case 'other':
      return undefined;
  }
};

/** The flags of `micro env add` that say how the server is believed, as shell words. */
const trustFlags = (trust: TlsTrust | undefined): readonly string[] => [
  ...(trust?.ca === undefined ? [] : [`--ca ${shellWord(trust.ca)}`]),
  ...(trust?.fingerprint === undefined ? [] : [`--fingerprint ${trust.fingerprint}`]),
  ...(trust?.insecure === true ? ['--insecure'] : []),
];

const certificateFlags = (trust: TlsTrust | undefined): readonly string[] =>
  trust?.cert === undefined || trust.key === undefined
    ? []
    : [`--cert ${shellWord(trust.cert)}`, `--key ${shellWord(trust.key)}`];

/** Keeps the client certificate unless the flags name one. */
const addCommand = (place: Place, address: string, flags: readonly string[] = []): string => {
  const kept = flags.some((flag) => flag.startsWith('--cert ')) ? [] : certificateFlags(place.trust);
  return ['micro env add', nameOf(place), shellWord(address), ...flags, ...(address === place.stored ? kept : [])].join(
    ' ',
  );
};

const pinCommand = (place: Place, fingerprint: string): string =>
  addCommand(place, place.stored, [`--fingerprint ${fingerprint}`]);

/** A builtin environment cannot be changed, and one whose address was overruled should not be. */
const nameOf = ({ environment, overruled }: Place): string =>
  overruled === true || builtinEnvironments.some(({ name }) => name === environment) ? 'NAME' : shellWord(environment);

const plainAddress = ({ address }: Place): string => (address.endsWith(':443') ? `http://${address}` : address);

const hostHint = (names: readonly string[], place: Place): string => {
  const port = place.address.slice(place.address.lastIndexOf(':'));
  const name = names.find((one) => !one.includes('*'));
  if (name === undefined) return 'the server needs a certificate for that name; or pin its key with --fingerprint';
  const host = name.includes(':') ? `[${name}]` : name;
  return `use a name the certificate is for, if it leads there: ${addCommand(place, `https://${host}${port}`, trustFlags(place.trust))}`;
};

/** As a shell takes it: quoted unless it is plain. */
const shellWord = (text: string): string => (/^[\w.,:@/+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
