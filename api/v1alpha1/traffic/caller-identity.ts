// How applications learn who calls.
import { z } from 'zod';
import { connectionHeaders } from '../../headers.ts';
import { shaped, withRules } from '../../schema.ts';

/** Written by clients, proxies and the sidecar itself: who reads them expects other things there. */
const taken = [
  ...connectionHeaders,
  'authorization',
  'content-type',
  'cookie',
  'expect',
  'forwarded',
  'host',
  'x-request-id',
];

/** Applications may take one for the other. */
function anySpelling(names: string): string {
  return names.replaceAll('-', '[-_]');
}

export const CallerIdentity = z.object({
  header: withRules(
    shaped({
      pattern: /^[A-Za-z0-9_-]+$/,
      message: "Write the name of a header in letters, digits, '-' and '_', such as x-caller.",
      max: 128,
    }),
    {
      rule: `!self.lowerAscii().matches('^(${anySpelling(taken.join('|'))})$|^x[-_](envoy|forwarded|meshwright)[-_]')`,
      message: 'Choose another name, such as x-caller: this header has a meaning of its own.',
    },
  ).describe(
    "Name of the request header, case-insensitive. Its value is the SPIFFE ID of the caller, such as spiffe://cluster.local/ns/shop/sa/web, from the caller's certificate. What callers send under this name, with '-' or '_', is removed; requests without mutual TLS arrive without the header. Rules of SecurityPolicies compare what the caller sent.",
  ),
});
