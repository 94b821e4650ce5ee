// Cases of TrafficPolicy: which requests a route is for, beside path and method.
import { type ApiCase, casesOf } from './api-case.ts';

const { valid, refused } = casesOf('TrafficPolicy');
const targetRefs = [{ kind: 'Service', name: 'reviews' }];
const matching = (match: object): object => ({ targetRefs, routes: [{ matches: [match] }] });
const re2 = 'Write value in the RE2 syntax';

export const trafficMatchCases: readonly ApiCase[] = [
  valid(
    'conditions of all kinds',
    matching({
      headers: [
        { name: 'a', value: '' },
        { name: 'b', type: 'RegularExpression', value: 'x+', not: true },
        { name: 'c', type: 'Present' },
        { name: 'd', type: 'Present', not: true },
      ],
      queryParameters: [
        { name: 'user', value: 'a%20b' },
        { name: 'User', type: 'RegularExpression', value: '[0-9]+' },
        { name: 'a[]', type: 'Present', not: true },
      ],
      hostnames: ['reviews', 'reviews.example.com', '*.example.com'],
    }),
  ),
  valid('calls of gRPC', matching({ grpc: { service: 'shop.v1.Reviews', method: 'Get' }, hostnames: ['a'] })),
  valid('all calls of a service', matching({ grpc: { service: 'Reviews' } })),
  ...['headers', 'queryParameters'].flatMap((list) => {
    const field = `spec.routes[0].matches[0].${list}[0]`;
    const one = (condition: object): object => matching({ [list]: [{ name: 'a', ...condition }] });
    return [
      refused(`${list}: a condition without a value`, one({}), {
        field,
        message: 'Set value for Exact and RegularExpression',
      }),
      refused(`${list}: a value for Present`, one({ type: 'Present', value: 'a' }), {
        field,
        message: 'Set value for Exact',
      }),
      refused(`${list}: an empty expression`, one({ type: 'RegularExpression', value: '' }), {
        field,
        message: 'Set type to Present for any value',
      }),
      refused(`${list}: an expression with look-ahead`, one({ type: 'RegularExpression', value: '(?!a)' }), {
        field,
        message: re2,
      }),
      refused(
        `${list}: one name twice`,
        matching({
          [list]: [
            { name: 'a', value: 'b' },
            { name: 'a', value: 'c' },
          ],
        }),
        {
          field: `spec.routes[0].matches[0].${list}[1]`,
        },
      ),
    ];
  }),
  refused(
    'a parameter that is not this',
    matching({ queryParameters: [{ name: 'a', value: 'b', not: true }] }),
    {
      field: 'spec.routes[0].matches[0].queryParameters[0]',
      message: 'Use not only with type Present.',
    },
  ),
  refused('a parameter with a space', matching({ queryParameters: [{ name: 'a b', value: 'b' }] }), {
    field: 'spec.routes[0].matches[0].queryParameters[0].name',
    message: 'Write the name as it is sent',
  }),
  ...['a#', 'a&b', 'a=b', 'café'].map((name) =>
    refused(`the parameter ${name}`, matching({ queryParameters: [{ name, value: 'b' }] }), {
      field: 'spec.routes[0].matches[0].queryParameters[0].name',
      message: 'Write the name as it is sent',
    }),
  ),
  valid('a parameter with codes', matching({ queryParameters: [{ name: 'a%20b', value: 'x=+%26' }] })),
  ...['x y', 'x&y', 'x#', 'café', 'x\n'].map((value) =>
    refused(
      `the parameter value ${JSON.stringify(value)}`,
      matching({ queryParameters: [{ name: 'a', value }] }),
      {
        field: 'spec.routes[0].matches[0].queryParameters[0]',
        message: 'Write value as it is sent',
      },
    ),
  ),
  refused(
    'an expression with a space for a parameter',
    matching({ queryParameters: [{ type: 'RegularExpression', name: 'a', value: 'x y' }] }),
    { field: 'spec.routes[0].matches[0].queryParameters[0]', message: 'In an expression, write spaces' },
  ),
  ...[' x', 'x ', '\tx', 'x\ny', 'x\u0000'].map((value) =>
    refused(`the header value ${JSON.stringify(value)}`, matching({ headers: [{ name: 'a', value }] }), {
      field: 'spec.routes[0].matches[0].headers[0]',
      message: 'Remove spaces at the ends of value',
    }),
  ),
  valid(
    'header values as they may be',
    matching({
      headers: [
        { name: 'a', value: 'x\ty z' },
        { name: 'b', value: 'café' },
      ],
    }),
  ),
  ...['Connection', 'transfer-encoding', 'x-envoy-retry-on'].map((name) =>
    refused(`the header ${name}`, matching({ headers: [{ name, type: 'Present' }] }), {
      field: 'spec.routes[0].matches[0].headers[0].name',
      message: 'sidecars remove this one before they look at a request',
    }),
  ),
  refused(
    'the certificate of the caller',
    matching({ headers: [{ name: 'X-Forwarded-Client-Cert', value: 'a' }] }),
    {
      field: 'spec.routes[0].matches[0].headers[0]',
      message: 'Use from to match callers',
    },
  ),
  ...['Reviews', 'reviews:9080', '*', 'a.*.com', 'a_b', ''].map((name) =>
    refused(`host ${name}`, matching({ hostnames: [name] }), {
      field: 'spec.routes[0].matches[0].hostnames[0]',
      message: 'Write a host name in lower case without a port',
    }),
  ),
  refused('a gRPC service without its name', matching({ grpc: { method: 'Get' } }), {
    field: 'spec.routes[0].matches[0].grpc.service',
  }),
  refused('a gRPC service with its path', matching({ grpc: { service: '/shop.Reviews' } }), {
    field: 'spec.routes[0].matches[0].grpc.service',
    message: 'Write the full name of the service',
  }),
  valid('callers', matching({ from: { namespaces: ['qa'], serviceAccounts: ['shop/productpage'] } })),
  refused('callers that are nobody', matching({ from: {} }), {
    field: 'spec.routes[0].matches[0].from',
    message: 'Name a service account or a namespace, or leave from out.',
  }),
  refused('a service account without a namespace', matching({ from: { serviceAccounts: ['productpage'] } }), {
    field: 'spec.routes[0].matches[0].from.serviceAccounts[0]',
    message: 'Write a service account as namespace/name',
  }),
  refused('gRPC and a path', matching({ grpc: { service: 'a' }, path: { value: '/a' } }), {
    field: 'spec.routes[0].matches[0]',
    message: 'Remove path and method, or remove grpc',
  }),
];
