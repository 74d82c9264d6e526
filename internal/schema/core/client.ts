/** The client package as an Api. */

import { data, type Methods } from '../../../proto/gen/client.gen.ts';
import { defineApi } from '../api.ts';

export const clientApi = defineApi<Methods>(data);
