// Requests that come before there is anything to answer them with are kept until there is: so many, and no more.
import { LimitError } from '../wire/limits.ts';

const most = 64;
const mostBytes = 8 * 1024 * 1024;

export class EarlyRequests {
  private count = 0;
  private bytes = 0;

  /** One more. @throws LimitError when there are too many, or too large ones. */
  add(bytes: number): void {
    this.count += 1;
    this.bytes += bytes;
    if (this.count <= most && this.bytes <= mostBytes) return;
    throw new LimitError(
      `no configuration is here yet, and until then a stream may send ${most} requests of ${mostBytes} bytes together: wait for the first response`,
    );
  }
}
