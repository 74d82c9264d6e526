/** Every manifest, sorted by id. Written by `npm run gen`; never edited. */

import type { Plugin } from '../internal/contract/plugin.ts';

import { plugin as commandsAuth } from './commands/auth/plugin.ts';
import { plugin as commandsCall } from './commands/call/plugin.ts';
import { plugin as commandsCompletion } from './commands/completion/plugin.ts';
import { plugin as commandsDynamic } from './commands/dynamic/plugin.ts';
import { plugin as commandsEnv } from './commands/env/plugin.ts';
import { plugin as commandsGet } from './commands/get/plugin.ts';
import { plugin as commandsHelp } from './commands/help/plugin.ts';
import { plugin as commandsKill } from './commands/kill/plugin.ts';
import { plugin as commandsLogin } from './commands/login/plugin.ts';
import { plugin as commandsLogout } from './commands/logout/plugin.ts';
import { plugin as commandsLogs } from './commands/logs/plugin.ts';
import { plugin as commandsNamespace } from './commands/namespace/plugin.ts';
import { plugin as commandsPlugin } from './commands/plugin/plugin.ts';
import { plugin as commandsRegistry } from './commands/registry/plugin.ts';
import { plugin as commandsRun } from './commands/run/plugin.ts';
import { plugin as commandsServer } from './commands/server/plugin.ts';
import { plugin as commandsService } from './commands/service/plugin.ts';
import { plugin as commandsServices } from './commands/services/plugin.ts';
import { plugin as commandsSignup } from './commands/signup/plugin.ts';
import { plugin as commandsStatus } from './commands/status/plugin.ts';
import { plugin as commandsStream } from './commands/stream/plugin.ts';
import { plugin as commandsUninstall } from './commands/uninstall/plugin.ts';
import { plugin as commandsUpdate } from './commands/update/plugin.ts';
import { plugin as commandsUpgrade } from './commands/upgrade/plugin.ts';
import { plugin as commandsUser } from './commands/user/plugin.ts';
import { plugin as commandsVersion } from './commands/version/plugin.ts';
import { plugin as driversAuthLocal } from './drivers/auth/local/plugin.ts';
import { plugin as driversAuthRpc } from './drivers/auth/rpc/plugin.ts';
import { plugin as driversBlobMemory } from './drivers/blob/memory/plugin.ts';
import { plugin as driversBlobRpc } from './drivers/blob/rpc/plugin.ts';
import { plugin as driversBlobSqlite } from './drivers/blob/sqlite/plugin.ts';
import { plugin as driversBuilderCommand } from './drivers/builder/command/plugin.ts';
import { plugin as driversBuilderGo } from './drivers/builder/go/plugin.ts';
import { plugin as driversBuilderTypescript } from './drivers/builder/typescript/plugin.ts';
import { plugin as driversClientDirect } from './drivers/client/direct/plugin.ts';
import { plugin as driversClientProxy } from './drivers/client/proxy/plugin.ts';
import { plugin as driversRegistryMemory } from './drivers/registry/memory/plugin.ts';
import { plugin as driversRegistryRpc } from './drivers/registry/rpc/plugin.ts';
import { plugin as driversRegistrySqlite } from './drivers/registry/sqlite/plugin.ts';
import { plugin as driversRouterRegistry } from './drivers/router/registry/plugin.ts';
import { plugin as driversRuntimeLocal } from './drivers/runtime/local/plugin.ts';
import { plugin as driversRuntimeRpc } from './drivers/runtime/rpc/plugin.ts';
import { plugin as driversStoreMemory } from './drivers/store/memory/plugin.ts';
import { plugin as driversStoreRpc } from './drivers/store/rpc/plugin.ts';
import { plugin as driversStoreSqlite } from './drivers/store/sqlite/plugin.ts';
import { plugin as profilesClient } from './profiles/client/plugin.ts';
import { plugin as profilesServer } from './profiles/server/plugin.ts';
import { plugin as profilesService } from './profiles/service/plugin.ts';
import { plugin as profilesTest } from './profiles/test/plugin.ts';
import { plugin as servicesApi } from './services/api/plugin.ts';
import { plugin as servicesAuth } from './services/auth/plugin.ts';
import { plugin as servicesGrpc } from './services/grpc/plugin.ts';
import { plugin as servicesProxy } from './services/proxy/plugin.ts';
import { plugin as servicesRegistry } from './services/registry/plugin.ts';
import { plugin as servicesRuntime } from './services/runtime/plugin.ts';
import { plugin as servicesStore } from './services/store/plugin.ts';

export const plugins: readonly Plugin[] = [
  commandsAuth,
  commandsCall,
  commandsCompletion,
  commandsDynamic,
  commandsEnv,
  commandsGet,
  commandsHelp,
  commandsKill,
  commandsLogin,
  commandsLogout,
  commandsLogs,
  commandsNamespace,
  commandsPlugin,
  commandsRegistry,
  commandsRun,
  commandsServer,
  commandsService,
  commandsServices,
  commandsSignup,
  commandsStatus,
  commandsStream,
  commandsUninstall,
  commandsUpdate,
  commandsUpgrade,
  commandsUser,
  commandsVersion,
  driversAuthLocal,
  driversAuthRpc,
  driversBlobMemory,
  driversBlobRpc,
  driversBlobSqlite,
  driversBuilderCommand,
  driversBuilderGo,
  driversBuilderTypescript,
  driversClientDirect,
  driversClientProxy,
  driversRegistryMemory,
  driversRegistryRpc,
  driversRegistrySqlite,
  driversRouterRegistry,
  driversRuntimeLocal,
  driversRuntimeRpc,
  driversStoreMemory,
  driversStoreRpc,
  driversStoreSqlite,
  profilesClient,
  profilesServer,
  profilesService,
  profilesTest,
  servicesApi,
  servicesAuth,
  servicesGrpc,
  servicesProxy,
  servicesRegistry,
  servicesRuntime,
  servicesStore,
];
