/** The api package as an Api. */

import { data, type Methods } from '../../../proto/gen/api.gen.ts';
import { defineApi } from '../api.ts';

export const apiApi = defineApi<Methods>(data);
