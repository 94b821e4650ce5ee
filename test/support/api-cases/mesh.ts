// Cases of Mesh.
import { type ApiCase, casesOf } from './api-case.ts';

const { valid, refused } = casesOf('Mesh');
const ttl = (workloadTTL: string): object => ({ certificates: { workloadTTL } });
const lifetime = { field: 'spec.certificates.workloadTTL', message: 'Set workloadTTL between 10m and 2160h' };
const after = (time: string): object => ({ certificates: { issuedAfter: time } });
const issuedAfter = {
  field: 'spec.certificates.issuedAfter',
  message: 'Write a time such as 2026-01-31T12:00:00Z.',
};
const rotation = (rootRotation: object): object => ({ certificates: { rootRotation } });
const authority = (parts: object): object => ({ certificates: { authority: parts } });
const refusedRef = (message: string): { field: string; message: string } => ({
  field: 'spec.certificates.authority',
  message,
});
const domain = { field: 'spec.trustDomain', message: 'Write trustDomain like a DNS name' };
const hosts = (...all: readonly object[]): object => ({ outbound: { hosts: all } });
const encrypting = (tls: object): object =>
  hosts({ host: 'api.example.com', ports: [{ port: 80, protocol: 'HTTP', tls }] });
const ca = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----';
const hostName = { field: 'spec.outbound.hosts[0].host', message: 'Write a host name of at least two parts' };
const sidecar = (parts: object): object => ({ sidecar: parts });
const excluding = (network: string): object => sidecar({ interception: { excludeOutboundCIDRs: [network] } });
const network = {
  field: 'spec.sidecar.interception.excludeOutboundCIDRs',
  message: 'Write a network such as',
};
const selecting = (matchLabels: object): object => ({ namespaceSelector: { matchLabels } });
const manyLabels = Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`label-${i}`, 'x']));

const google = (googleCloud: object): object => ({ name: 'google', type: 'GoogleCloud', googleCloud });
const sampling = (...written: readonly object[]): object => ({
  telemetry: { tracing: { providers: ['a'], sampling: written } },
});
const logs = (...accessLogs: readonly object[]): object => ({ telemetry: { accessLogs } });
const logFormat = (message: string): { field: string; message: string } => ({
  field: 'spec.telemetry.accessLogs[0].format',
  message,
});

