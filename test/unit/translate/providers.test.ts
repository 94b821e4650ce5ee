// Providers and traces of the Mesh.
import { expect, test } from '@jest/globals';
import { type Mesh, MeshSpec } from '../../../api/v1alpha1/mesh.ts';
import { providers, tracing, tracingWarnings } from '../../../operator/translate/facts/providers.ts';

function meshWith(telemetry: object): Mesh {
  return { spec: MeshSpec.parse({ telemetry }) } as Mesh;
}

const two = [
  { name: 'b', type: 'Zipkin', endpoint: 'http://zipkin.shop:9411' },
  { name: 'a', type: 'OpenTelemetry', endpoint: 'http://collector.shop:4317' },
];

test('sorted by name, with defaults', () => {
  expect(providers(meshWith({ providers: two }))).toEqual([
    { ...two[1], protocol: 'GRPC', metrics: false },
    { ...two[0], protocol: 'GRPC', metrics: false },
  ]);
});

test('Google Cloud: its own endpoints, and who the operator is, unless others are written', () => {
  const google = { name: 'g', type: 'GoogleCloud', googleCloud: { project: 'my-project-123' } };
  const written = {
    project: 'example.com:my-project-123',
    secretRef: { name: 'account' },
    cluster: { name: 'one', location: 'europe-west1' },
    endpoints: { logging: 'https://logging.europe-west1.rep.googleapis.com/' },
  };
  const common = { name: 'g', type: 'GoogleCloud', metrics: false };

  expect(providers(meshWith({ providers: [google] }))).toEqual([
    {
      ...common,
      project: 'my-project-123',
      secretName: null,
      cluster: null,
      endpoints: {
        monitoring: 'https://monitoring.googleapis.com',
        logging: 'https://logging.googleapis.com',
        trace: 'https://cloudtrace.googleapis.com',
      },
    },
  ]);
  expect(providers(meshWith({ providers: [{ ...google, googleCloud: written }] }))).toMatchObject([
    {
      project: 'example.com:my-project-123',
      secretName: 'account',
      cluster: { name: 'one', location: 'europe-west1' },
      endpoints: {
        logging: 'https://logging.europe-west1.rep.googleapis.com',
        trace: 'https://cloudtrace.googleapis.com',
      },
    },
  ]);
});

test('without tracing, or with nobody to receive it, there is none', () => {
  expect(tracing(meshWith({ providers: two }))).toBeNull();
  expect(tracing(meshWith({ tracing: { providers: ['c'] } }))).toBeNull();
});

test('those that there are receive it, and the other is told', () => {
  const mesh = meshWith({ providers: two, tracing: { providers: ['b', 'c', 'a'] } });

  expect(tracing(mesh)).toEqual({ providers: ['a', 'b'], percentage: 1, propagation: 'W3C' });
  expect(tracingWarnings(mesh).map(({ message }) => message)).toEqual([
    'Spans are not sent to it: spec.telemetry.tracing.providers names c, which is not in spec.telemetry.providers. Correct the name, or add the provider.',
  ]);
});
