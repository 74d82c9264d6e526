/** gRPC's own health package as an Api. */

import { data, type Methods } from '../../../proto/gen/health.gen.ts';
import { defineApi } from '../api.ts';

export const healthApi = defineApi<Methods>(data);

export type { HealthCheckResponse } from '../../../proto/gen/health.gen.ts';
