/** Friendly errors: the table of the specification, row by row. */

import * as assert from 'uvu/assert';

import { suite } from '../../test/support/suite.ts';
import { ExitError, internal, microError, timeout, unauthorized } from '../contract/error.ts';
import { cliError, errorText } from './cli-error.ts';

const test = suite('cli: cli-error');
const id = 'go.micro.client';

for (const [title, error, message, exitCode] of [
  ['exit errors stay', new ExitError('as it is', 42), 'as it is', 42],
  [
    'malformed method',
    internal(id, 'malformed method name: "Registry"'),
    'Method name "Registry" invalid format. Expecting service.endpoint',
    3,
  ],
  ['route not found', internal(id, 'service foo.bar: route not found'), 'Service "foo.bar" not found', 4],
  ['route of a name with a dash', internal(id, 'service foo-bar: route not found'), 'Service "foo-bar" not found', 4],
  ['unknown method', internal(id, 'unknown service Foo.Bar'), 'Service method "Foo.Bar" not found', 5],
  ['unknown handler', internal(id, 'unknown service Foo'), 'Service "Foo" not found', 5],
  [
    'no connection',
    internal(
      id,
      'connection error: desc = "transport: Error while dialing dial tcp 127.0.0.1:8081: connect: connection refused"',
    ),
    'Failed to connect to micro server at 127.0.0.1:8081',
    4,
  ],
  [
    'no connection over IPv6',
    internal(
      id,
      'connection error: desc = "transport: Error while dialing dial tcp [::1]:8081: connect: connection refused"',
    ),
    'Failed to connect to micro server at [::1]:8081',
    4,
  ],
  [
    'a failed handshake',
    internal(
      id,
      'connection error: desc = "transport: authentication handshake failed: 10.0.0.1:8081: its certificate is for a.com, not for 10.0.0.1"',
    ),
    'Failed to connect to micro server at 10.0.0.1:8081: its certificate is for a.com, not for 10.0.0.1',
    4,
  ],
  ['plain errors', new Error('boom'), 'boom', 128],
  ['what is no error', 'text', 'text', 128],
  ['time-out', timeout(id, 'x'), 'Request timed out', 1],
  ['not authorised', unauthorized(id, 'x'), 'Not authorized to perform this request', 2],
  ['other codes', microError(403, id, 'Forbidden call made to a:b by c'), 'Forbidden call made to a:b by c', 127],
] as const)
  test(title, () => {
    const got = cliError(error);
    assert.equal([got.message, got.exitCode], [message, exitCode]);
  });

test('the hint of an error is the second line', () => {
  const error = unauthorized(id, 'x', { hint: 'you are not logged in to local: micro login' });
  assert.is(
    errorText(cliError(error)),
    'Not authorized to perform this request\nyou are not logged in to local: micro login\n',
  );
});

test('an error without text says nothing', () => assert.is(errorText(cliError(new ExitError('', 3))), ''));

test('a server cannot steer the terminal', () =>
  assert.is(errorText({ message: 'a\u001b[2Jb\nc', exitCode: 1 }), 'a?[2Jb\nc\n'));

test.run();
