/** gRPC's own reflection package as an Api. */

import { data, type Methods } from '../../../proto/gen/reflection.gen.ts';
import { defineApi } from '../api.ts';

export const reflectionApi = defineApi<Methods>(data);

export type { ServerReflectionRequest, ServerReflectionResponse } from '../../../proto/gen/reflection.gen.ts';
