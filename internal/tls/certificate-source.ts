/** Where a TLS listener's certificate comes from: files, one made here, or a certificate authority. Types only. */

/** Key and certificate chain as PEM, the server's own certificate first. */
export interface KeyAndCertificate {
  readonly key: string;
  readonly cert: string;
}

export interface CertificateSource {
  /** What new connections are to see. */
  current(): KeyAndCertificate;
  /** Calls back whenever current() has changed; the answer ends that. */
  subscribe(changed: () => void): () => void;
  /** Ends what it does in the background. Safe twice. */
  close(): Promise<void>;
  /** The certificate of a running tls-alpn-01 challenge (RFC 8737) for that name; only connections that ask for `acme-tls/1` see it. */
  challenge?(serverName: string): KeyAndCertificate | undefined;
}
