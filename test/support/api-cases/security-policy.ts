// Cases of SecurityPolicy.
import { type ApiCase, casesOf } from './api-case.ts';

const { valid, refused } = casesOf('SecurityPolicy');
const targetRefs = [{ kind: 'Deployment', name: 'reviews' }];
const mtls = { mode: 'Strict' };
const metricsPort = { port: 9090, mode: 'Permissive' };
const allow = { name: 'allow', action: 'Allow' };
const ruled = (...rules: object[]): object => ({ targetRefs, authorization: { rules } });
const from = (source: object): object => ruled({ ...allow, from: [source] });
const to = (request: object): object => ruled({ ...allow, to: [request] });
const rule = 'spec.authorization.rules[0]';
const account = {
  field: `${rule}.from[0].serviceAccounts[0]`,
  message: 'Write a service account as namespace/name',
};
const method = `${rule}.to[0].methods[0]`;
const path = `${rule}.to[0].paths[0]`;

const principals = ['spiffe://partner.example/ns/shop/sa/web', 'spiffe://td/web', 'spiffe://1.2/A_b/c.d-e'];
const networks = [
  '10.0.0.0/8',
  '0.0.0.0/0',
  '192.0.2.7',
  '192.0.2.7/32',
  '10.1.2.3/8',
  '::/0',
  '::',
  '::1',
  'fd00::/8',
  '2001:db8::7',
  '1::',
  '1:2:3:4:5:6:7::',
  '::2:3:4:5:6:7:8',
  '1:2:3:4:5:6:7:8/128',
  'FD00:0:0::0001/64',
  '::ffff:a00:0/104',
  '1::3:4:5:6:7:8',
];
const notNetworks = [
  '10.0.0.0/33',
  '10.0.0',
  '010.0.0.1',
  '256.0.0.1',
  '10.0.0.0/08',
  'localhost',
  '*',
  '',
  '::ffff:10.0.0.1',
  '1::2::3',
  ':::',
  '1:2:3',
  '1:2:3:4:5:6:7:8:9',
  '1::2:3:4:5:6:7:8',
  '1:2:3:4:5:6:7:8::',
  '::/129',
  'fe80::1%eth0',
  '[::1]',
  '12345::',
  '1:2:3:4:5:6:7:',
];

