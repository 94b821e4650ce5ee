// Scene: an instance fails, and gets no more requests.
import { waitFor } from '../process/wait.ts';
import type { Reply } from '../traffic/call.ts';
import { reviewsPolicy, withRetries } from './reviews-policy.ts';
import type { Scene } from './scene.ts';
import type { Stage } from './stage.ts';

const failing = 'reviews-v3';
const errorsInARow = 3;
/** So many calls meet each of three instances; by chance they miss one once in 10^13 times. */
const callsBefore = 80;
/** Far more than it takes to meet so many errors. */
const mostCalls = 120;
const callsAfter = 80;
/** All instances of reviews get the same share, and errors are not hidden by retries. */
const ejecting = `apiVersion: meshwright.dev/v1alpha1
kind: TrafficPolicy
metadata:
  namespace: shop
  name: reviews
spec:
  targetRefs:
  - {kind: Service, name: reviews, port: 9080}
  outlierDetection:
    consecutive5xx: ${errorsInARow}
    baseEjectionTime: 30s
`;

interface Outcome {
  readonly versionsBefore: readonly string[];
  /** Calls until so many errors were seen. */
  readonly asked: number;
  readonly failedBefore: number;
  readonly failedAfter: number;
  readonly versionsAfter: readonly string[];
  readonly ejected: number;
}

export const ejection: Scene<Outcome> = {
  title: 'An instance fails',
  explain: `One of three instances of reviews begins to answer 500. Each sidecar judges by its own requests: after ${errorsInARow} errors in a row, the instance gets no more requests for half a minute. Nobody changes anything.`,

  async play(stage) {
    await stage.apply(ejecting);
    const before = versions(await inTurn(stage, callsBefore));
    stage.screen.fact(`reviews is answered by ${before.join(', ')}`);
    await tell(stage, 'break');
    stage.screen.fact(`${failing} answers 500 from now on`);
    const replies = await untilErrors(stage);
    stage.screen.fact(`${failures(replies)} of ${replies.length} calls failed`);
    const ejected = await untilEjected(stage);
    stage.screen.fact(`The sidecar of the caller has ejected endpoints: ${ejected}.`);
    const later = await inTurn(stage, callsAfter);
    const after = versions(later);
    stage.screen.fact(
      `${failures(later)} of ${callsAfter} calls after that failed; reviews is answered by ${after.join(', ')}`,
    );
    await tell(stage, 'repair');
    await stage.apply(reviewsPolicy({ v1: 90, more: withRetries }));
    return {
      versionsBefore: before,
      asked: replies.length,
      failedBefore: failures(replies),
      failedAfter: failures(later),
      versionsAfter: after,
      ejected,
    };
  },

  check: ({ versionsBefore, asked, failedBefore, failedAfter, versionsAfter, ejected }) => [
    {
      holds: versionsBefore.join() === 'v1,v2,v3',
      text: 'before, all three instances answer',
    },
    {
      holds: failedBefore === errorsInARow && ejected === 1,
      text: `${failedBefore} errors among ${asked} calls eject the failing instance`,
    },
    {
      holds: failedAfter === 0 && versionsAfter.join() === 'v1,v2',
      text: `of ${callsAfter} calls after that none fails, and none goes to the failing instance`,
    },
  ],
};

/** Calls until so many errors were seen, and not one more. */
async function untilErrors(stage: Stage): Promise<readonly Reply[]> {
  const replies: Reply[] = [];
  while (failures(replies) < errorsInARow && replies.length < mostCalls) {
    // oxlint-disable-next-line no-await-in-loop -- what counts is how many errors come one after the other
    replies.push(await stage.visit('reviews'));
  }
  return replies;
}

/**
 * How many endpoints are ejected, once no call goes there. Envoy's main thread ejects a moment after the answer that is
 * the reason, and its worker hears of it after that: a call in between still fails.
 */
async function untilEjected(stage: Stage): Promise<number> {
  const probe = async (): Promise<number | undefined> => {
    const ejected = await stage
      .sidecar('visitor')
      .sumOf(/cluster\.shop\/reviews\/9080\.outlier_detection\.ejections_active$/);
    return ejected > 0 && failures(await inTurn(stage, 6)) === 0 ? ejected : undefined;
  };
  const what = `${failing} to be ejected`;
  return waitFor(probe, { what, deadlineMs: 15_000, signal: stage.parts.signal });
}

async function inTurn(stage: Stage, count: number): Promise<readonly Reply[]> {
  const replies: Reply[] = [];
  // oxlint-disable-next-line no-await-in-loop -- one after the other, as they are counted
  for (let sent = 0; sent < count; sent += 1) replies.push(await stage.visit('reviews'));
  return replies;
}

function failures(replies: readonly Reply[]): number {
  return replies.filter(({ status }) => status !== 200).length;
}

function versions(replies: readonly Reply[]): readonly string[] {
  return [...new Set(replies.flatMap(({ answer }) => answer?.version ?? []))].toSorted();
}

/** Its application, past the mesh. */
async function tell(stage: Stage, what: 'break' | 'repair'): Promise<void> {
  const port = stage.parts.workloads.find(({ name }) => name === failing)?.application?.port;
  if (port === undefined) throw new Error(`${failing} has no application`);
  await fetch(`http://127.0.0.1:${port}/${what}`, { signal: stage.parts.signal });
}
