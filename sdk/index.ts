/** `micro`: what authors of services import. The list of names is the contract; nothing is defined here. Authors of plugins import `micro/plugin`. */

// For service authors: the service and what its handlers get.
export { type Service, type ServiceOptions, service } from './service.ts';
export type { HandlerMethod, ServiceHandlers } from './bind-handlers.ts';
export type { Context } from './context.ts';
export type { CallOptions, Client, Json, JsonStream } from './json-client.ts';
export type { KeyOptions, SetOptions, Store } from './json-store.ts';
export type { Account } from '../internal/contract/auth.ts';
export type { LogFields, Logger } from '../internal/contract/logger.ts';
export type { Store as RecordStore, StoreRecord } from '../internal/contract/store.ts';

// For service authors: errors.
export {
  badRequest,
  canceled,
  conflict,
  forbidden,
  internal,
  isMicroError,
  MicroError,
  type MicroErrorJson,
  microError,
  notFound,
  notImplemented,
  outOfSpace,
  timeout,
  tooMany,
  unauthorized,
  unavailable,
} from '../internal/contract/error.ts';
