// Keeps a stream to the leader while there is one that is not this replica itself.
import type { Log } from '../process/log.ts';
import type { Clock } from '../process/clock.ts';
import type { Own } from './delta.ts';
import type { Counted } from '../telemetry/point.ts';
import { Link } from './link.ts';
import type { PeerCredentials } from './peer-credentials.ts';
import type { QuotaMessage } from './quota-message.ts';

export interface FollowerOptions {
  readonly replica: () => string;
  readonly own: () => Own;
  readonly credentials: PeerCredentials;
  /** `monotonicMs` is the clock of `connectedAtMs`. */
  readonly clock: Clock;
  readonly log: Log;
  /** The leader has assigned a share of a quota to a sidecar of this replica. */
  readonly onQuota: (message: QuotaMessage) => void;
}

const firstPauseMs = 200;
const longestPauseMs = 5000;

export class Follower {
  readonly #options: FollowerOptions;
  #leader: string | null = null;
  #link: Link | null = null;
  #pauseMs = firstPauseMs;
  #cancelPause: (() => void) | undefined;

  constructor(options: FollowerOptions) {
    this.#options = options;
  }

  /** The leader's host:port; null: nobody, or this replica itself. Also after the leader of an address is another. */
  setLeader(leader: string | null): void {
    this.#link?.close();
    this.#link = null;
    this.#leader = leader;
    this.#pauseMs = firstPauseMs;
    this.#dial();
  }

  /** The state of this replica may have changed. */
  changed(): void {
    this.#link?.changed();
  }

  /** A sidecar has reported to this replica. Nobody is told while there is no leader to tell. */
  counted(counted: Counted): void {
    this.#link?.counted(counted);
  }

  /** A sidecar has reported on quotas to this replica. Nobody is told while there is no leader to tell. */
  quota(report: QuotaMessage): void {
    this.#link?.quota(report);
  }

  /** There are credentials now, perhaps for the first time. */
  certified(): void {
    if (this.#link === null) this.#dial();
  }

  #dial(): void {
    this.#cancelPause?.();
    const { credentials, log } = this.#options;
    const [leader, channel] = [this.#leader, credentials.channel()];
    if (leader === null || channel === null) return;
    let isAccepted = false;
    this.#link = new Link({
      ...this.#options,
      replica: this.#options.replica(),
      address: leader,
      credentials: channel,
      onAccepted: () => {
        if (isAccepted) return;
        isAccepted = true;
        this.#pauseMs = firstPauseMs;
        log.info({ leader }, 'reporting to the leader');
      },
      onEnd: (why) => {
        this.#link = null;
        log.info({ leader, why, againInMs: this.#pauseMs }, 'not reporting to the leader');
        this.#cancelPause = this.#options.clock.after(this.#pauseMs, () => this.#dial());
        this.#pauseMs = Math.min(this.#pauseMs * 2, longestPauseMs);
      },
    });
  }
}
