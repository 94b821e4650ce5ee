// Cases of TrafficPolicy: redirects, responses and rewrites.
import { type ApiCase, casesOf } from './api-case.ts';

const { valid, refused } = casesOf('TrafficPolicy');
const targetRefs = [{ kind: 'Service', name: 'reviews' }];
const routing = (route: object): object => ({ targetRefs, routes: [route] });
const field = 'spec.routes[0]';
const path = (type: string, value: string, more: object = {}): object => ({ path: { type, value, ...more } });
const rewrite = (fields: object, more: object = {}): object => routing({ rewrite: fields, ...more });
const regex = (value: string, substitution: string): object =>
  rewrite(path('RegularExpression', value, { substitution }));
const underPrefix = { matches: [{ path: { value: '/a' } }] };

const rewrites: readonly ApiCase[] = [
  valid('a new path and host', rewrite({ hostname: 'a.example.com', ...path('ReplaceFullPath', '/b%20c') })),
  valid('a new prefix', rewrite(path('ReplacePrefixMatch', '/b/'), underPrefix)),
  valid('a new prefix of all requests', rewrite(path('ReplacePrefixMatch', '/b'))),
  valid('groups of an expression', regex('^/([a-z]+)/(.*)$', String.raw`/\2/\1?\\`)),
  valid('nothing in place of an expression', regex('x', '')),
  valid('four groups', regex('^/(a)', String.raw`/\1\1\0/${'x'.repeat(118)}\1`)),
  refused('five groups', regex('^/(.*)', String.raw`\1/\1/\0\1a\1`), {
    field: `${field}.rewrite.path`,
    message: 'Use at most four groups in substitution',
  }),
  valid('a short text in place of each match', regex('[0-9]', 'y'.repeat(16))),
  ...['x*', '(?m)^x', '^x|y'].map((value) =>
    refused(`a longer text in place of each match of ${value}`, regex(value, 'y'.repeat(17)), {
      field: `${field}.rewrite.path`,
      message: "Begin value with '^' and leave '|' out, or use at most 16 characters in substitution",
    }),
  ),
  refused('a substitution of 129 characters', regex('^x', 'y'.repeat(129)), {
    field: `${field}.rewrite.path.substitution`,
  }),
  refused('a rewrite of nothing', rewrite({}), {
    field: `${field}.rewrite`,
    message: 'Set hostname or path.',
  }),
  refused('a host with a port', rewrite({ hostname: 'a:80' }), {
    field: `${field}.rewrite.hostname`,
    message: 'Write a host name in lower case without a port',
  }),
  refused('a path without a slash', rewrite(path('ReplaceFullPath', 'b')), {
    field: `${field}.rewrite.path`,
    message: "Start value with '/'",
  }),
  refused('a path as it is read', rewrite(path('ReplaceFullPath', '/my files')), {
    field: `${field}.rewrite.path`,
    message: 'percent-encode spaces',
  }),
  ...['/a?b', '/a#b', String.raw`/a\1`].map((value) =>
    refused(`the path ${value}`, rewrite(path('ReplaceFullPath', value)), {
      field: `${field}.rewrite.path`,
      message: "Leave '?', '#' and backslashes out of value",
    }),
  ),
  refused('an expression without a substitution', rewrite(path('RegularExpression', '/a')), {
    field: `${field}.rewrite.path`,
    message: 'Set substitution for type RegularExpression',
  }),
  refused('a substitution for a path', rewrite(path('ReplaceFullPath', '/a', { substitution: 'b' })), {
    field: `${field}.rewrite.path`,
    message: 'Set substitution for type RegularExpression',
  }),
  refused('an expression with look-ahead', regex('(?!a)', 'b'), {
    field: `${field}.rewrite.path`,
    message: 'Write value in the RE2 syntax',
  }),
  ...[String.raw`\a`, 'a\\', 'é', '\n'].map((substitution) =>
    refused(`the substitution ${JSON.stringify(substitution)}`, regex('a', substitution), {
      field: `${field}.rewrite.path`,
      message: 'Write substitution in printable ASCII characters',
    }),
  ),
  ...[{ path: { type: 'Exact', value: '/a' } }, { method: 'GET' }].map((match) =>
    refused(
      `a new prefix for ${JSON.stringify(match)}`,
      rewrite(path('ReplacePrefixMatch', '/b'), { matches: [match] }),
      {
        field,
        message: 'Set a path of type PathPrefix in every match',
      },
    ),
  ),
];

