/** The errors.Error message, which travels in the details of a gRPC status. */

import { type Error as ErrorMessage, data } from '../../../proto/gen/errors.gen.ts';
import { messageCodec } from '../api.ts';

export const errorCodec = messageCodec<ErrorMessage>(data, 'errors.Error');
