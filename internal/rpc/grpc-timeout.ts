/** The `grpc-timeout` header: at most eight digits and a unit. Pure. */

const msPerUnit: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1_000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};

/** Milliseconds, rounded up so that no call ends early; undefined for a malformed text. */
export const parseGrpcTimeout = (text: string): number | undefined => {
  const match = /^(\d{1,8})([HMSmun])$/.exec(text);
  if (match === null) return undefined;
  const perUnit = msPerUnit[match[2] as string] as number;
  return Math.ceil(Number(match[1]) * perUnit);
};

const digitsMax = 99_999_999;

/** The header's value: milliseconds as long as they fit, then seconds and hours. */
export const formatGrpcTimeout = (ms: number): string => {
  for (const unit of ['m', 'S', 'M', 'H']) {
    const count = Math.ceil(Math.max(0, ms) / (msPerUnit[unit] as number));
    if (count <= digitsMax) return `${count}${unit}`;
  }
  return `${digitsMax}H`;
};
