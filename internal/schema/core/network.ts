/** The network package as an Api. */

import { data, type Methods } from '../../../proto/gen/network.gen.ts';
import { defineApi } from '../api.ts';

export const networkApi = defineApi<Methods>(data);
