/** The Go builder passes the builder suite, where there is a Go. */

import { dirname } from 'node:path';

import { goCommand, goSettings } from '../../../../build/go-fixtures.ts';
import { type BuilderSubject, builderCases, testBuilder } from '../../../../test/conformance/builder.ts';
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

const go = goCommand();
Object.assign(process.env, await goSettings(), { PATH: `${process.env.PATH}:${dirname(go ?? '/')}` });
const withoutGo = Object.keys(builderCases(subject)).map((test) => ({ test, because: 'this machine has no Go' }));

testBuilder('go', { ...subject, skips: go === undefined ? withoutGo : [] });
