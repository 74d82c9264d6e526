/** The runtime package as an Api. */

import { data, type Methods } from '../../../proto/gen/runtime.gen.ts';
import { defineApi } from '../api.ts';

export const runtimeApi = defineApi<Methods>(data);
