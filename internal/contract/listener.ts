/** Listener: an open port as people see it in the server's banner. */

/** Where an open port leads; one row of the banner. */
export interface Listener {
  readonly name: string;
  /** `host:port` as bound. */
  readonly address: string;
  readonly protocol: string;
  /** Whether calls through it are checked against accounts and rules. */
  readonly auth: boolean;
  /** How other machines reach it, where they do: `https://host:port`. */
  readonly url?: string;
  /** What they pin, where no authority vouches for its certificate (internal/tls/fingerprint.ts). */
  readonly fingerprint?: string;
}
