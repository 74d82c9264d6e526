/** The debug package as an Api. */

import { data, type Methods } from '../../../proto/gen/debug.gen.ts';
import { defineApi } from '../api.ts';

export const debugApi = defineApi<Methods>(data);
