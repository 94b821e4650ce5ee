// Writes messages to a stream while not too much waits there. A stream of messages itself counts how many wait, not how large they are.

/** What is written waits until the function is called. */
export interface MessageStream {
  write(bytes: Buffer, done: () => void): unknown;
}

export class BoundedWriter {
  readonly #stream: MessageStream;
  readonly #mostBytes: number;
  #waitingBytes = 0;

  constructor(stream: MessageStream, mostBytes: number) {
    this.#stream = stream;
    this.#mostBytes = mostBytes;
  }

  /** False: it is left out, since more waits than may. */
  write(bytes: Buffer): boolean {
    if (this.#waitingBytes > this.#mostBytes) return false;
    this.#waitingBytes += bytes.length;
    this.#stream.write(bytes, () => {
      this.#waitingBytes -= bytes.length;
    });
    return true;
  }
}
