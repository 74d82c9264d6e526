/** Finds where a text stops being JSON, for error messages: JSON.parse does not always say. Builds no values. */

export interface JsonFault {
  readonly line: number;
  readonly column: number;
}

type Expect = 'value' | 'value or ]' | 'key' | 'key or }' | 'colon' | 'comma' | 'end';

const token =
  /[ \t\r\n]*(?:([{}[\],:])|("(?:[^"\\]|\\.)*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null))/y;
const blanks = /[ \t\r\n]*/y;

/** Line and column (from 1) of the first character that cannot belong to a JSON value; undefined when the text is JSON. */
export const jsonFault = (text: string): JsonFault | undefined => {
  const open: string[] = [];
  let expect: Expect = 'value';
  let at = skipBlanks(text, 0);
  while (at < text.length) {
    token.lastIndex = at;
    const match = token.exec(text);
    if (match === null || !isString(match[2] ?? '""')) return place(text, at);
    const next = step(expect, match, open);
    if (next === undefined) return place(text, at);
    expect = next;
    at = skipBlanks(text, token.lastIndex);
  }
  return expect === 'end' ? undefined : place(text, at);
};

/** Escapes and control characters are left to the parser itself. */
const isString = (text: string): boolean => {
  try {
    return typeof JSON.parse(text) === 'string';
  } catch {
    // That is the fault that was looked for.
    return false;
  }
};

/** What may follow this token; undefined when it may not stand here. `open` holds the brackets around it. */
const step = (expect: Expect, match: RegExpExecArray, open: string[]): Expect | undefined => {
  const [, mark, string] = match;
  const closes = (mark === '}' && open.at(-1) === '{') || (mark === ']' && open.at(-1) === '[');
  if (closes && (expect === 'comma' || expect === 'key or }' || expect === 'value or ]')) {
    open.pop();
    return open.length === 0 ? 'end' : 'comma';
  }
  switch (expect) {
    case 'value':
    case 'value or ]':
      if (mark === undefined) return open.length === 0 ? 'end' : 'comma';
      if (mark !== '{' && mark !== '[') return undefined;
      open.push(mark);
      return mark === '{' ? 'key or }' : 'value or ]';
    case 'key':
    case 'key or }':
      return string === undefined ? undefined : 'colon';
    case 'colon':
      return mark === ':' ? 'value' : undefined;
    case 'comma':
      if (mark !== ',') return undefined;
      return open.at(-1) === '{' ? 'key' : 'value';
    case 'end':
      return undefined;
  }
};

const skipBlanks = (text: string, from: number): number => {
  blanks.lastIndex = from;
  blanks.exec(text);
  return blanks.lastIndex;
};

const place = (text: string, at: number): JsonFault => {
  const before = text.slice(0, at).split('\n');
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
};
