// URLs in specs: what Node.js and Envoy can take apart, too. Entry: url.
import type { z } from 'zod';
import { celRaw, octet, type Shape, shaped, withRules } from './schema.ts';

const end = '(:[0-9]+)?([/?]|$)';
const highPort = {
  pattern:
    /^[a-z]+:\/\/[^/?]*:(6553[6-9]|655[4-9][0-9]|65[6-9][0-9]{2}|6[6-9][0-9]{3}|[7-9][0-9]{4})([/?]|$)/,
  message: 'Use a port from 1 to 65535.',
};
/** A host whose last part is a number is an IPv4 address. @see https://url.spec.whatwg.org/#ends-in-a-number-checker */
const numericHost = {
  pattern: new RegExp(`^[a-z]+://([^/?:]*[.])?([0-9]+|0[xX][0-9a-fA-F]*)[.]?${end}`),
  message: 'Write the IPv4 address in full, such as 192.0.2.7, or a host name whose last part is no number.',
};
const ipv4Host = new RegExp(`^[a-z]+://(${octet}[.]){3}${octet}${end}`);

/**
 * A URL of a shape. The rules of the CRD cannot know all that is wrong with a host, such as a label xn-- that decodes to nothing: this
 * the operator finds, and rejects the object.
 */
export function url(shape: Shape): z.ZodString {
  const schema = shaped(shape).refine((text) => !shape.pattern.test(text) || problemOf(text) === null, {
    error: ({ input }) => problemOf(String(input)) ?? shape.message,
  });
  return withRules(
    schema,
    { rule: `!self.matches(${celRaw(highPort.pattern)})`, message: highPort.message },
    {
      rule: `!self.matches(${celRaw(numericHost.pattern)}) || self.matches(${celRaw(ipv4Host)})`,
      message: numericHost.message,
    },
  );
}

function problemOf(text: string): string | null {
  if (highPort.pattern.test(text)) return highPort.message;
  if (numericHost.pattern.test(text) && !ipv4Host.test(text)) return numericHost.message;
  return URL.canParse(text) ? null : 'Write a URL with a valid host and port.';
}
