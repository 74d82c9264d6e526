/** The part of this process's environment that a service may inherit: everything but our own settings, which name our keys, folders and ports. */

/** Of our own variables only how much to log is a service's business as well. */
const kept = new Set(['MICRO_LOG_LEVEL', 'MICRO_LOG_FORMAT']);

export const childEnvironment = (): Record<string, string> => {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (value !== undefined && (!name.startsWith('MICRO_') || kept.has(name))) env[name] = value;
  }
  return env;
};
