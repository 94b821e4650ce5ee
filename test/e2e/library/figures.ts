// What was measured on the way, for people: printed at the end of the run.

export class Figures {
  readonly #lines: string[] = [];

  /** ms: printed as seconds. */
  add(what: string, ms: number): void {
    this.note(`${what}: ${(ms / 1000).toFixed(1)} s`);
  }

  note(line: string): void {
    this.#lines.push(line);
  }

  text(): string {
    return this.#lines.map((line) => `  ${line}\n`).join('');
  }
}
