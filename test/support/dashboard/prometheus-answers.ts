// What a Prometheus answers, as text.
import type { Asked } from '../../../operator/dashboard/history/answer.ts';

type Values = readonly (readonly [seconds: number, value: string])[];

export function answered(text: string, status = 200): Asked {
  return { type: 'answered', status, text };
}

/** By response class, or '' for a series without labels. */
export function matrix(series: Readonly<Record<string, Values>>): Asked {
  const result = Object.entries(series).map(([responseClass, values]) => ({
    metric: responseClass === '' ? {} : { response_class: responseClass },
    values,
  }));
  return answered(JSON.stringify({ status: 'success', data: { resultType: 'matrix', result } }));
}

export const noSeries = matrix({});
