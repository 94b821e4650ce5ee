// Scene: an instance fails, and gets no more requests.
import type { Reply } from '../traffic/call.ts';
import { reviewsPolicy, withRetries } from './reviews-policy.ts';
import type { Scene } from './scene.ts';
import type { Stage } from './stage.ts';

const failing = 'reviews-v3';
const calls = 80;
const allowedErrors = 3;
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
    consecutive5xx: ${allowedErrors}
    baseEjectionTime: 30s
`;

interface Outcome {
  readonly versionsBefore: readonly string[];
  readonly failed: number;
  readonly versionsAfter: readonly string[];
  readonly ejected: number;
}

export const ejection: Scene<Outcome> = {
  title: 'An instance fails',
  explain: `One of three instances of reviews begins to answer 500. Each sidecar judges by its own requests: after ${allowedErrors} errors in a row, the instance gets no more requests for half a minute. Nobody changes anything.`,

  async play(stage) {
    await stage.apply(ejecting);
    const before = versions(await inTurn(stage, 30));
    stage.screen.fact(`reviews is answered by ${before.join(', ')}`);
    await tell(stage, 'break');
    stage.screen.fact(`${failing} answers 500 from now on`);
    const replies = await inTurn(stage, calls);
    const failed = replies.filter(({ status }) => status !== 200).length;
    const after = versions(await inTurn(stage, 30));
    stage.screen.fact(`${failed} of ${calls} calls failed; then reviews is answered by ${after.join(', ')}`);
    const ejected = await stage
      .sidecar('visitor')
      .sumOf(/cluster\.shop\/reviews\/9080\.outlier_detection\.ejections_active$/);
    stage.screen.fact(`The sidecar of the caller has ejected endpoints: ${ejected}.`);
    await tell(stage, 'repair');
    await stage.apply(reviewsPolicy({ v1: 90, more: withRetries }));
    return { versionsBefore: before, failed, versionsAfter: after, ejected };
  },

  check: ({ versionsBefore, failed, versionsAfter, ejected }) => [
    {
      holds: versionsBefore.join() === 'v1,v2,v3',
      text: 'before, all three instances answer',
    },
    {
      holds: failed === allowedErrors,
      text: `exactly ${allowedErrors} of ${calls} calls see an error`,
    },
    {
      holds: versionsAfter.join() === 'v1,v2' && ejected === 1,
      text: 'after that, the failing instance gets no calls, and one endpoint is ejected',
    },
  ],
};

async function inTurn(stage: Stage, count: number): Promise<readonly Reply[]> {
  const replies: Reply[] = [];
  // What counts is how many errors come one after the other.
  // oxlint-disable-next-line no-await-in-loop
  for (let sent = 0; sent < count; sent += 1) replies.push(await stage.visit('reviews'));
  return replies;
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
