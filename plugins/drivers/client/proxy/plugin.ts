/** Manifest of the proxy client: every call goes through the proxy of the chosen environment. */

import { client } from '../../../../internal/contract/client.ts';
import { fields } from '../../../../internal/contract/field.ts';
import { placeSettings } from '../../../../internal/contract/place-settings.ts';
import { defineDriver } from '../../../../internal/contract/plugin.ts';

export const config = fields({
  ...placeSettings,
  auth_id: { type: 'string', doc: 'Account id of a service', env: 'MICRO_AUTH_ID' },
  auth_secret: { type: 'string', doc: 'Account secret of a service', env: 'MICRO_AUTH_SECRET', secret: true },
  data_dir: {
    type: 'string',
    doc: 'Data folder of a server on this machine, for its local-admin credential',
    env: 'MICRO_DATA_DIR',
  },
});

export const plugin = defineDriver({
  id: 'drivers/client/proxy',
  summary: 'Calls everything through the proxy of the environment',
  provides: client,
  config,
  load: () => import('./proxy-client.ts'),
});
