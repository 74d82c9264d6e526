/** The events package as an Api. */

import { data, type Methods } from '../../../proto/gen/events.gen.ts';
import { defineApi } from '../api.ts';

export const eventsApi = defineApi<Methods>(data);
