// Rules of our part of a pod template that a golden file shows, but does not name.
import { describe, expect, test } from '@jest/globals';
import { injectedKey } from '../../../operator/values/own-names.ts';
import { orderingPatch, ownPatch, removalPatch } from '../../../operator/infra/patches.ts';
import { renderSidecar } from '../../../operator/infra/sidecar.ts';
import { sampleOptions } from './sample-options.ts';

function fingerprints(part: ReturnType<typeof renderSidecar>): readonly string[] {
  return (part.annotations[injectedKey] ?? '').split('.');
}

describe('the annotation', () => {
  test('its first half changes with what the user asked for, whatever is rendered from it', () => {
    const [settings] = fingerprints(renderSidecar(sampleOptions, { image: null }));

    const [newer] = fingerprints(renderSidecar({ ...sampleOptions, image: 'envoy:newer' }, { image: null }));
    const [asked] = fingerprints(renderSidecar(sampleOptions, { image: 'envoy:newer' }));

    expect(newer).toBe(settings);
    expect(asked).not.toBe(settings);
  });

  test('its second half changes with what is rendered', () => {
    const [, rendering] = fingerprints(renderSidecar(sampleOptions, {}));

    const [, newer] = fingerprints(renderSidecar({ ...sampleOptions, image: 'envoy:newer' }, {}));

    expect(newer).not.toBe(rendering);
  });

  test('the order of keys makes no difference', () => {
    const ab = renderSidecar(sampleOptions, { a: 1, b: { c: 2, d: 3 } });

    expect(renderSidecar(sampleOptions, { b: { d: 3, c: 2 }, a: 1 })).toEqual(ab);
  });
});

describe('patches', () => {
  const target = { kind: 'Deployment', namespace: 'shop', name: 'web', uid: 'u-1' } as const;
  const part = renderSidecar(sampleOptions, {});
  const names = (body: unknown): unknown => {
    const { spec } = body as { spec: { template: { spec: { initContainers: { name: string }[] } } } };
    return spec.template.spec.initContainers.map((container) => container.name);
  };

  test('the first of two names the user’s containers, by name alone, at the version they were read', () => {
    const body = orderingPatch(target, part, { initContainers: ['u1', 'u2'], resourceVersion: '7' });

    expect(names(body)).toEqual(['mw-init', 'mw-proxy', 'u1', 'u2']);
    expect(body).toMatchObject({
      metadata: { uid: 'u-1', resourceVersion: '7' },
      spec: { template: { spec: { initContainers: [{}, {}, { name: 'u1' }, { name: 'u2' }] } } },
    });
  });

  test('the second names ours and nothing else', () => {
    const body = ownPatch(target, part);

    expect(names(body)).toEqual(['mw-init', 'mw-proxy']);
    expect(body).toMatchObject({ metadata: { namespace: 'shop', name: 'web', uid: 'u-1' } });
    expect(JSON.stringify(body)).not.toContain('resourceVersion');
  });

  test('a CronJob has its template one level deeper', () => {
    const deeper = { spec: { jobTemplate: { spec: { template: {} } } } };

    expect(ownPatch({ ...target, kind: 'CronJob' }, part)).toMatchObject({
      apiVersion: 'batch/v1',
      ...deeper,
    });
    expect(removalPatch('CronJob')).toMatchObject(deeper);
  });

  test('removal deletes by name, whoever owns it', () => {
    expect(removalPatch('Deployment')).toEqual({
      metadata: { labels: { 'meshwright.dev/injected': null } },
      spec: {
        template: {
          metadata: {
            labels: { 'meshwright.dev/revision': null },
            annotations: {
              'meshwright.dev/injected': null,
              'meshwright.dev/sds-leaf': null,
              'meshwright.dev/sds-roots': null,
            },
          },
          spec: {
            initContainers: [
              { $patch: 'delete', name: 'mw-init' },
              { $patch: 'delete', name: 'mw-proxy' },
            ],
            volumes: [{ $patch: 'delete', name: 'mw-certs' }],
          },
        },
      },
    });
  });
});
