/** The Go builder passes the builder suite, where there is a Go. */

import { type BuilderSubject, builderCases, testBuilder } from '../../../../test/conformance/builder.ts';
import { prepareGo } from '../../../../test/support/prepare-go.ts';
import { create } from './go-builder.ts';

const mod = { text: 'module example.test/hello\n\ngo 1.21\n' };
const subject: BuilderSubject = {
  open: create,
  good: { 'go.mod': mod, 'main.go': { text: 'package main\n\nfunc main() {}\n' } },
  faulty: {
    files: { 'go.mod': mod, 'main.go': { text: 'package main\n\nfunc main() {\n\tnothing()\n}\n' } },
    says: /^main\.go:4:2: undefined: nothing$/,
  },
};

const reason = await prepareGo();
const skips = reason === undefined ? [] : Object.keys(builderCases(subject)).map((test) => ({ test, because: reason }));

testBuilder('go', { ...subject, skips });