export const meshCases: readonly ApiCase[] = [
  valid(
    'access logs',
    logs(
      { name: 'all' },
      {
        name: 'errors',
        filter: 'response.code >= 500',
        outcome: 'Failed',
        percentage: 10,
        directions: ['Inbound'],
        probes: true,
        namespaces: ['shop'],
        selector: { matchLabels: { app: 'reviews' } },
        format: { fields: ['path', 'request.headers.x-tenant'] },
      },
      { name: 'lines', format: { type: 'Text', text: '{path}' } },
    ),
  ),
  valid('providers and traces', {
    telemetry: {
      providers: [
        {
          name: 'a',
          type: 'OpenTelemetry',
          endpoint: 'http://collector.shop:4318',
          protocol: 'HTTP',
          metrics: true,
        },
        { name: 'b', type: 'Zipkin', endpoint: 'https://zipkin.example.com/api/v2/spans' },
        { name: 'c', type: 'Plugin', endpoint: 'http://plugin.shop.svc:50051' },
        { name: 'd', type: 'GoogleCloud', googleCloud: { project: 'my-project-123' } },
        google({
          project: 'example.com:my-project-123',
          secretRef: { name: 'account' },
          cluster: { name: 'one', location: 'europe-west1' },
          endpoints: { trace: 'https://trace.example:8443/' },
        }),
      ],
      tracing: { providers: ['a', 'b'], percentage: 50, propagation: 'B3' },
      accessLogs: [{ name: 'all', providers: ['a', 'c'] }],
    },
  }),
  valid('a Prometheus below a path', { telemetry: { prometheus: { url: 'https://p.example.com/shop' } } }),
  refused(
    'a Prometheus without a URL',
    { telemetry: { prometheus: {} } },
    { field: 'spec.telemetry.prometheus.url', message: '' },
  ),
  refused(
    'a Prometheus with a query',
    { telemetry: { prometheus: { url: 'http://prometheus:9090/?query=up' } } },
    {
      field: 'spec.telemetry.prometheus.url',
      message: 'Write a URL such as http://prometheus.monitoring.svc:9090, without a query.',
    },
  ),
  refused(
    'a provider without a URL',
    { telemetry: { providers: [{ name: 'a', type: 'Plugin', endpoint: 'plugin.shop:50051' }] } },
    { field: 'spec.telemetry.providers[0].endpoint', message: 'Write a URL such as' },
  ),
  refused(
    'a provider at a port that is none',
    { telemetry: { providers: [{ name: 'a', type: 'Plugin', endpoint: 'http://plugin.shop:65999' }] } },
    { field: 'spec.telemetry.providers[0].endpoint', message: 'Use a port from 1 to 65535.' },
  ),
  refused(
    'a provider at an address that is none',
    { telemetry: { providers: [{ name: 'a', type: 'Zipkin', endpoint: 'http://10.0.0.300:9411' }] } },
    { field: 'spec.telemetry.providers[0].endpoint', message: 'Write the IPv4 address in full' },
  ),
  refused(
    'counts for Zipkin',
    { telemetry: { providers: [{ name: 'a', type: 'Zipkin', endpoint: 'http://a', metrics: true }] } },
    { field: 'spec.telemetry.providers[0]', message: 'Remove metrics' },
  ),
  refused(
    'a provider nowhere',
    { telemetry: { providers: [{ name: 'a', type: 'OpenTelemetry' }] } },
    { field: 'spec.telemetry.providers[0]', message: 'Write endpoint' },
  ),
  refused(
    'Google Cloud without a project',
    { telemetry: { providers: [{ name: 'a', type: 'GoogleCloud' }] } },
    { field: 'spec.telemetry.providers[0]', message: 'Write googleCloud' },
  ),
  refused(
    'Google Cloud at an endpoint of a collector',
    { telemetry: { providers: [{ ...google({ project: 'my-project-123' }), endpoint: 'http://a' }] } },
    { field: 'spec.telemetry.providers[0]', message: 'remove it with type GoogleCloud' },
  ),
  refused(
    'a number of a project',
    { telemetry: { providers: [google({ project: '123456789012' })] } },
    { field: 'spec.telemetry.providers[0].googleCloud.project', message: 'Write the ID of a project' },
  ),
  refused(
    'tokens without TLS',
    {
      telemetry: {
        providers: [google({ project: 'my-project-123', endpoints: { logging: 'http://logging' } })],
      },
    },
    {
      field: 'spec.telemetry.providers[0].googleCloud.endpoints.logging',
      message: 'Write a URL without a path',
    },
  ),
  refused(
    'a Secret of Meshwright as the key of an account',
    {
      telemetry: {
        providers: [google({ project: 'my-project-123', secretRef: { name: 'meshwright-ca' } })],
      },
    },
    { field: 'spec.telemetry.providers[0].googleCloud.secretRef', message: 'Name a Secret of your own' },
  ),
  refused(
    'traces for nobody',
    { telemetry: { tracing: { providers: [] } } },
    { field: 'spec.telemetry.tracing.providers', message: '' },
  ),
  valid(
    'sampling by namespace, workload and request',
    sampling(
      { name: 'probes', filter: "request.url_path == '/healthz'", percentage: 0 },
      { name: 'pay', namespaces: ['pay'], selector: { matchLabels: { app: 'pay' } }, percentage: 100 },
    ),
  ),
  refused('a sampling rule without a percentage', sampling({ name: 'a' }), {
    field: 'spec.telemetry.tracing.sampling[0].percentage',
    message: '',
  }),
  refused('more than all', sampling({ name: 'a', percentage: 101 }), {
    field: 'spec.telemetry.tracing.sampling[0].percentage',
    message: '',
  }),
  refused(
    'two sampling rules of one name',
    sampling({ name: 'a', percentage: 1 }, { name: 'a', percentage: 2 }),
    {
      field: 'spec.telemetry.tracing.sampling[1]',
      message: '',
    },
  ),
  refused(
    'nine sampling rules',
    sampling(...Array.from({ length: 9 }, (_, at) => ({ name: `a${at}`, percentage: at }))),
    { field: 'spec.telemetry.tracing.sampling', message: '' },
  ),
  valid('no access logs', logs()),
  refused(
    'an access log of text without text',
    logs({ name: 'a', format: { type: 'Text' } }),
    logFormat('Set text with type Text, and only with it.'),
  ),
  refused(
    'an access log of JSON with text',
    logs({ name: 'a', format: { text: '{path}' } }),
    logFormat('Set text with type Text, and only with it.'),
  ),
  refused(
    'an access log of text with fields',
    logs({ name: 'a', format: { type: 'Text', text: 'a', fields: ['path'] } }),
    logFormat('Remove fields'),
  ),
  refused('an access log of an outcome that is none', logs({ name: 'a', outcome: 'Succeeded' }), {
    field: 'spec.telemetry.accessLogs[0].outcome',
    message: '',
  }),
  refused('a field of another form', logs({ name: 'a', format: { fields: ['Path'] } }), {
    field: 'spec.telemetry.accessLogs[0].format.fields',
    message: 'Write the name of a field as in docs/telemetry.md',
  }),
  valid('nothing but defaults', {}),
  valid('every field', {
    trustDomain: 'prod.example.org',
    namespaceSelector: { matchLabels: { 'example.org/team': 'a', mesh: '' } },
    sidecar: {
      image: 'envoyproxy/envoy:distroless-v1.40.0',
      initImage: 'registry.example.org:5000/meshwright@sha256:0123',
      resources: { requests: { cpu: '50m' }, limits: { cpu: '0.5', memory: '1Gi' } },
      interception: {
        excludeInboundPorts: [9000],
        excludeOutboundPorts: [3306, 5432],
        excludeOutboundCIDRs: ['10.20.0.0/16', 'fd00:20::/64'],
      },
      rollout: { maxConcurrent: 10 },
      drain: '10s',
    },
    mtls: { mode: 'Strict' },
    certificates: {
      authority: { type: 'BuiltIn' },
      workloadTTL: '1h30m',
      issuedAfter: '2026-01-31T12:00:00Z',
      rootRotation: {
        issuedAfter: '2026-01-31T12:00:00Z',
        renewBefore: '720h',
        phaseTimeout: '10m',
        mode: 'Abort',
      },
    },
    outbound: {
      mode: 'RegistryOnly',
      learn: true,
      hosts: [
        { host: 'api.example.com' },
        {
          host: '*.example.com',
          ports: [{ port: 443 }, { port: 80, protocol: 'HTTP' }, { port: 443, protocol: 'HTTP' }],
        },
        {
          host: 'partner.example.com',
          ports: [{ port: 80, protocol: 'HTTP', tls: { port: 8443, sni: 'www.example.com', caBundle: ca } }],
        },
      ],
    },
    defaults: {
      timeout: { request: '15s' },
      retry: { attempts: 1, perTryTimeout: '5s' },
      loadBalancer: { type: 'RoundRobin' },
      circuitBreaker: { maxRequests: 1_000 },
      outlierDetection: { consecutive5xx: 5 },
      connection: { connectTimeout: '1s' },
    },
  }),
  refused(
    'a try longer than the request, for all Services',
    { defaults: { timeout: { request: '1s' }, retry: { perTryTimeout: '2s' } } },
    { field: 'spec.defaults', message: 'Set timeout.request to at least retry.perTryTimeout' },
  ),
  refused(
    'an empty default',
    { defaults: { connection: {} } },
    {
      field: 'spec.defaults.connection',
      message: 'Set at least one field of connection',
    },
  ),
  valid('a selector of all namespaces', { namespaceSelector: {} }),
  valid('a trust domain of one part', { trustDomain: 'td' }),
  refused('a trust domain in upper case', { trustDomain: 'Example.org' }, domain),
  refused('a trust domain with a scheme', { trustDomain: 'spiffe://a' }, domain),
  refused('a trust domain with an empty part', { trustDomain: 'a..b' }, domain),
  refused('an empty trust domain', { trustDomain: '' }, { field: 'spec.trustDomain' }),
  refused('a label value with a blank', selecting({ a: 'x y' }), {
    field: 'spec.namespaceSelector.matchLabels',
    message: 'A label value has',
  }),
  refused('a label key with two slashes', selecting({ 'a/b/c': 'x' }), {
    field: 'spec.namespaceSelector.matchLabels',
    message: 'A label key is',
  }),
  valid(
    'labels with the names of members of a prototype',
    selecting({ constructor: 'x', toString: 'x', prototype: 'x', hasOwnProperty: '' }),
  ),
  refused('the label __proto__', selecting(JSON.parse('{"__proto__": "x"}') as object), {
    field: 'spec.namespaceSelector.matchLabels',
  }),
  refused('17 labels', selecting(manyLabels), { field: 'spec.namespaceSelector.matchLabels' }),
  refused('an unknown mode', { mtls: { mode: 'On' } }, { field: 'spec.mtls.mode' }),
  valid('a transition to Strict', { mtls: { mode: 'Strict', transition: { quietPeriod: '24h' } } }),
  valid('a transition at once', { mtls: { mode: 'Strict', transition: { type: 'Immediate' } } }),
  refused(
    'an unknown transition',
    { mtls: { transition: { type: 'Soon' } } },
    { field: 'spec.mtls.transition.type' },
  ),
  ...['999ms', '25h'].map((quietPeriod) =>
    refused(
      `quietPeriod ${quietPeriod}`,
      { mtls: { transition: { quietPeriod } } },
      { field: 'spec.mtls.transition.quietPeriod', message: 'Set quietPeriod between 1s and 24h.' },
    ),
  ),
  refused(
    'an unknown authority',
    { certificates: { authority: { type: 'Acme' } } },
    {
      field: 'spec.certificates.authority.type',
    },
  ),
  valid('an intermediate in a Secret', authority({ type: 'Intermediate', secretRef: { name: 'mesh-ca' } })),
  refused(
    'an intermediate nowhere',
    authority({ type: 'Intermediate' }),
    refusedRef('Set secretRef with type Intermediate, and only then.'),
  ),
  refused(
    'a Secret for the built-in authority',
    authority({ secretRef: { name: 'mesh-ca' } }),
    refusedRef('Set secretRef with type Intermediate, and only then.'),
  ),
  refused(
    'a Secret that Meshwright writes',
    authority({ type: 'Intermediate', secretRef: { name: 'meshwright-ca' } }),
    refusedRef('Name a Secret of your own: Meshwright writes this one itself.'),
  ),
  refused('a Secret in capital letters', authority({ type: 'Intermediate', secretRef: { name: 'Mesh' } }), {
    field: 'spec.certificates.authority.secretRef.name',
  }),
  valid('an issuer of cert-manager', authority({ type: 'CertManager', issuerRef: { name: 'mesh-ca' } })),
  valid(
    'an issuer that is not one of its own, and its root',
    authority({
      type: 'CertManager',
      issuerRef: { name: 'mesh', kind: 'AWSPCAClusterIssuer', group: 'awspca.cert-manager.io' },
      caBundle: '-----BEGIN CERTIFICATE-----',
    }),
  ),
  refused(
    'an issuer nowhere',
    authority({ type: 'CertManager' }),
    refusedRef('Set issuerRef with type CertManager, and only then.'),
  ),
  refused(
    'an issuer for an intermediate',
    authority({ type: 'Intermediate', secretRef: { name: 'mesh-ca' }, issuerRef: { name: 'mesh-ca' } }),
    refusedRef('Set issuerRef with type CertManager, and only then.'),
  ),
  refused(
    'a root for the built-in authority',
    authority({ caBundle: '-----BEGIN CERTIFICATE-----' }),
    refusedRef('Set caBundle with type CertManager only.'),
  ),
  refused(
    'a root that is no PEM',
    authority({ type: 'CertManager', issuerRef: { name: 'mesh-ca' }, caBundle: 'bWVzaA==' }),
    refusedRef('Write the root certificate as PEM text: -----BEGIN CERTIFICATE----- and so on.'),
  ),
  refused(
    'a kind in small letters',
    authority({ type: 'CertManager', issuerRef: { name: 'mesh-ca', kind: 'clusterissuer' } }),
    {
      field: 'spec.certificates.authority.issuerRef.kind',
    },
  ),
  valid('a lifetime of 10 minutes', ttl('10m')),
  valid('a lifetime of 90 days', ttl('2160h')),
  refused('a lifetime under 10 minutes', ttl('9m59s'), lifetime),
  refused('a lifetime over 90 days', ttl('2160h1s'), lifetime),
  refused('a lifetime in days', ttl('30d'), {
    field: 'spec.certificates.workloadTTL',
    message: 'Write a duration',
  }),
  valid('a time for certificates', after('2026-01-31T12:00:00Z')),
  valid('a time with a zone and a fraction', after('2026-01-31T12:00:00.5+02:00')),
  refused('a day for certificates', after('2026-01-31'), issuedAfter),
  refused('a month that is none', after('2026-13-01T12:00:00Z'), issuedAfter),
  valid('a root that is never replaced because of its age', rotation({ renewBefore: '0s' })),
  refused(
    'a root that is replaced 5 years and a second before it expires',
    rotation({ renewBefore: '43800h1s' }),
    {
      field: 'spec.certificates.rootRotation.renewBefore',
      message: 'Set renewBefore to 43800h (5 years) at most.',
    },
  ),
  refused('a phase of 9 seconds', rotation({ phaseTimeout: '9s' }), {
    field: 'spec.certificates.rootRotation.phaseTimeout',
    message: 'Set phaseTimeout between 10s and 2160h (90 days).',
  }),
  refused('a day for roots', rotation({ issuedAfter: '2026-01-31' }), {
    field: 'spec.certificates.rootRotation.issuedAfter',
    message: 'Write a time such as 2026-01-31T12:00:00Z.',
  }),
  refused('an unknown mode of a rotation', rotation({ mode: 'Force' }), {
    field: 'spec.certificates.rootRotation.mode',
  }),
  valid('no drain', sidecar({ drain: '0s' })),
  refused('a drain of more than 5 minutes', sidecar({ drain: '301s' }), {
    field: 'spec.sidecar.drain',
    message: 'Set drain to 300s at most.',
  }),
  refused('an image with a blank', sidecar({ image: 'envoy 1' }), {
    field: 'spec.sidecar.image',
    message: 'Write an image as in a pod',
  }),
  refused('memory in words', sidecar({ resources: { limits: { memory: 'much' } } }), {
    field: 'spec.sidecar.resources.limits.memory',
    message: 'Write a quantity',
  }),
  refused('no workload at a time', sidecar({ rollout: { maxConcurrent: 0 } }), {
    field: 'spec.sidecar.rollout.maxConcurrent',
  }),
  refused('port 0', sidecar({ interception: { excludeInboundPorts: [0] } }), {
    field: 'spec.sidecar.interception.excludeInboundPorts',
  }),
  valid('a network of one address', excluding('192.0.2.7/32')),
  valid('all networks', excluding('::/0')),
  refused('a network without a length', excluding('10.20.0.0'), network),
  refused('a network that is too long', excluding('10.20.0.0/33'), network),
  refused('a network of no address', excluding('10.20.0.256/16'), network),
  valid('a host in mode AllowAny', hosts({ host: 'api.example.com' })),
  refused('a host of one part', hosts({ host: 'localhost' }), hostName),
  refused('a wildcard of a top-level domain', hosts({ host: '*.com' }), hostName),
  refused('a wildcard for everything', hosts({ host: '*' }), hostName),
  refused('a wildcard inside of a name', hosts({ host: 'api.*.com' }), hostName),
  refused('a wildcard for a part of a label', hosts({ host: 'a*.example.com' }), hostName),
  refused('an address for a host', hosts({ host: '192.0.2.7' }), hostName),
  refused('a host in upper case', hosts({ host: 'API.example.com' }), hostName),
  refused('a host with a port', hosts({ host: 'api.example.com:443' }), hostName),
  refused('a Service for a host', hosts({ host: 'web.shop.svc.cluster.local' }), {
    field: 'spec.outbound.hosts[0].host',
    message: 'Name a host outside the cluster.',
  }),
  refused('a port of sidecars', hosts({ host: 'api.example.com', ports: [{ port: 15_001 }] }), {
    field: 'spec.outbound.hosts[0].ports[0]',
    message: 'Choose a port that no sidecar uses itself',
  }),
  refused('a host without ports', hosts({ host: 'api.example.com', ports: [] }), {
    field: 'spec.outbound.hosts[0].ports',
  }),
  refused(
    'a port twice',
    hosts({ host: 'api.example.com', ports: [{ port: 443 }, { port: 443, protocol: 'TLS' }] }),
    { field: 'spec.outbound.hosts[0].ports' },
  ),
  refused('a host twice', hosts({ host: 'api.example.com' }, { host: 'api.example.com' }), {
    field: 'spec.outbound.hosts',
  }),
  refused(
    'a protocol that no host has',
    hosts({ host: 'api.example.com', ports: [{ port: 53, protocol: 'UDP' }] }),
    { field: 'spec.outbound.hosts[0].ports[0].protocol' },
  ),
  valid('TLS by the public CAs', encrypting({})),
  refused('TLS twice', hosts({ host: 'api.example.com', ports: [{ port: 443, tls: {} }] }), {
    field: 'spec.outbound.hosts[0].ports[0]',
    message: 'Set protocol to HTTP, or remove tls',
  }),
  refused(
    'TLS of a wildcard',
    hosts({ host: '*.example.com', ports: [{ port: 80, protocol: 'HTTP', tls: {} }] }),
    { field: 'spec.outbound.hosts[0]', message: 'Name each host by itself to use tls' },
  ),
  refused('a CA that is none', encrypting({ caBundle: 'mine' }), {
    field: 'spec.outbound.hosts[0].ports[0].tls.caBundle',
    message: 'Write CA certificates in PEM',
  }),
  refused('a CA with its key', encrypting({ caBundle: `${ca}\n-----BEGIN PRIVATE KEY-----` }), {
    field: 'spec.outbound.hosts[0].ports[0].tls.caBundle',
    message: 'Remove the private key, and replace it',
  }),
  refused('a server name with a wildcard', encrypting({ sni: '*.example.com' }), {
    field: 'spec.outbound.hosts[0].ports[0].tls.sni',
  }),
  refused('an unknown outbound mode', { outbound: { mode: 'Deny' } }, { field: 'spec.outbound.mode' }),
  refused('a field that does not exist', { mtsl: { mode: 'Strict' } }, { field: 'spec.mtsl' }),
];
