/** A registered node as the command line shows it in JSON, the same for every verb. Pure. */

import type { Node } from '../contract/registry.ts';

/** `registered` is left out when the registry does not say. */
export const nodeJson = ({ id, address, metadata, registeredAt }: Node): unknown => ({
  id,
  address,
  ...(registeredAt === undefined ? {} : { registered: new Date(registeredAt).toISOString().replace('.000Z', 'Z') }),
  metadata,
});
