// Changes of the headers of requests and responses, in the words of the Gateway API.
// @see https://gateway-api.sigs.k8s.io/reference/spec/#httpheaderfilter
import { z } from 'zod';
import { connectionHeaders, headerName, notReserved } from '../../headers.ts';
import { listMap, listSet, shaped, withRules } from '../../schema.ts';

const name = withRules(
  shaped(headerName),
  notReserved,
  {
    rule: "!self.lowerAscii().startsWith('x-envoy-')",
    message:
      'Choose another name: headers that begin with x-envoy- control the sidecar. Use the fields of the route, such as timeout and retry.',
  },
  {
    rule: `!(self.lowerAscii() in ${JSON.stringify(connectionHeaders).replaceAll('"', "'")})`,
    message: 'Remove this header: it belongs to the connection, and each proxy writes its own.',
  },
  {
    rule: "self.lowerAscii() != 'host'",
    message: 'Remove host: a route cannot change it. To reach another Service, call it by its own name.',
  },
);

const Header = z
  .object({
    name: name.describe('Name of the header, case-insensitive.'),
    value: shaped({
      pattern: /^[!-~]([\t -~]*[!-~])?$/,
      message: 'Write a value of printable ASCII characters, without spaces at its ends.',
      max: 1024,
    }).describe("Value of the header, taken literally: '%' has no special meaning. 1 to 1024 characters."),
  })
  .describe('Header.');

/** A rule for each pair of lists, and for each list by itself: together they exceed what the API server grants one rule. */
const nameOnce = (
  [
    ['set', 'set'],
    ['add', 'add'],
    ['remove', 'remove'],
    ['set', 'add'],
    ['set', 'remove'],
    ['add', 'remove'],
  ] as const
).map(([one, other]) => ({
  rule: distinctNames(one, other),
  message: 'Name each header only once in set, add and remove. Header names are case-insensitive.',
}));

type HeaderList = 'set' | 'add' | 'remove';

function distinctNames(one: HeaderList, other: HeaderList): string {
  const isSame = `${lowerName(one, 'a')} == ${lowerName(other, 'b')}`;
  return one === other
    ? `self.${one}.all(a, self.${one}.exists_one(b, ${isSame}))`
    : `!self.${one}.exists(a, self.${other}.exists(b, ${isSame}))`;
}

function lowerName(list: HeaderList, item: string): string {
  return `${item}${list === 'remove' ? '' : '.name'}.lowerAscii()`;
}

export const HeaderModifier = withRules(
  z.object({
    set: listMap(z.array(Header).max(16), 'name')
      .default([])
      .describe('Headers to set. An existing header of the same name is replaced. At most 16.'),
    add: listMap(z.array(Header).max(16), 'name')
      .default([])
      .describe('Headers to add. Existing headers of the same name stay. At most 16.'),
    remove: listSet(z.array(name.describe('Name of the header, case-insensitive.')).max(16))
      .default([])
      .describe('Headers to remove. At most 16.'),
  }),
  {
    rule: 'self.set.size() + self.add.size() + self.remove.size() > 0',
    message: 'Add a header to set, add or remove, or leave the field out.',
  },
  ...nameOnce,
);
