// The whole line for each feature: the YAML that a user applies → statuses and what it changes in the configuration of
// proxies, and which resources each policy shapes. One pair of files for each feature; every input is added to world.yaml.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { admit } from '../../../api/admission.ts';
import { redact } from '../../../operator/admin/redact.ts';
import { checkMessage } from '../../../operator/envoy/checks/check-message.ts';
import { typeUrl as urls } from '../../../operator/envoy/proto/type-urls.ts';
import { encodeAny } from '../../../operator/envoy/proto/registry.ts';
import { buildResources } from '../../../operator/envoy/resources/build.ts';
import type { XdsResource, XdsResources } from '../../../operator/envoy/resources/xds-resource.ts';
import { originKey } from '../../../operator/ir/origin.ts';
import { translate, type Translation } from '../../../operator/translate/translate.ts';
import { resourcesFromYaml, translateOptions } from '../../support/builders.ts';
import { difference } from '../../support/difference.ts';
import { folded } from '../../support/folded.ts';
import {
  condensed,
  expectGolden,
  expectNoStaleGolden,
  goldenCases,
  goldenInput,
} from '../../support/golden.ts';
import { originLine } from '../../support/origins.ts';

const folder = 'test/golden/features';
const world = readFileSync(join(folder, 'world.yaml'), 'utf8');

const worldResources = resourcesOf(translate(resourcesFromYaml(world), translateOptions));

test.each(goldenCases(folder))('%s', (name) => {
  const input = goldenInput(folder, name);
  const translation = translate(resourcesFromYaml(`${world}---\n${input}`), translateOptions);
  const resources = resourcesOf(translation);

  expectGolden(folder, name, {
    status: statusesOf(translation),
    changes: folded(difference(messagesOf(worldResources), messagesOf(resources))) ?? 'none',
    shapes: shapedBy(policiesOf(translation), resources),
  });
});

test.each(goldenCases(folder))('%s: an API server would take every object', (name) => {
  const documents = parseAllDocuments(goldenInput(folder, name)).map((document): unknown => document.toJS());
  const ours = documents.filter((document) => JSON.stringify(document).includes('meshwright.dev/v1alpha1'));

  expect(ours.length).toBeGreaterThan(0);
  expect(ours.map((document) => admit(document)).filter(({ ok }) => !ok)).toEqual([]);
});

test('every output has its input', () => {
  expect(() => {
    expectNoStaleGolden(folder);
  }).not.toThrow();
});

/** Object → a line for each condition. */
function statusesOf(translation: Translation): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(
    policiesOf(translation).map(({ origin, conditions }) => [
      originLine(origin),
      conditions.map(({ type, status, reason, message }) => `${type}=${status} ${reason}: ${message}`),
    ]),
  );
}

function policiesOf({ verdicts }: Translation): Translation['verdicts'] {
  return verdicts.filter(({ origin }) => origin.kind !== 'Mesh');
}

/** Layer → its resources, all of them fit to be published. */
function resourcesOf({ ir }: Translation): XdsResources['layers'] {
  if (ir === null) throw new Error('there is a Mesh in world.yaml');
  const { layers } = buildResources(ir, { trustBundle: 'roots' });
  for (const { typeUrl, message } of [...layers.values()].flat()) {
    encodeAny(typeUrl, message);
    expect(checkMessage(typeUrl, message)).toEqual([]);
  }
  return layers;
}

/** Layer → `Cluster shop/reviews/9080` → what it says. */
function messagesOf(layers: XdsResources['layers']): Readonly<Record<string, unknown>> {
  const messages = (list: readonly XdsResource[]): object =>
    Object.fromEntries(list.map((resource) => [titleOf(resource), condensed(shownOf(resource))]));
  return Object.fromEntries([...layers].map(([id, list]) => [id, messages(list)]));
}

/** As /debug shows it: without secrets. */
function shownOf({ typeUrl, message }: XdsResource): unknown {
  return typeUrl === urls.secret ? redact(message) : message;
}

/** Policy → layer → the resources that are made from it: what Programmed waits for. */
function shapedBy(policies: Translation['verdicts'], layers: XdsResources['layers']): object {
  const shaped = (key: string): object => {
    const byLayer = [...layers].map(([id, list]) => {
      const own = list.filter(({ origins }) => origins.some((origin) => originKey(origin) === key));
      return [id, own.map(titleOf).toSorted()] as const;
    });
    return Object.fromEntries(byLayer.filter(([, titles]) => titles.length > 0));
  };
  return Object.fromEntries(policies.map(({ origin }) => [originLine(origin), shaped(originKey(origin))]));
}

function titleOf({ typeUrl, name }: XdsResource): string {
  return `${typeUrl.slice(typeUrl.lastIndexOf('.') + 1)} ${name}`;
}
