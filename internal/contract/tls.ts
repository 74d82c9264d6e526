/** How a client judges a server's certificate and shows its own, and what a TLS handshake can fail of. Types and one reader by shape; no I/O. */

/** Of `ca`, `fingerprint` and `insecure` at most one; none: the authorities this machine knows. Files are PEM, with absolute paths. */
export interface TlsTrust {
  /** The authorities that count, instead of the machine's. */
  readonly ca?: string;
  /** As internal/tls/fingerprint.ts writes it: the one key that counts, whatever its certificate says about names and dates. */
  readonly fingerprint?: string;
  /** Every certificate counts. */
  readonly insecure?: boolean;
  /** Our own certificate, for servers that ask for one, and its key. */
  readonly cert?: string;
  readonly key?: string;
}

/** Why a handshake failed. Names and issuers come from the peer: one line each, without quotes. */
export type TlsFault =
  /** The peer answered with something that is no TLS. */
  | { readonly kind: 'no_tls' }
  /** The peer was spoken to in plain text and expects TLS. */
  | { readonly kind: 'wants_tls' }
  | { readonly kind: 'no_http2' }
  | { readonly kind: 'self_signed'; readonly fingerprint: string }
  | { readonly kind: 'unknown_authority'; readonly issuer: string }
  | { readonly kind: 'wrong_pin'; readonly fingerprint: string; readonly pinned: string }
  | { readonly kind: 'wrong_host'; readonly host: string; readonly names: readonly string[] }
  /** Milliseconds since the epoch. */
  | { readonly kind: 'expired'; readonly untilMs: number }
  | { readonly kind: 'not_yet_valid'; readonly fromMs: number }
  | { readonly kind: 'wants_certificate' }
  | { readonly kind: 'refused_certificate'; readonly reason: string }
  /** The peer closed the connection in or right after the handshake, without a word: so do some that want another client certificate, or one at all. */
  | { readonly kind: 'closed' }
  /** A gateway took the connection and not the call, with HTTP status 400: so does nginx that wants a client certificate. */
  | { readonly kind: 'gateway' }
  /** A file of ours cannot be used. */
  | { readonly kind: 'bad_file'; readonly file: string; readonly reason: string }
  | { readonly kind: 'other'; readonly reason: string };

/** The fault that an error, or what caused it, carries; undefined for errors that are not about TLS. */
export const tlsFaultOf = (error: unknown): TlsFault | undefined => {
  for (let at = error, deep = 0; at instanceof Error && deep < causesMax; at = at.cause, deep += 1)
    if ('tlsFault' in at) return at.tlsFault as TlsFault;
  return undefined;
};

const causesMax = 8;
