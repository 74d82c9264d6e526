/** CallOptions: what every call that may leave the process accepts. */

export interface CallOptions {
  readonly signal?: AbortSignal;
  /** Namespace to act in; the slot's default is `micro`. */
  readonly namespace?: string;
}
