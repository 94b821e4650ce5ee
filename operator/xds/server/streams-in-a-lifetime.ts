// How many streams a connection may begin while it lasts. Each costs the event loop, and lines of the log, also one that is cancelled at
// once or refused: a client in a loop has to connect anew every so often, and waits for its turn then (acceptor.ts).
import { innerCall } from './raw-call.ts';

/** A proxy begins one, and others only when that has ended. */
const most = 100;

export class StreamsInALifetime {
  private readonly begun = new WeakMap<object, number>();

  /** One more. Returns false after ending the connection of the call, with all of its streams. */
  add(call: object): boolean {
    const session = innerCall(call)?.stream.session;
    if (session === undefined) return true;
    const count = (this.begun.get(session) ?? 0) + 1;
    this.begun.set(session, count);
    if (count <= most) return true;
    session.destroy();
    return false;
  }
}