const answers: readonly ApiCase[] = [
  valid(
    'a redirect',
    routing({
      redirect: { scheme: 'https', hostname: 'b', port: 8443, ...path('ReplaceFullPath', '/'), status: 308 },
    }),
  ),
  valid(
    'a redirect to another prefix',
    routing({ redirect: path('ReplacePrefixMatch', '/b'), ...underPrefix }),
  ),
  valid(
    'a response',
    routing({
      respond: { status: 410, body: 'gone' },
      responseHeaders: { set: [{ name: 'a', value: 'b' }] },
    }),
  ),
  valid(
    'a response after a while',
    routing({ respond: { status: 200 }, fault: { delay: { duration: '1s' } } }),
  ),
  refused('a redirect to the same place', routing({ redirect: { status: 301 } }), {
    field: `${field}.redirect`,
    message: 'a redirect to the same location never ends',
  }),
  refused('a redirect with another status', routing({ redirect: { port: 80, status: 304 } }), {
    field: `${field}.redirect.status`,
  }),
  refused(
    'a redirect of a prefix without one',
    routing({ redirect: path('ReplacePrefixMatch', '/b'), matches: [{}] }),
    {
      field,
      message: 'Set a path of type PathPrefix in every match',
    },
  ),
  refused('a response of status 100', routing({ respond: { status: 100 } }), {
    field: `${field}.respond.status`,
  }),
  ...[204, 205, 304].flatMap((status) => [
    valid(`a response of status ${status}`, routing({ respond: { status } })),
    refused(`a response of status ${status} with a body`, routing({ respond: { status, body: 'x' } }), {
      field: `${field}.respond`,
      message: 'Remove body, or choose another status',
    }),
  ]),
  refused('a redirect and a response', routing({ redirect: { port: 80 }, respond: { status: 200 } }), {
    field,
    message: 'Keep only one of backends, redirect and respond.',
  }),
  refused('a redirect and a backend', routing({ redirect: { port: 80 }, backends: [{}] }), {
    field,
    message: 'Keep only one of backends, redirect and respond.',
  }),
  ...[
    { timeout: { request: '1s' } },
    { retry: { attempts: 1 } },
    { rewrite: { hostname: 'a' } },
    { requestHeaders: { remove: ['a'] } },
  ].map((more) =>
    refused(`a response with ${Object.keys(more).join()}`, routing({ respond: { status: 200 }, ...more }), {
      field,
      message: 'these answer without a backend',
    }),
  ),
];

const subsets = [{ name: 'v2', matchLabels: { version: 'v2' } }];
const mirrored = (mirror: object[], more: object = {}): object => ({
  ...routing({ mirror, ...more }),
  subsets,
});

const mirrors: readonly ApiCase[] = [
  valid('copies to a subset and to all', mirrored([{ subset: 'v2', percentage: 0.001 }, {}])),
  valid(
    'copies to other Services, whose own TrafficPolicy declares the subset',
    mirrored([
      { service: { name: 'next', port: 80 } },
      { service: { namespace: 'next', name: 'reviews', port: 80 }, subset: 'v3', percentage: 10 },
    ]),
  ),
  refused('copies to an undeclared subset', mirrored([{ subset: 'v3' }]), {
    field: 'spec',
    message: 'Declare each subset that mirror refers to in spec.subsets',
  }),
  refused('too fine a percentage', mirrored([{ percentage: 0.0001 }]), {
    field: `${field}.mirror[0].percentage`,
    message: 'Write a percentage with at most three decimals',
  }),
  refused('copies of what is answered', mirrored([{}], { respond: { status: 200 } }), {
    field,
    message: 'these answer without a backend',
  }),
];

export const trafficRewriteCases: readonly ApiCase[] = [...rewrites, ...answers, ...mirrors];
