// The bootstrap: what a sidecar must know before it can ask, and that it agrees with what it is told afterwards.
import { describe, expect, test } from '@jest/globals';
import { renderBootstrap } from '../../../operator/infra/bootstrap.ts';
import { renderSdsFiles } from '../../../operator/infra/certificate-files.ts';
import { formatNodeId, parseNodeId, workloadKey } from '../../../operator/values/node-id.ts';
import { buildResources } from '../../../operator/envoy/resources/build.ts';
import { sampleMesh, sampleWorkload, spiffeId } from '../../support/mesh-samples.ts';
import { upstreamTls } from '../../../operator/envoy/resources/tls.ts';

describe('renderBootstrap', () => {
  test('asks the operator, and only the operator, for everything', () => {
    const bootstrap = renderBootstrap({
      nodeId: 'Pod~shop~reviews-v1-abc~d2f1',
      cluster: 'default',
      xds: {
        address: '10.96.0.9',
        port: 15010,
        serverSpiffeId: 'spiffe://cluster.local/ns/meshwright-system/sa/meshwright',
      },
      adminPort: 15000,
    });

    expect(bootstrap).toMatchObject({
      node: { id: 'Pod~shop~reviews-v1-abc~d2f1', cluster: 'default' },
      dynamic_resources: { ads_config: { api_type: 'DELTA_GRPC', set_node_on_first_message_only: true } },
      admin: { address: { socket_address: { address: '127.0.0.1', port_value: 15000 } } },
    });
    expect(JSON.stringify(bootstrap)).toContain(
      '"exact":"spiffe://cluster.local/ns/meshwright-system/sa/meshwright"',
    );
  });

  test('waits for what it asks of the operator no longer than two seconds each, and is answered', () => {
    const { views, layers } = buildResources(sampleMesh({ workloads: [sampleWorkload('any')] }), {
      trustBundle: 'roots',
    });
    const [view] = views.values();
    const published = (view ?? []).flatMap((layer) => layers.get(layer) ?? []).map(({ name }) => name);
    const asked = discoveries(renderBootstrap(options));

    expect(asked).toEqual([
      { name: 'local', waits: '2s' },
      { name: 'meshwright', waits: '2s' },
    ]);
    expect(published).toEqual(expect.arrayContaining(asked.map(({ name }) => name)));
  });

  test('sends counters of ours, and no others, to a cluster that is there from the start', () => {
    const { stats_sinks: sinks } = renderBootstrap(options);

    const text = JSON.stringify(sinks);
    expect(text).toMatch(/"predicate":\{"not_matcher":.*"on_match":\{"action":\{"name":"drop"/);
    expect(text.match(/"value_match":\{.*?\}/g)).toEqual([
      '"value_match":{"prefix":"meshwright."}',
      '"value_match":{"exact":"server.uptime"}',
    ]);
    expect(text).toContain('"initial_metadata":[{"key":"x-meshwright-node-id","value":"Pod~shop~any~"}]');
    expect(text).toContain('"envoy_grpc":{"cluster_name":"xds"}');
  });

  test('gives up counters that stand still: each few reports, as Envoy wants it', () => {
    const { stats_flush_interval: reports, stats_eviction_interval: sweeps } = renderBootstrap(options);

    expect(Number.parseInt(String(sweeps), 10) % Number.parseInt(String(reports), 10)).toBe(0);
    expect(Number.parseInt(String(sweeps), 10)).toBeGreaterThan(Number.parseInt(String(reports), 10));
  });
});

const options = {
  nodeId: 'Pod~shop~any~',
  cluster: 'default',
  xds: { address: '10.96.0.9', port: 15010, serverSpiffeId: spiffeId('operator') },
  adminPort: 0,
};

type Json = Readonly<Record<string, unknown>>;

/** What it asks for by name before it starts, and for how long it waits. */
function discoveries(bootstrap: Json): readonly { readonly name: unknown; readonly waits: unknown }[] {
  const found: { name: unknown; waits: unknown }[] = [];
  JSON.parse(JSON.stringify(bootstrap), (_key, value: unknown) => {
    const { name, eds_cluster_config: eds, rtds_config: rtds } = (value ?? {}) as Json;
    const source = (eds as Json | undefined)?.['eds_config'] ?? rtds;
    if (source !== undefined) found.push({ name, waits: (source as Json)['initial_fetch_timeout'] });
    return value;
  });
  return found;
}

describe('the certificate folder', () => {
  test('is where the configuration that all sidecars share looks for the certificate', () => {
    expect([...renderSdsFiles('').keys()]).toContain('leaf.json');
    expect(JSON.stringify(upstreamTls([]))).toContain('"path":"certificates/leaf.json"');
  });

  test('has an SDS file for the leaf and one for the roots, which are read again when the folder is swapped', () => {
    const files = [...renderSdsFiles('/run/sidecar')].map(([name, text]) => [
      name,
      JSON.parse(text) as unknown,
    ]);
    const secret = '@type';
    const type = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret';
    const watched_directory = { path: '/run/sidecar/certificates' };

    expect(files).toEqual([
      [
        'leaf.json',
        {
          resources: [
            {
              [secret]: type,
              name: 'leaf',
              tls_certificate: {
                certificate_chain: { filename: '/run/sidecar/certificates/tls.crt' },
                private_key: { filename: '/run/sidecar/certificates/tls.key' },
                watched_directory,
              },
            },
          ],
        },
      ],
      [
        'roots.json',
        {
          resources: [
            {
              [secret]: type,
              name: 'roots',
              validation_context: {
                trusted_ca: { filename: '/run/sidecar/certificates/ca.crt' },
                watched_directory,
              },
            },
          ],
        },
      ],
    ]);
  });
});

describe('node ids', () => {
  const identity = { kind: 'Pod', namespace: 'shop', name: 'reviews-v1-abc', uid: 'd2f1' };

  test('name the workload, and are read back', () => {
    expect(formatNodeId(identity)).toBe('Pod~shop~reviews-v1-abc~d2f1');
    expect(parseNodeId(formatNodeId(identity))).toEqual(identity);
    expect(parseNodeId('ExternalWorkload~shop~reviews-v1~')).toEqual({
      kind: 'ExternalWorkload',
      namespace: 'shop',
      name: 'reviews-v1',
      uid: '',
    });
    expect(workloadKey(identity)).toBe('Pod/shop/reviews-v1-abc');
  });

  test.each(['', 'envoy', 'Pod~shop~reviews', 'Pod~shop~~uid', '~shop~x~', 'Pod~shop~x~uid~more'])(
    'are not made up from something else: "%s"',
    (nodeId) => {
      expect(parseNodeId(nodeId)).toBeNull();
    },
  );
});
