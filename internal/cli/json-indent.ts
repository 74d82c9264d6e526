/**
 * Reads JSON text token by token and writes it again, without turning numbers or strings into values: what was
 * received is what is printed, to the last digit. Owns the reader used to print answers and to check requests.
 */

import { jsonDepthMax } from '../contract/limits.ts';

export type JsonKind = 'object' | 'array' | 'string' | 'number' | 'literal';

export interface JsonText {
  readonly kind: JsonKind;
  /** The value without blanks between its tokens. */
  readonly text: string;
  /** What follows the value. */
  readonly rest: string;
}

/** One TAB per level, `"key": value`, keys in the order received, empty containers on one line. Throws SyntaxError. */
export const indentJson = (text: string): string => {
  const { out, end } = read(text, indented);
  const rest = skipBlanks(text, end);
  if (rest < text.length) throw fault(text, rest);
  return out;
};

/** The first JSON value of a text; what comes after it is not looked at. Throws SyntaxError. */
export const firstJson = (text: string): JsonText => {
  const { out, end } = read(text, compact);
  return { kind: kindOf(out), text: out, rest: text.slice(end) };
};

interface Style {
  /** Between a bracket or comma and the next token. */
  readonly newline: (depth: number) => string;
  readonly colon: string;
}

const indented: Style = { newline: (depth) => `\n${'\t'.repeat(depth)}`, colon: ': ' };
const compact: Style = { newline: () => '', colon: ':' };

/** Where the reader stands: before a value, before a key, or after a value. `first` is right behind a bracket. */
type Expect = 'value' | 'first value' | 'key' | 'first key' | 'after value';

const read = (text: string, style: Style): { out: string; end: number } => {
  const out: string[] = [];
  // A list of open brackets instead of recursion: depth is then a bound of ours, not of the stack.
  const open: ('{' | '[')[] = [];
  let expect: Expect = 'value';
  let at = 0;
  while (true) {
    at = skipBlanks(text, at);
    const char = text[at] ?? '';
    const inside = open.at(-1);
    if (expect === 'after value') {
      if (char === ',') {
        out.push(',', style.newline(open.length));
        expect = inside === '{' ? 'key' : 'value';
      } else if (char === closing(inside)) {
        open.pop();
        out.push(style.newline(open.length), char);
      } else throw fault(text, at);
      at += 1;
    } else if ((expect === 'first key' || expect === 'first value') && char === closing(inside)) {
      open.pop();
      out.push(char);
      expect = 'after value';
      at += 1;
    } else {
      if (expect === 'first key' || expect === 'first value') out.push(style.newline(open.length));
      if (expect === 'key' || expect === 'first key') {
        const end = endOfString(text, at);
        const colon = skipBlanks(text, end);
        if (text[colon] !== ':') throw fault(text, colon);
        out.push(text.slice(at, end), style.colon);
        at = colon + 1;
        expect = 'value';
      } else if (char === '{' || char === '[') {
        if (open.length >= jsonDepthMax)
          throw new SyntaxError(`JSON nested deeper than ${jsonDepthMax} (jsonDepthMax)`);
        open.push(char);
        out.push(char);
        expect = char === '{' ? 'first key' : 'first value';
        at += 1;
      } else {
        const end = endOfScalar(text, at);
        out.push(text.slice(at, end));
        at = end;
        expect = 'after value';
      }
    }
    if (open.length === 0 && expect === 'after value') return { out: out.join(''), end: at };
  }
};

const closing = (bracket: '{' | '[' | undefined): string => (bracket === '{' ? '}' : ']');

const blank = (code: number): boolean => code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;

const skipBlanks = (text: string, at: number): number => {
  let end = at;
  while (blank(text.charCodeAt(end))) end += 1;
  return end;
};

const quoteCode = 0x22;
const backslashCode = 0x5c;
const escapes = 'bfnrt/\\"';

// By hand: a pattern with alternatives runs out of stack on strings of some megabytes.
const endOfString = (text: string, at: number): number => {
  if (text.charCodeAt(at) !== quoteCode) throw fault(text, at);
  let end = at + 1;
  while (true) {
    const code = text.charCodeAt(end);
    if (code === quoteCode) return end + 1;
    // Not a number at the end of the text; control characters must be escaped.
    if (!(code >= 0x20)) throw fault(text, end);
    end = code === backslashCode ? endOfEscape(text, end + 1) : end + 1;
  }
};

const endOfEscape = (text: string, at: number): number => {
  if (text[at] === 'u' && /^[0-9a-fA-F]{4}$/.test(text.slice(at + 1, at + 5))) return at + 5;
  if (at >= text.length || !escapes.includes(text[at]!)) throw fault(text, at);
  return at + 1;
};

// Sticky, so that it matches at one place only; used right after its lastIndex is set.
const scalarAt = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null/y;

const endOfScalar = (text: string, at: number): number => {
  if (text.charCodeAt(at) === quoteCode) return endOfString(text, at);
  scalarAt.lastIndex = at;
  if (!scalarAt.test(text)) throw fault(text, at);
  return scalarAt.lastIndex;
};

const kindOf = (text: string): JsonKind => {
  switch (text[0]) {
    case '{':
      return 'object';
    case '[':
      return 'array';
    case '"':
      return 'string';
    case 't':
    case 'f':
    case 'n':
      return 'literal';
    default:
      return 'number';
  }
};

const fault = (text: string, at: number): SyntaxError =>
  new SyntaxError(
    at >= text.length
      ? 'unexpected end of JSON input'
      : `invalid character ${JSON.stringify(String.fromCodePoint(text.codePointAt(at) ?? 0))} at offset ${at} of JSON input`,
  );
