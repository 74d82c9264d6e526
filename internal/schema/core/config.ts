/** The config package as an Api. */

import { data, type Methods } from '../../../proto/gen/config.gen.ts';
import { defineApi } from '../api.ts';

export const configApi = defineApi<Methods>(data);
