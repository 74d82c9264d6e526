/** `micro/plugin`: what authors of plugins import. The list of names is the contract; nothing is defined here. */

export {
  all,
  type Capability,
  capability,
  type Needs,
  optional,
  type Resolved,
} from '../internal/contract/capability.ts';
export { type FieldSpec, type FieldSpecs, type FieldType, fields, type Values } from '../internal/contract/field.ts';
export type { Handler, Handlers } from '../internal/contract/handler.ts';
export type { Listener } from '../internal/contract/listener.ts';
export type { LogFields, Logger } from '../internal/contract/logger.ts';
export type { Column, Output } from '../internal/contract/output.ts';
export {
  type ArgSpec,
  type Call,
  type CommandPlugin,
  contractVersion,
  type DriverPlugin,
  defineCommand,
  defineDriver,
  defineProfile,
  defineService,
  type Plugin,
  type PluginContext,
  type PluginId,
  type ProfilePlugin,
  type Running,
  type ServiceInstance,
  type ServicePlugin,
  type Verb,
  verb,
} from '../internal/contract/plugin.ts';
export { type Auth, auth } from '../internal/contract/auth.ts';
export { type BlobStore, blob } from '../internal/contract/blob.ts';
export { type Builder, type BuildRequest, builder, type Launch } from '../internal/contract/builder.ts';
export { type Client, type ClientOptions, type ClientStream, client } from '../internal/contract/client.ts';
export { type Host, host } from '../internal/contract/host.ts';
export {
  type Endpoint,
  type Node,
  type RegisterOptions,
  type Registry,
  type RegistryEvent,
  type RegistryOptions,
  registry,
  type Service,
} from '../internal/contract/registry.ts';
export {
  type Outcome,
  type Picked,
  type PickOptions,
  type Route,
  type RouteOptions,
  type Router,
  routeNotFound,
  router,
} from '../internal/contract/router.ts';
export { type Runtime, runtime } from '../internal/contract/runtime.ts';
export { type ListOptions, type Store, type StoreRecord, store } from '../internal/contract/store.ts';

// For authors of services: methods described by fields.
export type { CallContext, Codec, UnaryHandler } from '../internal/contract/handler.ts';
export { messageCodec, type UnaryOptions, unary } from './message.ts';

// For authors of store drivers: what all of them agree on.
export type { TableOptions } from '../internal/contract/store.ts';
export {
  type CheckedRecord,
  checkKey,
  checkRecord,
  compareKeys,
  inWindow,
  type KeyWindow,
  keyWindow,
  scanBudget,
  tableOf,
} from '../internal/contract/store-record.ts';

// Errors that reach callers as they are.
export {
  badRequest,
  conflict,
  ExitError,
  forbidden,
  internal,
  isMicroError,
  notFound,
  notImplemented,
  outOfSpace,
  timeout,
  tooMany,
  unauthorized,
  unavailable,
} from '../internal/contract/error.ts';
