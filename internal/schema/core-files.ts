/** The descriptors that micro brings along: its own protos, gRPC's health and reflection, and protobuf's well-known types. Keeps nothing. */

import { type DescriptorFiles, descriptorFile, descriptorFiles } from './descriptor-file.ts';

/** Reads all of them; who needs them twice keeps what this gives. */
export const loadCoreFiles = async (): Promise<DescriptorFiles> => {
  const { files } = await import('../../proto/gen/files.gen.ts');
  return descriptorFiles(Object.values(files).map((text) => descriptorFile(Buffer.from(text, 'base64'))));
};
