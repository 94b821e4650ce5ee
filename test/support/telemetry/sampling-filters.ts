// Filters of sampling rules: what is taken, and what a GET of /orders/1?a=b with x-tenant a from productpage to the route all of reviews is to each.

export const acceptedSamplingFilters: readonly (readonly [filter: string, matches: boolean])[] = [
  ["request.url_path == '/orders/1'", true],
  ["request.path == '/orders/1?a=b' && request.query == 'a=b'", true],
  ["request.url_path.startsWith('/orders') && !(request.method in ['POST', 'PUT'])", true],
  ["request.url_path.endsWith('/2') || request.method == 'POST' || request.scheme == 'https'", false],
  ["request.protocol == 'HTTP/1.1' && request.host.contains(':')", true],
  ["request.headers['x-tenant'] == 'a' && request.headers.host != ''", true],
  // Nothing fails for want of a header.
  ["request.headers['x-none'] == 'a'", false],
  ["request.headers['x-none'] == ''", true],
  ["'x-none' in request.headers ? false : 'x-tenant' in request.headers", true],
  ["size(request.query) == 3 && request.query.size() < 4 && size(['a']) == 1", true],
  ["request.method >= 'H'", false],
  ["xds.route_name == 'all'", true],
  ["xds.cluster_name == 'shop/reviews/9080'", true],
  ['true', true],
  // As large and as deep as it may be.
  [Array.from({ length: 37 }, () => "request.method == 'GET'").join(' && '), true],
  ["((((((((request.method == 'GET') == true) == true) == true) == true) == true) == true) == true)", true],
];

export const refusedSamplingFilters: readonly (readonly [filter: string, why: string])[] = [
  ['response.code >= 500', 'Unknown variable: response'],
  // A caller with a certificate has a sidecar, which decides.
  ['connection.mtls', 'Unknown variable: connection'],
  ["request.id == 'a'", 'No such key: id'],
  ['request.method', 'it is of type string, and must be true or false'],
  ['size(request.query) / 0 > 1', '"/" cannot be used in it'],
  ["request.path.matches('a')", 'matches() cannot be used in it'],
  ["['a'][1] == 'a'", '[] can only be used with request.headers'],
  [
    'request.headers == request.headers',
    "request.headers can only be used as request.headers['name'] or 'name' in request.headers",
  ],
  ['request.headers[request.method] == request.path', 'the name of a header must be a string'],
  ["request['path'] == '/'", '[] can only be used with request.headers'],
  ['string == string', 'string cannot be used in it'],
  ['1.5 < 2.5', 'it has a value that is not a string, an integer, true or false'],
  ['size(request.path) < 9223372036854775807', 'it has a number that is too large'],
  [
    "(((((((((((request.method == 'GET') == true) == true) == true) == true) == true) == true) == true) == true) == true) == true)",
    'it is nested more than 10 levels deep',
  ],
  [`${'('.repeat(200)}true${')'.repeat(200)}`, 'it is nested more than 32 levels deep'],
];
