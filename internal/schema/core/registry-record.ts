/** The registry's wire message and the record of the registry slot: sub-messages that may be unset are undefined there, times are milliseconds. */

import type { Service } from '../../contract/registry.ts';
import type { Service as ServiceMessage } from '../../../proto/gen/registry.gen.ts';

/** Wire -> record. Ports that stand apart from the address, which Go peers never fill, are left out. */
export const serviceOf = (message: ServiceMessage): Service => ({
  name: message.name,
  version: message.version,
  metadata: message.metadata,
  endpoints: message.endpoints.map((e) => ({
    name: e.name,
    request: e.request ?? undefined,
    response: e.response ?? undefined,
    metadata: e.metadata,
  })),
  nodes: message.nodes.map(({ id, address, metadata, registered }) => ({
    id,
    address,
    metadata,
    ...(registered === 0n ? {} : { registeredAt: Number(registered) * 1_000 }),
  })),
});

/** Record -> what goes over the wire. */
export const serviceMessageOf = (service: Service) => ({
  ...service,
  nodes: service.nodes.map(({ id, address, metadata, registeredAt = 0 }) => ({
    id,
    address,
    metadata,
    registered: BigInt(Math.floor(registeredAt / 1_000)),
  })),
});
