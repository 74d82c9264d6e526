/**
 * The Go programs that tests run, as data. Each is a `main` package built inside a module of test/fixture/go, whose go.mod and go.sum pin what it is made of.
 * How to add one: test/fixture/go/README.md.
 */

export interface GoProgram {
  /** The module's folder below test/fixture/go. */
  readonly module: string;
  /** `./folder` of that module, or the import path of a package it requires. */
  readonly package: string;
}

export const goPrograms = {
  // The command line of Micro v3 as it was released; only quic-go is newer, since the one it asks for refuses every Go after 1.20.
  micro: { module: 'micro', package: 'github.com/micro/micro/v3' },
  // Ours: a service, and a client that calls services and the platform.
  'go-service': { module: 'micro', package: './service' },
  'go-client': { module: 'micro', package: './client' },
  h2spec: { module: 'h2spec', package: 'github.com/summerwind/h2spec/cmd/h2spec' },
  grpcurl: { module: 'grpcurl', package: 'github.com/fullstorydev/grpcurl/cmd/grpcurl' },
  'grpc-interop-client': { module: 'grpc-interop', package: 'google.golang.org/grpc/interop/client' },
  'grpc-interop-server': { module: 'grpc-interop', package: 'google.golang.org/grpc/interop/server' },
  // A certificate authority that speaks ACME, made for tests.
  pebble: { module: 'pebble', package: 'github.com/letsencrypt/pebble/v2/cmd/pebble' },
  'hpack-peer': { module: 'hpack-peer', package: '.' },
} as const satisfies Readonly<Record<string, GoProgram>>;

export type GoProgramName = keyof typeof goPrograms;
