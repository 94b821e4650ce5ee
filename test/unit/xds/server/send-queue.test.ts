// The pacing of what goes out, with streams that read when the test says so.
import { describe, expect, test } from '@jest/globals';
import type { Frame } from '../../../../operator/xds/server/frames.ts';
import { newSendLane, SendQueue, type SendLane } from '../../../../operator/xds/server/send-queue.ts';
import { untilHolds } from '../../../support/until.ts';

const pieceBytes = 4;

/** A client that takes one piece whenever `read` is called. */
class Reader {
  readonly lane: SendLane;
  written = '';
  private readonly unread: (() => void)[] = [];

  constructor() {
    this.lane = newSendLane((chunks, done) => {
      this.written += Buffer.concat(chunks).toString();
      if (done !== undefined) this.unread.push(done);
    });
  }

  read(): void {
    this.unread.shift()?.();
  }

  readAll(): void {
    while (this.unread.length > 0) this.read();
  }
}

function frame(...chunks: readonly string[]): Frame {
  const buffers = chunks.map((text) => Buffer.from(text));
  return { chunks: buffers, bytes: Buffer.concat(buffers).length };
}

function sendQueue(lanes: number, stalledMs = 60_000): SendQueue {
  return new SendQueue({ lanes, pieceBytes, stalledMs });
}

describe('one stream', () => {
  test('a small frame is written at once, in one go', () => {
    const [out, reader] = [sendQueue(1), new Reader()];

    out.send(reader.lane, frame('ab', 'cd'));

    expect(reader.written).toBe('abcd');
  });

  test('a large frame is written piece by piece, each after the one before was taken', () => {
    const [out, reader] = [sendQueue(1), new Reader()];
    out.send(reader.lane, frame('ab', 'cdefghij', 'kl'));

    const seen = [reader.written];
    for (let step = 0; step < 3; step += 1) {
      reader.read();
      seen.push(reader.written);
    }

    expect(seen).toEqual(['abcd', 'abcdefgh', 'abcdefghijkl', 'abcdefghijkl']);
  });

  test('frames keep their order, small ones behind large ones', () => {
    const [out, reader] = [sendQueue(1), new Reader()];

    out.send(reader.lane, frame('11111111'));
    out.send(reader.lane, frame('2'));
    out.send(reader.lane, frame('33333'));
    reader.readAll();

    expect(reader.written).toBe('11111111233333');
  });
});

describe('many streams', () => {
  test('no more of them than there are lanes send large frames at a time, the oldest first', () => {
    const out = sendQueue(2);
    const readers = [new Reader(), new Reader(), new Reader(), new Reader()];
    for (const { lane } of readers) out.send(lane, frame('12345678'));
    const written = (): string[] => readers.map((it) => it.written);

    const seen = [written()];
    readers[1]?.readAll();
    seen.push(written());
    readers[0]?.readAll();
    seen.push(written());

    expect(seen).toEqual([
      ['1234', '1234', '', ''],
      ['1234', '12345678', '1234', ''],
      ['12345678', '12345678', '1234', '1234'],
    ]);
  });

  test('73: a small frame waits for no other stream', () => {
    const [out, large, small] = [sendQueue(1), new Reader(), new Reader()];
    out.send(large.lane, frame('12345678'));

    out.send(small.lane, frame('abc'));

    expect(small.written).toBe('abc');
  });

  test('73: a stream that does not read leaves its place to others, and goes on when it reads again', async () => {
    const [out, stopped, waiting] = [sendQueue(1, 1), new Reader(), new Reader()];
    out.send(stopped.lane, frame('12345678'));
    out.send(waiting.lane, frame('12345678'));
    expect(waiting.written).toBe('');

    await untilHolds(() => waiting.written === '1234');
    stopped.readAll();
    waiting.readAll();

    expect([stopped.written, waiting.written]).toEqual(['12345678', '12345678']);
  });

  test('73: a stream that was stopped for long does not take a second place from the others', async () => {
    const out = sendQueue(1, 1);
    const [stopped, second, third] = [new Reader(), new Reader(), new Reader()];
    out.send(stopped.lane, frame('12345678'));
    out.send(second.lane, frame('12345678'));
    await untilHolds(() => second.written === '1234');

    // It ends while the second one sends: the third has to wait for that one.
    stopped.readAll();
    out.send(third.lane, frame('12345678'));
    expect(third.written).toBe('');
    second.readAll();

    expect(third.written).toBe('1234');
  });
});

describe('a stream that ends', () => {
  test('is written nothing more, also of the frame that is on its way', () => {
    const [out, reader] = [sendQueue(1), new Reader()];
    out.send(reader.lane, frame('12345678'));
    out.send(reader.lane, frame('9'));

    out.close(reader.lane);
    reader.readAll();

    expect(reader.written).toBe('1234');
  });

  test('leaves its place', () => {
    const [out, ended, next] = [sendQueue(1), new Reader(), new Reader()];
    out.send(ended.lane, frame('12345678'));
    out.send(next.lane, frame('12345678'));

    out.close(ended.lane);
    ended.readAll();
    next.readAll();

    expect(next.written).toBe('12345678');
  });

  test('while it waits for its place is forgotten', () => {
    const out = sendQueue(1);
    const [first, ended, last] = [new Reader(), new Reader(), new Reader()];
    for (const { lane } of [first, ended, last]) out.send(lane, frame('12345678'));

    out.close(ended.lane);
    first.readAll();
    last.readAll();

    expect([ended.written, last.written]).toEqual(['', '12345678']);
  });

  test('and is sent to nevertheless, is written nothing', () => {
    const [out, reader] = [sendQueue(1), new Reader()];
    out.close(reader.lane);

    out.send(reader.lane, frame('1'));

    expect(reader.written).toBe('');
  });
});
