/** The registry's wire message as the record of the registry slot: sub-messages that may be unset become undefined. */

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
  nodes: message.nodes.map(({ id, address, metadata }) => ({ id, address, metadata })),
});
