// The terminal: calm lines of at most 100 columns, colours only where they are wanted.
import { styleText } from 'node:util';
import type { DiffLine } from './diff.ts';
import { wrap } from './wrap.ts';

export const columns = 100;

type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

export interface Terminal {
  write(text: string): unknown;
  /** A terminal that shows colours and a user who has not declined them (NO_COLOR). */
  readonly hasColors: boolean;
}

export class Screen {
  readonly #terminal: Terminal;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** A scene's heading: a rule with its number and title. */
  heading(text: string): void {
    const rule = '─'.repeat(Math.max(3, columns - text.length - 4));
    this.#line('');
    this.#line(`${this.#paint('dim', '──')} ${this.#paint('bold', text)} ${this.#paint('dim', rule)}`);
  }

  paragraph(text: string): void {
    for (const line of wrap(text, columns)) this.#line(line);
  }

  /** What happened, marked with a dot. */
  fact(text: string): void {
    this.#marked(this.#paint('cyan', '•'), text);
  }

  check(holds: boolean, text: string): void {
    this.#marked(
      holds ? this.#paint('green', '✓') : this.#paint('red', '✗'),
      holds ? text : `NOT SO: ${text}`,
    );
  }

  /** A line as somebody else printed it (a log, a condition), wrapped and indented. */
  quote(text: string): void {
    for (const line of wrap(text, columns - 6)) this.#line(`    ${this.#paint('dim', '│')} ${line}`);
  }

  /** Something to type, on a line of its own, however long. */
  example(text: string): void {
    this.#line(`      ${this.#paint('bold', text)}`);
  }

  /** A file that was edited, and the lines that changed. */
  edit(file: string, lines: readonly DiffLine[]): void {
    this.#line(`  ${this.#paint('yellow', '✎')} ${this.#paint('bold', file)}`);
    this.diff(lines);
  }

  /** A table with its header, indented. */
  table(lines: readonly string[]): void {
    lines.forEach((line, at) =>
      this.#line(`    ${at === 0 ? this.#paint('dim', line) : this.#conditions(line)}`),
    );
  }

  /** Changed lines, at most `limit` of them. */
  diff(lines: readonly DiffLine[], limit = 30): void {
    for (const { mark, text } of lines.slice(0, limit)) {
      const line = `    ${mark} ${text}`.trimEnd();
      this.#line(mark === ' ' ? this.#paint('dim', line) : this.#paint(mark === '+' ? 'green' : 'red', line));
    }
    if (lines.length > limit)
      this.#line(this.#paint('dim', `      … and ${lines.length - limit} more lines`));
  }

  blank(): void {
    this.#line('');
  }

  #marked(mark: string, text: string): void {
    wrap(text, columns - 4).forEach((line, at) => this.#line(at === 0 ? `  ${mark} ${line}` : `    ${line}`));
  }

  #conditions(line: string): string {
    if (!this.#terminal.hasColors) return line;
    return line
      .replaceAll(/\bTrue\b/g, (word) => this.#paint('green', word))
      .replaceAll(/\bFalse\b/g, (word) => this.#paint('red', word));
  }

  #paint(style: Style, text: string): string {
    return this.#terminal.hasColors ? styleText(style, text, { validateStream: false }) : text;
  }

  #line(text: string): void {
    this.#terminal.write(`${text}\n`);
  }
}
