/** The broker package as an Api. */

import { data, type Methods } from '../../../proto/gen/broker.gen.ts';
import { defineApi } from '../api.ts';

export const brokerApi = defineApi<Methods>(data);
