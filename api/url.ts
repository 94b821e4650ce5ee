// URLs in specs: what Node.js and Envoy can take apart, too. Entry: url.
import type { z } from 'zod';
import { celRaw, type CelRule, type Shape, shaped, withRules } from './schema.ts';

const octet = '(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])';
const end = '(:[0-9]+)?([/?]|$)';
const highPort =
  /^[a-z]+:\/\/[^/?]*:(6553[6-9]|655[4-9][0-9]|65[6-9][0-9]{2}|6[6-9][0-9]{3}|[7-9][0-9]{4})([/?]|$)/;
/** A host whose last part is a number is an IPv4 address. @see https://url.spec.whatwg.org/#ends-in-a-number-checker */
const numericHost = new RegExp(`^[a-z]+://([^/?:]*[.])?([0-9]+|0[xX][0-9a-fA-F]*)[.]?${end}`);
const ipv4Host = new RegExp(`^[a-z]+://(${octet}[.]){3}${octet}${end}`);

const rules: readonly CelRule[] = [
  { rule: `!self.matches(${celRaw(highPort)})`, message: 'Use a port from 1 to 65535.' },
  {
    rule: `!self.matches(${celRaw(numericHost)}) || self.matches(${celRaw(ipv4Host)})`,
    message:
      'Write the IPv4 address in full, such as 192.0.2.7, or a host name whose last part is no number.',
  },
];

/**
 * A URL of a shape. Regular expressions cannot know all that is wrong with a host, such as a label xn-- that decodes to nothing: this
 * the operator finds, and rejects the object.
 */
export function url(shape: Shape): z.ZodString {
  const isForRules = (text: string): boolean =>
    !shape.pattern.test(text) || highPort.test(text) || (numericHost.test(text) && !ipv4Host.test(text));
  const schema = shaped(shape).refine(
    (text) => isForRules(text) || URL.canParse(text),
    'Write a URL with a valid host and port.',
  );
  return withRules(schema, ...rules);
}
