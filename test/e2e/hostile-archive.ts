/** Uploads archives that no honest command line would make: entries with any path, and nothing checked on this side. */

import { createRpcClient } from '../../internal/rpc/client.ts';
import { openAdminCaller } from '../support/rpc.ts';

export interface Entry {
  readonly path: string;
  readonly body: string;
  /** Type flag of the entry; default a file. */
  readonly type?: string;
  readonly linkTo?: string;
}

const blockBytes = 512;

/** One ustar header and its content, padded; the checksum is right, the path may be anything. */
const tarEntry = ({ path, body, type = '0', linkTo = '' }: Entry): Buffer => {
  const header = Buffer.alloc(blockBytes);
  const octal = (value: number, digits: number): string => `${value.toString(8).padStart(digits - 1, '0')}\0`;
  header.write(path, 0, 100);
  header.write(octal(0o644, 8), 100);
  header.write(octal(0, 8), 108);
  header.write(octal(0, 8), 116);
  header.write(octal(Buffer.byteLength(body), 12), 124);
  header.write(octal(0, 12), 136);
  header.write('        ', 148);
  header.write(type, 156);
  header.write(linkTo, 157, 100);
  header.write('ustar\0' + '00', 257);
  const sum = header.reduce((a, b) => a + b, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  const content = Buffer.alloc(Math.ceil(Buffer.byteLength(body) / blockBytes) * blockBytes);
  content.write(body);
  return Buffer.concat([header, content]);
};

/** The refusal's text, or undefined when the server accepted and created the service from it. */
export const uploadTar = async (
  address: string,
  name: string,
  entries: readonly Entry[],
  /** Sent instead of an archive. */
  bytes?: Buffer,
): Promise<string | undefined> => {
  const tar = bytes ?? Buffer.concat([...entries.map(tarEntry), Buffer.alloc(2 * blockBytes)]);
  const caller = await openAdminCaller(address);
  const client = createRpcClient({});
  try {
    const stream = client.stream(address, '/runtime.Source/Upload', {
      token: caller.token,
      namespace: 'micro',
      contentType: 'application/grpc+json',
    });
    const message = { service: { name, version: 'latest' }, data: tar.toString('base64') };
    await stream.send(Buffer.from(JSON.stringify(message)));
    stream.end();
    for await (const answer of stream) {
      const { id } = JSON.parse(Buffer.from(answer).toString('utf8'));
      await caller.call('runtime', 'Runtime.Create', {
        resource: { service: { name, version: 'latest', source: id } },
        options: { namespace: 'micro' },
      });
    }
    return undefined;
  } catch (e) {
    return e instanceof Error ? e.message : String(e);
  } finally {
    await client.close();
    await caller.close();
  }
};