export const securityPolicyCases: readonly ApiCase[] = [
  valid('mtls alone', { targetRefs, mtls }),
  valid('mtls and rules', {
    targetRefs: [...targetRefs, { kind: 'Service', name: 'reviews' }],
    mtls,
    authorization: {
      rules: [
        {
          ...allow,
          from: [{ serviceAccounts: ['shop/productpage', 'shop/my.account'] }, { namespaces: ['qa'] }],
          to: [
            { methods: ['GET', 'HEAD', 'M-SEARCH'], paths: [{ value: '/' }, { type: 'Exact', value: '/' }] },
          ],
        },
        { name: 'nobody', action: 'Deny' },
      ],
    },
  }),
  refused(
    'nothing to say',
    { targetRefs },
    { field: 'spec', message: 'Set mtls, authentication or authorization' },
  ),
  refused('no target', { mtls }, { field: 'spec', message: 'Set targetRefs or selector' }),
  refused(
    'an empty list of targets',
    { targetRefs: [], mtls },
    { field: 'spec', message: 'Set targetRefs or selector' },
  ),
  ...['Mesh', 'Namespace', 'Service', 'Deployment', 'StatefulSet', 'DaemonSet', 'ExternalWorkload'].map(
    (kind) => valid(`the target ${kind}`, { targetRefs: [{ kind, name: 'reviews' }], mtls }),
  ),
  refused(
    'a Namespace that is none',
    { targetRefs: [{ kind: 'Namespace', name: 'a.b' }], mtls },
    {
      field: 'spec.targetRefs[0]',
      message: 'Write the name of a namespace',
    },
  ),
  valid('a selector', { selector: { matchLabels: { app: 'reviews', 'example.com/tier': '' } }, mtls }),
  valid('a selector beside targets', { targetRefs, selector: { matchLabels: { app: 'a' } }, mtls }),
  refused(
    'a selector without labels',
    { selector: { matchLabels: {} }, mtls },
    {
      field: 'spec.selector',
      message: 'Give at least one label.',
    },
  ),
  refused(
    'a selector with an expression',
    { selector: { matchLabels: { app: 'a*' } }, mtls },
    {
      field: 'spec.selector.matchLabels',
      message: 'A label value has at most 63',
    },
  ),
  refused(
    'a target of another kind',
    { targetRefs: [{ kind: 'Pod', name: 'a' }], mtls },
    { field: 'spec.targetRefs[0].kind' },
  ),
  refused(
    'a target twice',
    { targetRefs: [...targetRefs, ...targetRefs], mtls },
    { field: 'spec.targetRefs[1]' },
  ),
  refused(
    'an mtls block without a mode',
    { targetRefs, mtls: {} },
    { field: 'spec.mtls', message: 'Set mode or ports; without them mtls does nothing.' },
  ),
  valid('modes of ports alone', { targetRefs, mtls: { ports: [metricsPort] } }),
  valid('modes of ports beside a mode', {
    targetRefs,
    mtls: {
      mode: 'Strict',
      ports: [metricsPort, { port: 65_535, mode: 'Disabled' }],
      transition: { type: 'Immediate' },
    },
  }),
  refused(
    'two modes of one port',
    { targetRefs, mtls: { ports: [metricsPort, { ...metricsPort, mode: 'Strict' }] } },
    { field: 'spec.mtls.ports[1]' },
  ),
  refused(
    'a port without a mode',
    { targetRefs, mtls: { mode: 'Strict', ports: [{ port: 9090 }] } },
    { field: 'spec.mtls.ports[0].mode' },
  ),
  refused(
    'a port of a name',
    { targetRefs, mtls: { ports: [{ port: 'metrics', mode: 'Permissive' }] } },
    { field: 'spec.mtls.ports[0].port' },
  ),
  refused(
    'a port that there is not',
    { targetRefs, mtls: { ports: [{ port: 65_536, mode: 'Permissive' }] } },
    { field: 'spec.mtls.ports[0].port' },
  ),
  refused(
    'modes of too many ports',
    {
      targetRefs,
      mtls: { ports: Array.from({ length: 17 }, (_, at) => ({ port: at + 1, mode: 'Permissive' })) },
    },
    { field: 'spec.mtls.ports' },
  ),
  refused(
    'authorization without rules',
    { targetRefs, authorization: {} },
    {
      field: 'spec.authorization',
      message: 'Set rules or external. An empty list of rules denies everyone.',
    },
  ),
  valid('an empty list of rules', ruled()),
  refused('two rules of one name', ruled(allow, allow), { field: 'spec.authorization.rules[1]' }),
  refused('a rule without a name', ruled({ action: 'Allow' }), { field: `${rule}.name` }),
  refused('an unknown action', ruled({ name: 'a', action: 'Audit' }), { field: `${rule}.action` }),
  refused('a service account without a namespace', from({ serviceAccounts: ['productpage'] }), account),
  refused('a service account as SPIFFE id', from({ serviceAccounts: ['spiffe://td/ns/a/sa/b'] }), account),
  refused('a service account twice', from({ serviceAccounts: ['a/b', 'a/b'] }), {
    field: `${rule}.from[0].serviceAccounts[1]`,
  }),
  refused('a namespace with a wildcard', from({ namespaces: ['*'] }), {
    field: `${rule}.from[0].namespaces[0]`,
    message: 'Use 1 to 63 lower-case letters',
  }),
  refused('an entry of from that names nobody', from({}), {
    field: `${rule}.from[0]`,
    message: 'Name a service account, a namespace, a principal or a network',
  }),
  refused('an entry of to that names nothing', to({ methods: [] }), {
    field: `${rule}.to[0]`,
    message: 'Name a method, a path, a host, a header or a port',
  }),
  ...['LIST', 'BAN', 'M-SEARCH', 'Own', "A1!#$%&'*+-.^_`|~"].map((value) =>
    valid(`the method ${value}`, to({ methods: [value] })),
  ),
  refused('a common method in lower case', to({ methods: ['get'] }), {
    field: method,
    message: 'Write the method in upper case',
  }),
  refused('a wildcard as method', to({ methods: ['*'] }), { field: method, message: 'Omit the field' }),
  refused('two methods in one', to({ methods: ['GET, HEAD'] }), {
    field: method,
    message: 'Write an HTTP method',
  }),
  refused('CONNECT as method', to({ methods: ['GET', 'CONNECT'] }), {
    field: `${rule}.to[0].methods[1]`,
    message: 'Remove CONNECT',
  }),
  ...['/my files', '/café', '/%73ecret', '/a|b'].map((value) =>
    valid(`the path ${value}`, to({ paths: [{ value }] })),
  ),
  ...['/a%2Fb', '//secret', '/a/../secret', '/%2e%2e/secret'].map((value) =>
    refused(`the path ${value}`, to({ paths: [{ value }] }), {
      field: path,
      message: 'Write the path as it is after normalization',
    }),
  ),
  ...['Deny', 'Ignore'].map((unidentified) =>
    valid(`unidentified ${unidentified} beside a Deny rule that names callers`, {
      targetRefs,
      authorization: { unidentified, rules: [{ name: 'a', action: 'Deny', from: [{ namespaces: ['qa'] }] }] },
    }),
  ),
  ...[[], [allow], [{ name: 'all', action: 'Deny' }]].map((rules) =>
    refused(
      `unidentified Ignore without a Deny rule that names callers: ${rules.length} rules`,
      { targetRefs, authorization: { unidentified: 'Ignore', rules } },
      { field: 'spec.authorization', message: 'Remove unidentified' },
    ),
  ),
  refused(
    'an unknown reading of callers without mutual TLS',
    { targetRefs, authorization: { unidentified: 'Allow', rules: [] } },
    { field: 'spec.authorization.unidentified' },
  ),
  ...['Enforce', 'Audit'].map((enforcement) =>
    valid(`enforcement ${enforcement}`, {
      targetRefs,
      authorization: { enforcement, responseHeader: true, rules: [allow] },
    }),
  ),
  refused(
    'an unknown enforcement',
    { targetRefs, authorization: { enforcement: 'DryRun', rules: [] } },
    { field: 'spec.authorization.enforcement' },
  ),
  valid('a path whatever its case', to({ paths: [{ value: '/admin', ignoreCase: true }] })),
  refused(
    'an expression whatever its case',
    to({ paths: [{ type: 'RegularExpression', value: '/admin', ignoreCase: true }] }),
    { field: path, message: 'Remove ignoreCase, and begin the expression with (?i)' },
  ),
  valid(
    'an expression that ignores case by itself',
    to({ paths: [{ type: 'RegularExpression', value: '(?i)/admin' }] }),
  ),
  refused('tunnels', to({ methods: ['connect'] }), {
    field: `${rule}.to[0].methods[0]`,
    message: 'Remove CONNECT',
  }),
  refused('a path as a string', to({ paths: ['/reviews'] }), { field: path }),
  refused('a path without a slash', to({ paths: [{ value: 'reviews' }] }), {
    field: path,
    message: "Start value with '/'",
  }),
  refused('a wildcard at the end', to({ paths: [{ value: '/reviews/*' }] }), {
    field: path,
    message: 'Write /a instead of /a/*',
  }),
  refused('a path with a query', to({ paths: [{ value: '/a?b' }] }), {
    field: path,
    message: "Leave the query ('?')",
  }),
  refused('a path twice', to({ paths: [{ value: '/a' }, { type: 'PathPrefix', value: '/a' }] }), {
    field: `${rule}.to[0].paths[1]`,
  }),
  ...principals.map((value) => valid(`the principal ${value}`, from({ principals: [value] }))),
  ...['spiffe://partner.example/*', 'spiffe://partner.example', 'partner.example/ns/a', '*'].map((value) =>
    refused(`the principal ${value}`, from({ principals: [value] }), {
      field: `${rule}.from[0].principals[0]`,
      message: 'Write a whole SPIFFE ID',
    }),
  ),
  ...networks.map((value) => valid(`the network ${value}`, from({ ipBlocks: [value] }))),
  ...notNetworks.map((value) =>
    refused(`the network ${value}`, from({ ipBlocks: [value] }), {
      field: `${rule}.from[0].ipBlocks[0]`,
      message: 'Write a network such as 10.20.0.0/16',
    }),
  ),
  valid(
    'clients behind a proxy',
    from({ serviceAccounts: ['ingress/nginx'], remoteIPBlocks: ['198.51.100.0/24'] }),
  ),
  valid(
    'clients behind a proxy outside of the mesh',
    from({ ipBlocks: ['10.0.0.7'], not: { remoteIPBlocks: ['::/0'] } }),
  ),
  ...[{ remoteIPBlocks: ['10.0.0.0/8'] }, { not: { remoteIPBlocks: ['10.0.0.0/8'] } }].map((source) =>
    refused('clients behind anybody', from(source), {
      field: `${rule}.from[0]`,
      message: 'Name the proxies whose x-forwarded-for counts',
    }),
  ),
  valid('all callers but some', from({ not: { namespaces: ['qa'], ipBlocks: ['10.0.0.0/8'] } })),
  refused('nobody left out', from({ not: {} }), {
    field: `${rule}.from[0].not`,
    message: 'Name somebody in not, or remove it.',
  }),
  valid(
    'every kind of request',
    to({
      ports: [8080, 65_535],
      methods: ['GET'],
      paths: [{ value: '/api' }],
      hosts: ['shop.example.com', '*.example.com'],
      headers: [
        { name: 'x-group', value: 'admin' },
        { name: 'X_Own-Name', type: 'RegularExpression', value: 'a|b' },
        { name: 'cookie', type: 'Present' },
      ],
      not: {
        ports: [9090],
        methods: ['PUT'],
        paths: [{ value: '/api/secret' }],
        hosts: ['old.example.com'],
        headers: [{ name: 'x-debug', type: 'Present' }],
      },
    }),
  ),
  refused('nothing left out', to({ not: {} }), {
    field: `${rule}.to[0].not`,
    message: 'Name a method, a path, a host, a header or a port in not',
  }),
  refused('port 0', to({ ports: [0] }), { field: `${rule}.to[0].ports[0]` }),
  ...['Shop.example.com', 'shop.example.com:80', 'shop.example.com.', '*', 'a*.example.com'].map((value) =>
    refused(`the host ${value}`, to({ hosts: [value] }), {
      field: `${rule}.to[0].hosts[0]`,
      message: 'Write a host name in lower case without a port',
    }),
  ),
  ...[':path', 'x--a', 'a-b-c-d-e-f-g', 'x.y'].map((name) =>
    refused(`the header ${name}`, to({ headers: [{ name, type: 'Present' }] }), {
      field: `${rule}.to[0].headers[0].name`,
      message: 'Write the name of a header',
    }),
  ),
  refused('a header that no sidecar sees', to({ headers: [{ name: 'Connection', type: 'Present' }] }), {
    field: `${rule}.to[0].headers[0].name`,
    message: 'sidecars remove this one',
  }),
  refused('a header value that none has', to({ headers: [{ name: 'x-group', value: 'test ' }] }), {
    field: `${rule}.to[0].headers[0]`,
    message: 'Remove spaces at the ends of value',
  }),
  refused('the header host', to({ headers: [{ name: 'Host', value: 'a' }] }), {
    field: `${rule}.to[0].headers[0].name`,
    message: 'Use hosts instead',
  }),
  refused('a header of sidecars', to({ headers: [{ name: 'X-Meshwright-Path', type: 'Present' }] }), {
    field: `${rule}.to[0].headers[0].name`,
    message: 'Choose another name',
  }),
  refused('a header without a value', to({ headers: [{ name: 'x-group' }] }), {
    field: `${rule}.to[0].headers[0]`,
    message: 'Set value for Exact and RegularExpression',
  }),
  ...['^a', 'a$', '^a$'].map((value) =>
    refused(
      `the expression ${value}`,
      to({ headers: [{ name: 'x-group', type: 'RegularExpression', value }] }),
      {
        field: `${rule}.to[0].headers[0]`,
        message: "Leave out '^' and '$'",
      },
    ),
  ),
  refused('look-ahead in a path', to({ paths: [{ type: 'RegularExpression', value: '/(?=a)' }] }), {
    field: path,
    message: 'Write value in the RE2 syntax',
  }),
];
