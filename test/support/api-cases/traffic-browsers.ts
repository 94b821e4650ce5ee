// Cases of TrafficPolicy: pages of other origins, and protocols to which a connection may switch.
import { type ApiCase, casesOf } from './api-case.ts';

const { valid, refused } = casesOf('TrafficPolicy');
const targetRefs = [{ kind: 'Service', name: 'reviews' }];
const routing = (route: object): object => ({ targetRefs, routes: [route] });
const shared = (cors: object): object => routing({ cors });
const shop = { value: 'https://shop.example.com' };
const from = (value: string, type = 'Exact'): object => shared({ allowOrigins: [{ type, value }] });
const field = 'spec.routes[0].cors';

const cors: readonly ApiCase[] = [
  valid(
    'all fields of cors',
    shared({
      allowOrigins: [
        shop,
        { type: 'RegularExpression', value: String.raw`https://[a-z]+\.shop\.example\.com` },
      ],
      allowMethods: ['PUT', 'DELETE'],
      allowHeaders: ['X-Group'],
      exposeHeaders: ['x-total'],
      maxAge: '24h',
      allowCredentials: true,
    }),
  ),
  valid('any page', shared({ allowOrigins: [{ value: '*' }], allowMethods: ['*'], allowHeaders: ['*'] })),
  ...[
    'http://localhost:3000',
    'http://[::1]:443',
    'https://xn--caf-dma.example.com',
    'chrome-extension://abc',
  ].map((value) => valid(`the origin ${value}`, from(value))),
  ...[
    'shop.example.com',
    'https://shop.example.com/',
    'HTTPS://shop.example.com',
    'https://Shop.example.com',
    'https://*.example.com',
    'https://café.example.com',
    'null',
  ].map((value) =>
    refused(`the origin ${value}`, from(value), {
      field: `${field}.allowOrigins[0]`,
      message: 'Write an origin as browsers send it',
    }),
  ),
  ...['https://shop.example.com:443', 'http://[::1]:80'].map((value) =>
    refused(`the origin ${value}`, from(value), {
      field: `${field}.allowOrigins[0]`,
      message: 'Remove the port',
    }),
  ),
  refused('an expression that is none', from('(', 'RegularExpression'), {
    field: `${field}.allowOrigins[0]`,
    message: 'Write value in the RE2 syntax',
  }),
  refused('nobody', shared({ allowOrigins: [] }), { field: `${field}.allowOrigins` }),
  refused('nobody named', shared({}), { field: `${field}.allowOrigins` }),
  ...[
    { value: '*' },
    { type: 'RegularExpression', value: '.*' },
    { type: 'RegularExpression', value: '^https?://.+|x$' },
    { type: 'RegularExpression', value: 'http://.*' },
    // Any page can be without an origin of its own: in a sandboxed frame.
    { type: 'RegularExpression', value: 'null|https://shop[.]example[.]com' },
  ].map((anybody) =>
    refused(
      `credentials of anybody, ${anybody.value}`,
      shared({ allowOrigins: [shop, anybody], allowCredentials: true }),
      { field, message: 'Name the origins, or set allowCredentials to false' },
    ),
  ),
  ...['allowMethods', 'allowHeaders', 'exposeHeaders'].map((list) =>
    refused(
      `credentials and all ${list}`,
      shared({ allowOrigins: [shop], [list]: ['*'], allowCredentials: true }),
      {
        field,
        message: "Write the names instead of '*'",
      },
    ),
  ),
  refused('a method in lower case', shared({ allowOrigins: [shop], allowMethods: ['put'] }), {
    field: `${field}.allowMethods[0]`,
    message: 'Write an HTTP method in upper case',
  }),
  refused('two headers in one', shared({ allowOrigins: [shop], allowHeaders: ['a, b'] }), {
    field: `${field}.allowHeaders[0]`,
    message: 'Write the name of an HTTP header',
  }),
  refused('permission for days', shared({ allowOrigins: [shop], maxAge: '25h' }), {
    field: `${field}.maxAge`,
    message: 'Set maxAge to at most 24h',
  }),
  valid(
    'cors of a redirect',
    routing({ cors: { allowOrigins: [shop] }, redirect: { hostname: 'a.example.com' } }),
  ),
];

const upgrades: readonly ApiCase[] = [
  valid('WebSockets', routing({ upgrades: ['WebSocket'] })),
  valid('no upgrades', routing({ upgrades: [] })),
  valid('other upgrades', routing({ upgrades: ['SPDY/3.1', 'connect-udp'] })),
  refused('an upgrade that sidecars do not pass', routing({ upgrades: ['h2c'] }), {
    field: 'spec.routes[0].upgrades[0]',
  }),
  refused('an upgrade twice', routing({ upgrades: ['WebSocket', 'WebSocket'] }), {
    field: 'spec.routes[0].upgrades[1]',
  }),
  refused('upgrades of a response', routing({ upgrades: ['WebSocket'], respond: { status: 200 } }), {
    field: 'spec.routes[0]',
    message: 'these answer without a backend',
  }),
];

export const trafficBrowserCases: readonly ApiCase[] = [...cors, ...upgrades];
