/** A service in a process of its own that no server has started: it outlives the server, and ends with whoever started it. */

import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { openAdminCaller } from './rpc.ts';
import type { Server } from './server.ts';

const childFile = pathToFileURL(join(import.meta.dirname, '../../sdk/child.ts')).href;

/** Runs `folder/index.ts`; it knows the proxy and has an account of its own. The caller kills it. */
export const startOutside = async (server: Server, name: string, folder: string): Promise<ChildProcess> => {
  const admin = await openAdminCaller(server.proxyAddress);
  const { account } = (await admin.call('auth', 'Auth.Generate', {
    id: name,
    type: 'service',
    scopes: ['service'],
    options: { namespace: 'micro' },
  })) as { account: { secret: string } };
  await admin.close();
  return spawn(process.execPath, ['-e', `import(${JSON.stringify(childFile)}).then((m) => m.runChild(process.env));`], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: {
      PATH: process.env.PATH,
      MICRO_CHILD: 'service',
      MICRO_CHILD_ENTRY: join(folder, 'index.ts'),
      MICRO_PROFILE: 'service',
      MICRO_PROXY: server.proxyAddress,
      MICRO_NAMESPACE: 'micro',
      MICRO_SERVICE_NAME: name,
      MICRO_SERVICE_VERSION: 'latest',
      MICRO_AUTH_ID: name,
      MICRO_AUTH_SECRET: account.secret,
    },
  });
};
