// Names of HTTP headers, and those that Meshwright keeps for itself.
import type { CelRule, Shape } from './schema.ts';

/** What sidecars tell each other by: no application and no policy may write or read it. */
export const reservedHeaderPrefix = 'x-meshwright-';

/** @see https://www.rfc-editor.org/rfc/rfc9110#section-5.1 */
export const headerName: Shape = {
  pattern: /^[A-Za-z0-9!#$%&*+.^_`|~-]+$/,
  message:
    'Write the name of an HTTP header, such as x-group; pseudo-headers such as :path have fields of their own.',
  max: 256,
};

/** For a header name. */
export const notReserved: CelRule = {
  rule: `!self.lowerAscii().startsWith('${reservedHeaderPrefix}')`,
  message: `Choose another name: headers that begin with ${reservedHeaderPrefix} are reserved.`,
};
