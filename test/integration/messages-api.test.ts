// Our copy of Envoy's API is the API of the Envoy that runs: its binary embeds the descriptors of every message it knows.
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { stringify } from 'yaml';
import type { Descriptor } from '../../operator/envoy/proto/descriptor.ts';
import { describeApi } from '../../operator/envoy/proto/describe-api.ts';
import type { EnvoyMessage } from '../../operator/envoy/proto/envoy-message.ts';
import { extraDirectory, loadProtos } from '../../operator/envoy/proto/load-protos.ts';
import { roots } from '../../operator/envoy/proto/roots.ts';
import { buildResources } from '../../operator/envoy/resources/build.ts';
import type { MeshIr } from '../../operator/ir/mesh-ir.ts';
import { renderBootstrap } from '../../operator/infra/bootstrap.ts';
import { translate } from '../../operator/translate/translate.ts';
import { resourcesFromYaml, translateOptions } from '../support/builders.ts';
import { envoyBinary } from '../support/envoy.ts';
import { differences } from '../support/envoy/compare-api.ts';
import { type EmbeddedApi, embeddedApi } from '../support/envoy/embedded-api.ts';
import { usedNames } from '../support/envoy/used-api.ts';
import { goldenCases, goldenInput } from '../support/golden.ts';
import { readMeshCase } from '../support/mesh-yaml.ts';
import { meshDocuments, serviceOf, validPolicy } from '../support/random-mesh.ts';

let envoys: EmbeddedApi;
beforeAll(async () => {
  envoys = embeddedApi(await readFile(await envoyBinary()));
});

function ourApi(extra: string): Descriptor {
  return describeApi(loadProtos(Object.keys(roots), extra), Object.values(roots).flat());
}

test('every message, field, enum and rule that we know is in the API that Envoy embeds, with the same number and type', () => {
  expect(differences(ourApi(extraDirectory), envoys)).toEqual([]);
  expect(Object.keys(envoys.messages).length).toBeGreaterThan(1000);
});

describe('a mistake in a file of extra is told', () => {
  const path = 'envoy/extensions/filters/http/filter_chain/v3/filter_chain.proto';
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'meshwright-extra-'));
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  /** What the comparison says of the file with `wrong` in the place of `right`. */
  async function saidOf(right: string, wrong: string): Promise<readonly string[]> {
    const file = await readFile(join(extraDirectory, path), 'utf8');
    const broken = join(directory, path);
    await mkdir(dirname(broken), { recursive: true });
    await writeFile(broken, file.replace(right, wrong));
    const named = ['envoy.extensions.filters.http.filter_chain.v3.FilterChainConfigPerRoute'];
    return differences(describeApi(loadProtos([path], directory), named), envoys);
  }
  const prefix = 'envoy.extensions.filters.http.filter_chain.v3';

  test('a wrong number', async () => {
    expect(await saidOf('filters = 1', 'filters = 2')).toEqual([
      `${prefix}.FilterChain.filters: id is 2, in Envoy 1`,
    ]);
  });

  test('a name with a typo', async () => {
    expect(await saidOf(' filter_chain = 1', ' filterchain = 1')).toEqual([
      `${prefix}.FilterChainConfigPerRoute.filterchain: Envoy has no such field; its number 1 is filter_chain`,
    ]);
  });

  test('another type, another cardinality, another rule', async () => {
    expect(
      await saidOf('repeated envoy.config.core.v3.TypedExtensionConfig filters', 'bytes filters'),
    ).toEqual([
      `${prefix}.FilterChain.filters: kind is "scalar", in Envoy "message"`,
      `${prefix}.FilterChain.filters: type is "bytes", in Envoy "envoy.config.core.v3.TypedExtensionConfig"`,
      `${prefix}.FilterChain.filters: repeated is not set, in Envoy true`,
    ]);
    expect(await saidOf('min_items: 1', 'min_items: 2')).toEqual([
      `${prefix}.FilterChain.filters: rules is {"repeated":{"min_items":2}}, in Envoy {"repeated":{"min_items":1}}`,
    ]);
  });
});

describe('nothing that Envoy calls deprecated is used', () => {
  const trustBundle = '(a root)';

  function deprecatedIn(type: string, message: EnvoyMessage): readonly string[] {
    return [...usedNames(type, message)].filter((name) => envoys.deprecated.has(name));
  }

  function deprecatedInMesh(mesh: MeshIr): readonly string[] {
    const built = [...buildResources(mesh, { trustBundle }).layers.values()].flat();
    expect(built.length).toBeGreaterThan(0);
    return built.flatMap(({ typeUrl, message }) =>
      deprecatedIn(typeUrl.slice(typeUrl.indexOf('/') + 1), message),
    );
  }

  test('in the resources of the golden cases', () => {
    const folder = 'test/golden/xds';
    const meshes = goldenCases(folder).map((name) => readMeshCase(goldenInput(folder, name)).ir);

    expect(meshes.flatMap(deprecatedInMesh)).toEqual([]);
  });

  test('in the resources of random policies', () => {
    const kinds = ['TrafficPolicy', 'SecurityPolicy'] as const;
    const slots = Array.from({ length: 40 }, (_, at) => ({
      kind: kinds[at % 2] ?? kinds[0],
      name: `p-${at}`,
      service: serviceOf(at),
    }));
    const documents = meshDocuments(slots.length, () => 10_000);

    fc.assert(
      fc.property(fc.tuple(...slots.map(validPolicy)), (policies) => {
        const yaml = [...documents, ...policies].map((document) => stringify(document)).join('---\n');
        const { ir } = translate(resourcesFromYaml(yaml), translateOptions);
        expect(ir?.workloads.length).toBeGreaterThan(0);
        expect(ir === null ? null : deprecatedInMesh(ir)).toEqual([]);
      }),
      { numRuns: 10, endOnFailure: true },
    );
  });

  test('in the bootstrap', () => {
    const bootstrap = renderBootstrap({
      nodeId: 'Pod~shop~any-pod~',
      cluster: 'default',
      xds: { address: 'meshwright.meshwright-system.svc', port: 15010, serverSpiffeId: 'spiffe://a/b' },
      adminPort: 0,
    });

    expect(deprecatedIn('envoy.config.bootstrap.v3.Bootstrap', bootstrap as EnvoyMessage)).toEqual([]);
  });

  test('while what is deprecated is found, also within an Any', () => {
    const any = {
      '@type': 'type.googleapis.com/envoy.extensions.access_loggers.stats.v3.Config',
      stat_prefix: 'a',
    };
    const listener = { access_log: [{ typed_config: any }] };

    expect(deprecatedIn('envoy.config.listener.v3.Listener', listener)).toEqual([
      'envoy.extensions.access_loggers.stats.v3.Config.stat_prefix',
    ]);
  });
});
