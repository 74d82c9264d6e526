/** A resource as people write it, `type:name:endpoint`. Pure. */

import type { Resource } from '../../../internal/contract/auth.ts';

export const resourceText = ({ type, name, endpoint }: Resource): string => `${type}:${name}:${endpoint}`;

/** Undefined for what has not three parts. */
export const parseResource = (text: string): Resource | undefined => {
  const [type, name, endpoint, ...more] = text.split(':');
  if (type === undefined || name === undefined || endpoint === undefined || more.length > 0) return undefined;
  return { type, name, endpoint };
};
