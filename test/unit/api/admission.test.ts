import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { admit } from '../../../api/admission.ts';
import { apiVersion } from '../../../api/v1alpha1/common.ts';
import { type MeshwrightKind, kindDefinitions } from '../../../api/v1alpha1/kinds.ts';
import { apiCases, invalidCases, validCases } from '../../support/api-cases.ts';
import { documentOf } from '../../support/api-cases/api-case.ts';
import {
  externalWorkloadSpec,
  meshSpec,
  securityPolicySpec,
  trafficPolicySpec,
} from '../../support/arbitraries.ts';
import { runs } from '../../support/runs.ts';

function problemsOf(document: unknown): readonly string[] {
  const admission = admit(document);
  return admission.ok ? [] : admission.problems;
}

function escaped(text: string): string {
  return text.replaceAll(/[[\].]/g, String.raw`\$&`);
}

describe('the cases of the API', () => {
  test.each(validCases)('$name', ({ document }) => {
    expect(admit(document)).toEqual({ ok: true, object: expect.anything() });
  });

  test.each(invalidCases)('$name', ({ document, field, message = '' }) => {
    const problems = problemsOf(document);

    expect(problems).toEqual([expect.stringContaining(message)]);
    expect(problems).toEqual([expect.stringMatching(new RegExp(`^${escaped(field)}`))]);
  });

  test.each(kindDefinitions.map((definition) => definition.kind))('%s has both', (kind) => {
    const verdicts = apiCases
      .filter((example) => example.document['kind'] === kind)
      .map((example) => example.valid);

    expect(new Set(verdicts)).toEqual(new Set([true, false]));
  });
});

describe('problems are sentences', () => {
  test('that name each field and say what to do', () => {
    const document = {
      ...documentOf('TrafficPolicy', {
        targetRefs: [{ kind: 'Pod', name: 'Reviews', port: '80' }],
        rotues: [],
        routes: [{ timeout: { request: '3 sec' }, retry: { attempts: 11 } }, null],
        subsets: [{ name: 'v1', matchLabels: { 'app.kubernetes.io/name': 1.5 } }],
      }),
      metadata: { namespace: 'default', labels: { version: 1 } },
    };

    expect(problemsOf(document)).toEqual([
      'spec.rotues is an unknown field. Did you mean routes?',
      'metadata.name is missing. Add it.',
      'metadata.labels.version is a number. Write a string (in YAML, in quotes if it looks like a number or a boolean).',
      'spec.targetRefs[0].kind is "Pod". Use one of Service, Namespace, Mesh.',
      `spec.targetRefs[0].name is "Reviews". Use lower-case letters, digits, '-' and '.', with a letter or digit at both ends of each part.`,
      'spec.targetRefs[0].port is a string. Write a number.',
      'spec.subsets[0].matchLabels[app.kubernetes.io/name] is a fraction. Write a string (in YAML, in quotes if it looks like a number or a boolean).',
      'spec.routes[0].timeout.request is "3 sec". Write a duration as whole numbers with the units h, m, s or ms, such as 250ms, 3s or 1m30s.',
      'spec.routes[0].retry.attempts is 11. It may be at most 10.',
      'spec.routes[1] is null. Write a map of fields.',
    ]);
  });

  test('for rules between fields, all of them', () => {
    const targetRefs = [
      { kind: 'Service', name: 'a' },
      { kind: 'Service', name: 'a' },
    ];
    const path = { type: 'RegularExpression', value: '/a(' };
    const subsets = ['v1', 'v1'].map((name) => ({ name, matchLabels: {} }));
    const routes = [{ backends: [{ subset: 'v2' }], matches: [{ path }] }];

    expect(problemsOf(documentOf('TrafficPolicy', { targetRefs, subsets, routes }))).toEqual([
      'spec: Declare each subset that a backend refers to in spec.subsets, or fix its name.',
      'spec.targetRefs: Name each target once.',
      'spec.subsets[1] repeats name "v1". Remove it, or change it.',
      'spec.routes[0].matches[0].path: Write value in the RE2 syntax (https://github.com/google/re2/wiki/Syntax); it has no look-around and no back-references. (error parsing regexp: missing closing ): `/a(`)',
    ]);
  });
});

describe('a document of no kind of ours is refused', () => {
  test.each([
    ['nothing', undefined, ['The document is not an object. Write apiVersion, kind, metadata and spec.']],
    ['a list', [], ['The document is not an object. Write apiVersion, kind, metadata and spec.']],
    [
      'an empty object',
      {},
      [
        `apiVersion is missing. Write ${apiVersion}.`,
        'kind is missing. Use one of Mesh, TrafficPolicy, SecurityPolicy, ExternalWorkload.',
      ],
    ],
    [
      'another version',
      { ...documentOf('Mesh', {}), apiVersion: 'meshwright.dev/v1' },
      ['apiVersion is "meshwright.dev/v1". Write meshwright.dev/v1alpha1.'],
    ],
    [
      'no spec and no metadata',
      { apiVersion, kind: 'Mesh', spec: null },
      ['metadata is missing. Add it.', 'spec is missing. Add it.'],
    ],
    [
      'a key of the prototype',
      documentOf('Mesh', { constructor: {} }),
      [
        'spec.constructor is an unknown field. Remove it, or use one of trustDomain, namespaceSelector, sidecar, mtls, certificates, defaults, outbound, telemetry.',
      ],
    ],
    [
      'the key __proto__',
      {
        ...documentOf('Mesh', JSON.parse('{"__proto__": {}}')),
        metadata: { name: 'sample', labels: JSON.parse('{"__proto__": "x"}') as object },
      },
      [
        'metadata.labels.__proto__ is not a key there can be. Rename it.',
        'spec.__proto__ is not a key there can be. Rename it.',
      ],
    ],
  ])('for %s', (_, document, problems) => {
    expect(problemsOf(document)).toEqual(problems);
  });
});

