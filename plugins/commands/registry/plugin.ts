/** Manifest of commands/registry: `micro registry register` and `deregister` of servers that know nothing of micro. All other words behind `registry` are the service's endpoints. */

import { client } from '../../../internal/contract/client.ts';
import { fields } from '../../../internal/contract/field.ts';
import { placeSettings } from '../../../internal/contract/place-settings.ts';
import { defineCommand, verb } from '../../../internal/contract/plugin.ts';
import { registry } from '../../../internal/contract/registry.ts';

export const config = placeSettings;
export const registerNeeds = { client, registry };
export const deregisterNeeds = { registry };

export const registerFlags = fields({
  address: { type: 'string', doc: 'Where the server answers gRPC, host:port', required: true },
  version: { type: 'string', doc: 'Version to register it as', default: 'latest' },
  metadata: { type: 'string', list: true, doc: 'Metadata of the node, key=value' },
  ttl: { type: 'duration', doc: 'Forget it after this long unless it is registered again; default never' },
  proto: { type: 'string', list: true, doc: 'Proto file of a server without reflection' },
});
export const deregisterFlags = fields({
  address: { type: 'string', doc: 'Only the server at this address; default all that were registered by hand' },
  version: { type: 'string', doc: 'Only this version' },
});

const name = { name: 'name', doc: 'Name of the service', required: true };

export const plugin = defineCommand({
  id: 'commands/registry',
  summary: 'Register gRPC servers by hand; micro registry --help shows what the registry itself answers',
  config,
  verbs: [
    verb({
      words: 'registry register',
      summary: 'Register a gRPC server that knows nothing of micro',
      description:
        'What it serves is read by reflection. From then on it is called like any other service: as a command, with JSON, over HTTP and by gRPC clients.',
      args: [name],
      flags: registerFlags,
      needs: registerNeeds,
      sharesWord: true,
      hidden: true,
      examples: ['micro registry register greeter --address 127.0.0.1:50051'],
      load: () => import('./register.ts'),
    }),
    verb({
      words: 'registry deregister',
      summary: 'Forget a gRPC server that was registered by hand',
      args: [name],
      flags: deregisterFlags,
      needs: deregisterNeeds,
      sharesWord: true,
      hidden: true,
      examples: ['micro registry deregister greeter'],
      load: () => import('./deregister.ts'),
    }),
  ],
});
