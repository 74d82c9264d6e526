/** The registry package as an Api. */

import { data, type Methods } from '../../../proto/gen/registry.gen.ts';
import { defineApi } from '../api.ts';

export const registryApi = defineApi<Methods>(data);
