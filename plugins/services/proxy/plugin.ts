/** Manifest of the gRPC proxy, the one port that command lines and services call. */

import { auth } from '../../../internal/contract/auth.ts';
import { fields } from '../../../internal/contract/field.ts';
import { host } from '../../../internal/contract/host.ts';
import {
  connectionWindowBytes,
  controlFramesMax,
  controlFramesPerSecond,
  frameTimeoutMs,
  headerBytesMax,
  idleConnectionMs,
  largeMessagesBytesMax,
  peerResetsMax,
  peerResetsPerSecond,
  proxyConnectionsMax,
  proxyHandshakeMs,
  proxyStreamsMax,
  proxyWindowBytes,
  stalledConnectionMs,
} from '../../../internal/contract/limits.ts';
import { defineService } from '../../../internal/contract/plugin.ts';
import { router } from '../../../internal/contract/router.ts';
import { tlsSettings } from '../../../internal/contract/tls-settings.ts';

export const config = fields({
  address: {
    type: 'string',
    doc: 'Address to listen on',
    default: '127.0.0.1:8081',
    env: 'MICRO_PROXY_ADDRESS',
  },
  ...tlsSettings('MICRO_PROXY'),
  connections_max: { type: 'int32', doc: 'Connections at one time', default: proxyConnectionsMax },
  streams_max: { type: 'int32', doc: 'Calls in flight on one connection', default: proxyStreamsMax },
  stream_window: { type: 'int32', doc: 'Bytes one call may hold back, per direction', default: proxyWindowBytes },
  connection_window: {
    type: 'int32',
    doc: 'Bytes all calls of one connection may hold back together',
    default: connectionWindowBytes,
  },
  messages_bytes_max: {
    type: 'int64',
    doc: 'Bytes that large messages to services of this process may hold together',
    default: BigInt(largeMessagesBytesMax),
  },
  header_bytes_max: { type: 'int32', doc: 'Bytes of the headers of one call', default: headerBytesMax },
  resets_max: { type: 'int32', doc: 'Calls one caller may cancel at once', default: peerResetsMax },
  resets_per_second: {
    type: 'int32',
    doc: 'Calls one caller may cancel per second in the long run',
    default: peerResetsPerSecond,
  },
  control_frames_max: {
    type: 'int32',
    doc: 'Frames without content one caller may send at once',
    default: controlFramesMax,
  },
  control_frames_per_second: {
    type: 'int32',
    doc: 'Frames without content one caller may send per second in the long run',
    default: controlFramesPerSecond,
  },
  handshake_timeout: { type: 'duration', doc: 'Time a caller has to speak HTTP/2', default: proxyHandshakeMs },
  frame_timeout: { type: 'duration', doc: 'Time a caller has to finish a frame or headers', default: frameTimeoutMs },
  idle_timeout: {
    type: 'duration',
    doc: 'A connection without calls is closed after this long',
    default: idleConnectionMs,
  },
  stalled_timeout: {
    type: 'duration',
    doc: 'A caller that takes nothing of its answers is let go after this long',
    default: stalledConnectionMs,
  },
});

export const needs = { auth, host, router };

export const plugin = defineService({
  id: 'services/proxy',
  summary: 'Forwards gRPC calls to services by name',
  protos: [],
  port: 8081,
  config,
  needs,
  load: () => import('./proxy-service.ts'),
});
