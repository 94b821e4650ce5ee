// The methods of requests: the same in every kind of policy.
import { shaped, withRules } from '../schema.ts';

/** Those that clients write in capitals without exception. @see https://www.rfc-editor.org/rfc/rfc9110#section-9 */
const common = "['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'PATCH']";

/** @see https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2 */
export const Method = withRules(
  shaped({
    pattern: /^[A-Za-z0-9!#$%&\x27*+.^_`|~-]+$/,
    message: "Write an HTTP method, such as GET or PROPFIND: letters, digits, '-' and '_'.",
    max: 32,
  }),
  {
    rule: `!(self.upperAscii() in ${common}) || self in ${common}`,
    message: 'Write the method in upper case, such as GET: methods are case-sensitive.',
  },
  {
    rule: "self != '*'",
    message: "Omit the field to match all methods: '*' is not a wildcard.",
  },
  {
    rule: "self.upperAscii() != 'CONNECT'",
    message: 'Remove CONNECT: sidecars do not open tunnels, and return 404 before they evaluate rules.',
  },
);
