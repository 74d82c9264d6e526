/** Output: how a command speaks to its user. Results go to stdout, everything else to stderr. */

export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => string;
}

export interface Output {
  /** 'text', or 'json' when `--output json` was given. */
  readonly format: 'text' | 'json';
  /** Width of the terminal in columns, undefined when stdout is not a terminal. */
  readonly columns: number | undefined;
  /** Stdin is a terminal: prompts are answered by a person, who can be asked again. */
  readonly interactive: boolean;
  /** One line to stdout. */
  line(text: string): void;
  /** Text to stdout as it is, without a newline. */
  write(text: string | Uint8Array): void;
  /** One line to stderr. */
  note(text: string): void;
  /** A tab-written table (cli.md A.1, TW1), or the rows as a JSON array of objects when the format is json. Nothing for no rows in text form. */
  table<Row>(rows: readonly Row[], columns: readonly Column<Row>[], json?: (row: Row) => unknown): void;
  /** A value as JSON indented by one TAB, with a newline. */
  json(value: unknown): void;
  /**
   * Reads one line from stdin; `hidden` turns the echo off on a terminal. The prompt goes to stdout without a newline; with `aside` to
   * stderr, for commands whose stdout is a value.
   */
  prompt(text: string, o?: { hidden?: boolean; aside?: boolean }): Promise<string>;
}
