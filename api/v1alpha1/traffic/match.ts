// Which requests a route is for.
import { z } from 'zod';
import { listMap, re2Rule, shaped, withRules } from '../../schema.ts';
import { headerName, notReserved } from '../../headers.ts';
import { Method } from '../method.ts';
import { PathMatch } from '../path-match.ts';

const HeaderMatch = withRules(
  z.object({
    type: z
      .enum(['Exact', 'RegularExpression'])
      .default('Exact')
      .describe(
        'Exact (default): the same value. RegularExpression: an RE2 expression for the whole value, with at most 2,048 instructions; all expressions of an object together have at most 8,192.',
      ),
    name: withRules(shaped(headerName), notReserved).describe('Name of the header, case-insensitive.'),
    value: z.string().max(1024).describe('Value that the header must have. At most 1024 characters.'),
  }),
  {
    rule: "self.type != 'RegularExpression' || self.value != ''",
    message: "Set value to an expression, such as '.*' for any value.",
  },
  re2Rule,
).describe('A header that the request must have.');

export const RouteMatch = z
  .object({
    path: PathMatch.optional().describe(
      'Path of the request, as the client sends it, percent-encoded where required. Requests in another spelling, such as /%61 or //a for /a, do not match. Default: any path.',
    ),
    method: Method.optional().describe(
      'Method of the request, such as GET, PROPFIND or LIST. Case-sensitive. Default: any method.',
    ),
    headers: listMap(z.array(HeaderMatch).max(16), 'name')
      .default([])
      .describe('Headers that the request must have; all of them must match. At most 16.'),
  })
  .describe('A match requires all of its fields.');
