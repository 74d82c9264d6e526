/** What a peer is told that speaks plain text where it must not, in its own protocol. */

import * as assert from 'uvu/assert';

import { suite } from '../../test/support/suite.ts';
import { refusePlainText } from './refuse-plain-text.ts';

const test = suite('http: refuse plain text');
const refusal = (start: string | Buffer) => refusePlainText('go.micro.api', Buffer.from(start as string, 'latin1'));

for (const start of ['GET / HTTP/1.1\r\n', 'POST /a/b HTTP/1.1\r\n', 'OPTIONS * HTTP/1.1\r\n', 'CONNECT a:1 HTTP/1.1'])
  test(`${JSON.stringify(start)} gets a whole HTTP/1.1 answer`, () => {
    const text = refusal(start)?.toString('latin1') ?? '';
    const [head = '', body = ''] = text.split('\r\n\r\n');
    assert.match(head, /^HTTP\/1\.1 400 Bad Request\r\nContent-Type: application\/json\r\n/);
    assert.match(head, new RegExp(`^Content-Length: ${body.length}$`, 'm'));
    assert.match(head, /^Connection: close$/m);
    const { id, code, detail, hint } = JSON.parse(body);
    assert.equal([id, code, detail], ['go.micro.api', 400, 'this port speaks TLS']);
    assert.match(hint, /^write https:\/\/ /);
  });

const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
for (const start of [preface, `${preface}more`, 'PRI * HT', 'PRI'])
  test(`${JSON.stringify(start)} gets SETTINGS and GOAWAY`, () => {
    const answer = refusal(start) ?? Buffer.alloc(0);
    assert.is(answer.toString('hex', 0, 9), '000000040000000000');
    assert.is(answer[9 + 3], 7, 'a GOAWAY');
    assert.is(answer.readUInt32BE(9 + 9 + 4), 0xc, 'INADEQUATE_SECURITY');
    assert.match(answer.toString('latin1', 9 + 9 + 8), /^this port speaks TLS: write https:\/\//);
    assert.is(answer.readUIntBE(9, 3), answer.length - 18, 'its length');
  });

for (const start of ['', 'P', 'hello', '\0\0\0', 'get / HTTP/1.1', 'SSH-2.0-x', 'PRJ'])
  test(`${JSON.stringify(start)} gets nothing`, () => {
    assert.is(refusal(start), undefined);
  });

test.run();