describe('the admitted object', () => {
  test('has the defaults of its schema', () => {
    const admission = admit(documentOf('Mesh', { mtls: {} }));

    expect(admission).toEqual({
      ok: true,
      object: {
        apiVersion,
        kind: 'Mesh',
        metadata: { name: 'sample' },
        spec: {
          trustDomain: 'cluster.local',
          namespaceSelector: { matchLabels: { 'meshwright.dev/mesh': 'enabled' } },
          sidecar: {
            resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: {} },
            interception: { excludeInboundPorts: [], excludeOutboundPorts: [], excludeOutboundCIDRs: [] },
            rollout: { maxConcurrent: 3, otherPods: 'Keep' },
            drain: '5s',
          },
          mtls: { mode: 'Permissive' },
          certificates: {
            authority: { type: 'BuiltIn' },
            delivery: 'Auto',
            workloadTTL: '24h',
            rootRotation: { renewBefore: '2160h', phaseTimeout: '1h', mode: 'Proceed' },
          },
          defaults: {},
          outbound: { mode: 'AllowAny', learn: false, hosts: [] },
          telemetry: { providers: [], metrics: { reporters: 'Both', labels: [], maxSeries: 50_000 } },
        },
      },
    });
  });

  test('keeps the metadata Meshwright reads, drops the rest, and leaves the document alone', () => {
    const metadata = { name: 'a', namespace: 'shop', generation: 3, labels: { a: 'b' }, managedFields: [{}] };
    const document = {
      ...documentOf('ExternalWorkload', { address: '::1', serviceAccount: null }),
      metadata,
    };
    const before = structuredClone(document);

    const admission = admit(document);

    expect(admission).toMatchObject({
      object: { metadata: { name: 'a', namespace: 'shop', generation: 3, labels: { a: 'b' } } },
    });
    expect(admission.ok && Object.keys(admission.object.metadata)).not.toContain('managedFields');
    expect(document).toEqual(before);
  });

  test('has no namespace if its kind is cluster-scoped', () => {
    const admission = admit({ ...documentOf('Mesh', {}), metadata: { name: 'a', namespace: 'shop' } });

    expect(admission).toMatchObject({ ok: true, object: { metadata: { name: 'a' } } });
    expect(admission.ok && admission.object.metadata.namespace).toBeUndefined();
  });

  test('keeps a status of ours and leaves out any other', () => {
    const condition = {
      type: 'Accepted',
      status: 'True',
      observedGeneration: 1,
      lastTransitionTime: '2026-01-01T00:00:00Z',
      reason: 'Accepted',
      message: 'It is accepted.',
    };
    const status = { conditions: [condition] };

    const kept = admit({ ...documentOf('Mesh', {}), status });
    const dropped = admit({ ...documentOf('Mesh', {}), status: { conditions: 'none' } });

    expect(kept).toMatchObject({ ok: true, object: { status } });
    expect(dropped.ok && 'status' in dropped.object).toBe(false);
  });
});

test('the check of RE2 syntax can be left out, and only that one', () => {
  const path = { type: 'RegularExpression', value: '/a(' };
  const bad = documentOf('TrafficPolicy', {
    targetRefs: [{ kind: 'Service', name: 'a' }],
    routes: [{ matches: [{ path }] }],
  });
  const worse = documentOf('TrafficPolicy', {
    targetRefs: [{ kind: 'Service', name: 'a' }],
    routes: [{ fault: {} }],
  });
  const skipChecks = new Set(['re2'] as const);

  expect(admit(bad).ok).toBe(false);
  expect(admit(bad, { skipChecks }).ok).toBe(true);
  expect(admit(worse, { skipChecks }).ok).toBe(false);
});

describe('every generated spec is admitted, and its object again', () => {
  const kinds: readonly [MeshwrightKind, fc.Arbitrary<object>][] = [
    ['Mesh', meshSpec()],
    ['TrafficPolicy', trafficPolicySpec()],
    ['SecurityPolicy', securityPolicySpec()],
    ['ExternalWorkload', externalWorkloadSpec()],
  ];

  test.each(kinds)('%s', (kind, specs) => {
    fc.assert(
      fc.property(specs, (spec) => {
        const admission = admit(documentOf(kind, spec));

        expect(admission).toMatchObject({ ok: true, object: { kind, spec } });
        expect(admit(admission.ok ? admission.object : undefined)).toEqual(admission);
      }),
      runs(200),
    );
  });
});

test('any document at all is answered, not thrown at', () => {
  const kind = fc.constantFrom(...kindDefinitions.map((definition) => definition.kind));
  const field = fc.constantFrom(
    'targetRefs',
    'routes',
    'subsets',
    'authorization',
    'rules',
    'mtls',
    'address',
    'ports',
  );
  const spec = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.jsonValue(),
      tie('map'),
      fc.array(tie('value'), { maxLength: 3 }),
    ),
    map: fc.dictionary(field, tie('value')),
  })).map;

  fc.assert(
    fc.property(kind, spec, fc.jsonValue(), (of, some, metadata) => {
      expect(typeof admit({ ...documentOf(of, some), metadata }).ok).toBe('boolean');
    }),
    runs(100),
  );
});
