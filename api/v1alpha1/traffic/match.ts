// Which requests a route is for.
import { z } from 'zod';
import { listMap, re2Rule, shaped, withRules } from '../../schema.ts';
import { headerName, notReserved } from '../../headers.ts';
import { PathMatch } from '../path-match.ts';

const HeaderMatch = withRules(
  z.object({
    type: z
      .enum(['Exact', 'RegularExpression'])
      .default('Exact')
      .describe(
        'Exact (default): the same value. RegularExpression: an RE2 expression that matches the whole value, of at most 2,048 instructions; all expressions of an object have at most 8,192.',
      ),
    name: withRules(shaped(headerName), notReserved).describe(
      'Name of the header; upper and lower case are the same.',
    ),
    value: z.string().max(1024).describe('What the header must be. At most 1024 characters.'),
  }),
  {
    rule: "self.type != 'RegularExpression' || self.value != ''",
    message: "Give value an expression, such as '.*' for any value.",
  },
  re2Rule,
).describe('A header the request must have.');

export const RouteMatch = z
  .object({
    path: PathMatch.optional().describe('The path of the request. Default: any.'),
    method: z
      .enum(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'PATCH'])
      .optional()
      .describe('The method of the request. Default: any. CONNECT requests have no path and match no route.'),
    headers: listMap(z.array(HeaderMatch).max(16), 'name')
      .default([])
      .describe('Headers the request must have, all of them. At most 16.'),
  })
  .describe('Everything named here must hold.');
