/** The auth package as an Api. */

import { data, type Methods } from '../../../proto/gen/auth.gen.ts';
import { defineApi } from '../api.ts';

export const authApi = defineApi<Methods>(data);
