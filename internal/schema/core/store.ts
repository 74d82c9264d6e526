/** The store package as an Api. */

import { data, type Methods } from '../../../proto/gen/store.gen.ts';
import { defineApi } from '../api.ts';

export const storeApi = defineApi<Methods>(data);
