// fast-check arbitraries for what becomes of a request: rewrites, redirects and responses that every check of the API accepts.
import * as fc from 'fast-check';

const pathRewrite = fc.oneof(
  fc.record({ type: fc.constant('ReplaceFullPath'), value: fc.constantFrom('/', '/b', '/b%20c/') }),
  // What does not begin with a slash would be no path.
  fc.record({
    type: fc.constant('RegularExpression'),
    value: fc.constantFrom('^/(.)', '[a-z]', '/+$'),
    substitution: fc.constantFrom('/x', String.raw`/\0`),
  }),
  fc.constant({ type: 'RegularExpression', value: '/+$', substitution: '' }),
);
export const rewrite = fc
  .record({ hostname: fc.constantFrom('a.example.com', 'b'), path: pathRewrite }, { requiredKeys: [] })
  .filter((fields) => Object.keys(fields).length > 0);
export const answer = fc.oneof(
  fc.record({
    redirect: fc
      .record(
        {
          scheme: fc.constantFrom('http', 'https'),
          hostname: fc.constantFrom('a', 'b.c'),
          port: fc.constantFrom(80, 443, 8080),
          path: pathRewrite,
          status: fc.constantFrom(301, 302, 303, 307, 308),
        },
        { requiredKeys: ['status'] },
      )
      .filter((fields) => Object.keys(fields).length > 1),
  }),
  fc.record({
    respond: fc.record({ status: fc.constantFrom(200, 404, 503), body: fc.constantFrom('', 'gone') }),
  }),
);
