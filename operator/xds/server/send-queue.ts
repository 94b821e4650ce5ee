// Paces what goes out: a few streams at a time send large frames, the oldest first, each piece by piece as its client
// reads. So a thousand new proxies at once cost neither the memory of all their answers nor the others' time, and one that
// does not read costs one piece. Small frames never wait for another stream.
import type { Frame } from './frames.ts';
import type { WriteChunks } from './raw-call.ts';

/** One stream's way out: its frames keep their order. */
export interface SendLane {
  readonly write: WriteChunks;
  /** Frames that are not written yet, the next one first. */
  readonly waiting: Frame[];
  /** A large frame is on its way. */
  isBusy: boolean;
  /** The stream has ended: nothing may be written any more. */
  isClosed: boolean;
}

export function newSendLane(write: WriteChunks): SendLane {
  return { write, waiting: [], isBusy: false, isClosed: false };
}

export interface SendQueueOptions {
  /** Streams that send large frames at a time. Default: 32. */
  readonly lanes: number;
  /**
   * Of a large frame so much is written at a time, in bytes. Node keeps a buffer or two of that size for each TLS connection;
   * with its HTTP/2 header it fits into one TLS record. Default: 16,000.
   */
  readonly pieceBytes: number;
  /** When a client has not taken a piece for so long, another stream takes its place, in milliseconds. Default: 200. */
  readonly stalledMs: number;
}

const defaults: SendQueueOptions = { lanes: 32, pieceBytes: 16_000, stalledMs: 200 };

export class SendQueue {
  private readonly options: SendQueueOptions;
  private readonly queue = new Set<SendLane>();
  private busy = 0;

  constructor(options: Partial<SendQueueOptions> = {}) {
    this.options = { ...defaults, ...options };
  }

  send(lane: SendLane, frame: Frame): void {
    if (lane.isClosed) return;
    lane.waiting.push(frame);
    if (!lane.isBusy) this.advance(lane);
  }

  /** The stream ends: what is not written yet is forgotten, also the rest of a frame. */
  close(lane: SendLane): void {
    lane.isClosed = true;
    lane.waiting.length = 0;
    this.queue.delete(lane);
  }

  private advance(lane: SendLane): void {
    for (;;) {
      const [frame] = lane.waiting;
      if (frame === undefined) return;
      const isLarge = frame.bytes > this.options.pieceBytes;
      if (isLarge && this.busy >= this.options.lanes) {
        this.queue.add(lane);
        return;
      }
      lane.waiting.shift();
      if (isLarge) {
        this.sendPieces(lane, frame);
        return;
      }
      lane.write(frame.chunks);
    }
  }

  private sendPieces(lane: SendLane, frame: Frame): void {
    const pieces = piecesOf(frame, this.options.pieceBytes);
    let hasPlace = true;
    const leave = (): void => {
      if (!hasPlace) return;
      hasPlace = false;
      this.busy -= 1;
      this.next();
    };
    const stalled = setTimeout(leave, this.options.stalledMs).unref();
    const step = (): void => {
      const piece = pieces.next();
      if (piece.done === true || lane.isClosed) {
        clearTimeout(stalled);
        lane.isBusy = false;
        leave();
        this.advance(lane);
      } else {
        stalled.refresh();
        lane.write(piece.value, step);
      }
    };
    this.busy += 1;
    lane.isBusy = true;
    step();
  }

  private next(): void {
    for (const lane of this.queue) {
      if (this.busy >= this.options.lanes) return;
      this.queue.delete(lane);
      this.advance(lane);
    }
  }
}

function* piecesOf({ chunks }: Frame, pieceBytes: number): Generator<readonly Buffer[], undefined> {
  let piece: Buffer[] = [];
  let room = pieceBytes;
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length;) {
      const part = chunk.subarray(at, at + room);
      piece.push(part);
      at += part.length;
      room -= part.length;
      if (room === 0) {
        yield piece;
        piece = [];
        room = pieceBytes;
      }
    }
  }
  if (piece.length > 0) yield piece;
}
