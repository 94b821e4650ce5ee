// What Google's answer to a request means for what was sent. Pure. @see https://cloud.google.com/apis/design/errors
import { z } from 'zod';
import type { Outcome } from '../outbox.ts';
import { shortened } from '../reason.ts';

const Status = z.object({ code: z.number().optional(), message: z.string().optional() });
const Detail = z.object({
  '@type': z.string().optional(),
  // google.monitoring.v3.CreateTimeSeriesSummary; what is 0 is left out.
  totalPointCount: z.number().optional(),
  successPointCount: z.number().optional(),
  errors: z.array(z.object({ status: Status.optional() })).optional(),
  // google.logging.v2.WriteLogEntriesPartialErrors, by the position of the entry.
  logEntryErrors: z.record(z.string(), Status).optional(),
});
const Answer = z.object({
  error: z.object({
    status: z.string().optional(),
    message: z.string().optional(),
    details: z.array(Detail).optional(),
  }),
});
type Detail = z.infer<typeof Detail>;

/** What the content cannot help: rights, the project, an API that is turned off. What waits is taken when they are right. */
const ofSettings: readonly number[] = [401, 403, 404];
const passing: readonly number[] = [408, 429];

/** @param status of HTTP, not 2xx */
export function outcomeOf(status: number, text: string): Outcome {
  const { error } = parsed(text);
  const reason = shortened(`HTTP ${status} ${error.status ?? ''} ${error.message ?? text}`);
  for (const detail of error.details ?? []) {
    const refused = refusedIn(detail);
    if (refused !== null) return { type: 'partly', reason, refused };
  }
  if (status === 413 || (status === 400 && /payload size exceeds/i.test(reason)))
    return { type: 'tooLarge', reason };
  if (status === 400) return { type: 'invalid', reason };
  const isFailed = status >= 500 || [...ofSettings, ...passing].includes(status);
  return { type: isFailed ? 'failed' : 'refused', reason };
}

function parsed(text: string): z.infer<typeof Answer> {
  try {
    return Answer.parse(JSON.parse(text));
  } catch {
    return { error: {} };
  }
}

/** How many of what was sent were not written, though others were; null: it says nothing of this. */
function refusedIn({ totalPointCount = 0, successPointCount = 0, logEntryErrors }: Detail): number | null {
  if (logEntryErrors !== undefined) return Object.keys(logEntryErrors).length;
  return successPointCount > 0 ? totalPointCount - successPointCount : null;
}
