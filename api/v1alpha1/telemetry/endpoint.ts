// URLs at which the operator reaches what receives or stores telemetry.
import type { z } from 'zod';
import { url } from '../../url.ts';

/** http or https, with or without a path; `example`: for whoever wrote another. */
export function endpoint(example: string): z.ZodString {
  return url({
    pattern: /^https?:\/\/[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?(:[1-9][0-9]{0,4})?(\/[-A-Za-z0-9._~/]*)?$/,
    message: `Write a URL such as ${example}, without a query.`,
    max: 512,
  });
}
