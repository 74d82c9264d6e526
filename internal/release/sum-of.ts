/** SHA256SUMS: one line per program, as sha256sum writes them. Pure. */

/** The hash in lower case; undefined when no line names the file, or its line holds no sha256. */
export const sumOf = (text: string, name: string): string | undefined => {
  for (const line of text.split(/\r?\n/)) {
    const [, hash, file] = /^(\S+)[ \t]+\*?(.*?)[ \t]*$/.exec(line) ?? [];
    if (file === name) return hash !== undefined && /^[0-9a-f]{64}$/i.test(hash) ? hash.toLowerCase() : undefined;
  }
  return undefined;
};
