/** The router package as an Api. */

import { data, type Methods } from '../../../proto/gen/router.gen.ts';
import { defineApi } from '../api.ts';

export const routerApi = defineApi<Methods>(data);
