// IR in, Envoy resources out: a pair of files for each topic. Whatever a case shows, all of its resources must encode
// and pass the checks that stand before publication.
import { expect, test } from '@jest/globals';
import { checkExclusiveKeys } from '../../../../operator/envoy/checks/exclusive-keys.ts';
import { checkMessage } from '../../../../operator/envoy/checks/check-message.ts';
import { encodeAny } from '../../../../operator/envoy/proto/registry.ts';
import { buildResources } from '../../../../operator/envoy/resources/build.ts';
import type { XdsResource, XdsResources } from '../../../../operator/envoy/resources/xds-resource.ts';
import { folded } from '../../../support/folded.ts';
import {
  condensed,
  expectGolden,
  expectNoStaleGolden,
  goldenCases,
  goldenInput,
} from '../../../support/golden.ts';
import { readMeshCase } from '../../../support/mesh-yaml.ts';

const folder = 'test/golden/xds';
const trustBundle = '-----BEGIN CERTIFICATE-----\n(a root)\n-----END CERTIFICATE-----\n';

test.each(goldenCases(folder))('%s', (name) => {
  const { ir, show, whole } = readMeshCase(goldenInput(folder, name));

  const resources = buildResources(ir, { trustBundle });

  const shown = condensed(written(resources, show));
  expectGolden(folder, name, whole ? shown : folded(shown));
  expect(problems(resources)).toEqual([]);
});

test('every output has its input', () => {
  expect(() => {
    expectNoStaleGolden(folder);
  }).not.toThrow();
});

function written(resources: XdsResources, show: readonly string[] | undefined): unknown {
  const isShown = (it: XdsResource): boolean => show === undefined || show.includes(title(it));
  const layers = [...resources.layers].map(([layer, list]) => {
    const sorted = list.toSorted((a, b) => (title(a) < title(b) ? -1 : 1));
    const shown = sorted.filter(isShown).map(({ message, origins, clusters, exclusiveKeys, ...it }) => {
      return { [title(it)]: { origins, clusters, exclusiveKeys, message } };
    });
    return [layer, shown] as const;
  });
  const shown = Object.fromEntries(layers.filter(([, list]) => list.length > 0));
  return { layers: shown, ...(show === undefined && { views: Object.fromEntries(resources.views) }) };
}

/** `Cluster shop/reviews/9080` */
function title({ typeUrl, name }: Pick<XdsResource, 'typeUrl' | 'name'>): string {
  return `${typeUrl.slice(typeUrl.lastIndexOf('.') + 1)} ${name}`;
}

function problems({ layers, views }: XdsResources): unknown[] {
  const all = [...layers.values()].flat();
  for (const { typeUrl, message } of all) encodeAny(typeUrl, message);
  const ofViews = [...views.values()].map((view) => view.flatMap((layer) => layers.get(layer) ?? []));
  return [
    ...all.flatMap(({ typeUrl, message }) => checkMessage(typeUrl, message)),
    ...ofViews.flatMap((view) => checkExclusiveKeys(view)),
  ];
}
