/** The gRPC services that standard clients expect of every server, whatever it serves besides. */

export const healthService = 'grpc.health.v1.Health';
export const reflectionService = 'grpc.reflection.v1.ServerReflection';
export const oldReflectionService = 'grpc.reflection.v1alpha.ServerReflection';

/** Full names; each listener answers them itself. */
export const standardServices: readonly string[] = [healthService, reflectionService, oldReflectionService];

const prefixes: ReadonlySet<string> = new Set(standardServices.map((name) => name.slice(0, name.lastIndexOf('.'))));

/** Whether the first part of a path, without its type, belongs to one of them. */
export const isStandardPrefix = (prefix: string): boolean => prefixes.has(prefix);
