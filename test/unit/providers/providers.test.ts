// The providers of the Mesh: each type of what is for one waits for itself.
import { expect, test } from '@jest/globals';
import type { ProviderReport } from '../../../operator/conditions/provider-report.ts';
import type { Outcome } from '../../../operator/providers/outbox.ts';
import { Providers } from '../../../operator/providers/providers.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { sampleAccessLog } from '../../support/mesh-samples.ts';
import { countsOf, logsOf, pointOf, spansOf } from '../../support/telemetry/signals.ts';

const provider = {
  name: 'p',
  type: 'OpenTelemetry',
  endpoint: 'http://collector.shop',
  protocol: 'HTTP',
  metrics: true,
} as const;

test('what one type waits for does not delay the others, and the report says what has been wrong for longest', async () => {
  const clock = new FakeClock(1_000);
  const calls: string[] = [];
  let reports: readonly ProviderReport[] = [];
  const outcomes: Record<string, Outcome> = {
    logs: { type: 'taken' },
    spans: { type: 'failed', reason: 'no spans' },
    counts: { type: 'refused', reason: 'no counts' },
  };
  const providers = new Providers({
    clock,
    counted: () => undefined,
    changed: (all) => (reports = all),
    createSender: () => ({
      send: (type) => {
        calls.push(type);
        return Promise.resolve(outcomes[type] ?? { type: 'taken' });
      },
      close: () => undefined,
    }),
  });
  providers.set({
    providers: [provider],
    tracing: { providers: ['p'], percentage: 1, propagation: 'W3C' },
    accessLogs: [{ ...sampleAccessLog, providers: ['p'] }],
  });

  providers.offer(spansOf('a'));
  await clock.pass(500);
  providers.offer(countsOf(0, pointOf()));
  providers.offer(logsOf('all'));
  await clock.pass(0);

  expect(calls).toEqual(['spans', 'counts', 'logs']);
  expect(reports).toEqual([{ name: 'p', trouble: { reason: 'no spans', sinceMs: 1_000 }, dropped: 1 }]);
  outcomes['spans'] = { type: 'taken' };
  await clock.pass(500);
  expect(reports[0]?.trouble).toEqual({ reason: 'no counts', sinceMs: 1_500 });
  providers.close();
});
