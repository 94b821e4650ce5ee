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

test('without tracing, or with nobody to receive it, there is none', () => {
  expect(tracing(meshWith({ providers: two }))).toBeNull();
  expect(tracing(meshWith({ tracing: { providers: ['c'] } }))).toBeNull();
});

test('those that there are receive it, and the other is told', () => {
  const mesh = meshWith({ providers: two, tracing: { providers: ['b', 'c', 'a'] } });

  expect(tracing(mesh)).toEqual({ providers: ['a', 'b'], percentage: 1 });
  expect(tracingWarnings(mesh).map(({ message }) => message)).toEqual([
    'Spans are not sent to it: spec.telemetry.tracing.providers names c, which is not in spec.telemetry.providers. Correct the name, or add the provider.',
  ]);
});
