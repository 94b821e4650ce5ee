// The generated CRDs on a real API server: it takes, refuses and completes what the offline check does.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { z } from 'zod';
import { admit } from '../../api/admission.ts';
import type { MeshwrightKind } from '../../api/v1alpha1/kinds.ts';
import { invalidCases, validCases } from '../support/api-cases.ts';
import { documentOf } from '../support/api-cases/api-case.ts';
import { type CrdServer, startCrdServer } from '../support/api-cases/crd-server.ts';
import { mutated } from '../support/api-cases/mutations.ts';
import {
  externalWorkloadSpec,
  meshSpec,
  securityPolicySpec,
  trafficPolicySpec,
} from '../support/arbitraries.ts';
import { apiServerAvailable } from '../support/kubernetes.ts';

const available = await apiServerAvailable();
if (!available.available) process.stderr.write(`NOT RUN: ${available.reason}\n`);
const suite = available.available ? describe : describe.skip;

const Refusal = z.object({ message: z.string() });
const WithSpec = z.object({ spec: z.unknown() });

suite('the CRDs on an API server', () => {
  let server: CrdServer;

  beforeAll(async () => {
    server = await startCrdServer();
  });

  afterAll(async () => {
    await server.stop();
  });

  test.each(validCases)('$name, with the defaults of the offline check', async ({ document }) => {
    const { status, body } = await server.dryRun(document);

    expect({ status, body }).toEqual({ status: 201, body: expect.anything() });
    expect(admit(document)).toMatchObject({ ok: true, object: { spec: WithSpec.parse(body).spec } });
  });

  test.each(invalidCases)('$name', async ({ document, field, message = '' }) => {
    const { status, body } = await server.dryRun(document);

    expect([400, 422]).toContain(status);
    expect(Refusal.parse(body).message).toContain(field);
    expect(Refusal.parse(body).message).toContain(message);
  });

  const kinds: readonly [MeshwrightKind, fc.Arbitrary<object>][] = [
    ['Mesh', meshSpec()],
    ['TrafficPolicy', trafficPolicySpec()],
    ['SecurityPolicy', securityPolicySpec()],
    ['ExternalWorkload', externalWorkloadSpec()],
  ];

  test.each(kinds)(
    'agree with the offline check on valid and spoilt specs of %s',
    async (kind, specs) => {
      await fc.assert(
        fc.asyncProperty(specs.chain(mutated), async (spec) => {
          const document = documentOf(kind, spec);

          const { status, body } = await server.dryRun(document);

          const admission = admit(document);
          expect({ taken: status === 201, body, admission }).toEqual({
            taken: admission.ok,
            body,
            admission,
          });
        }),
        { numRuns: 200 },
      );
    },
    120_000,
  );
});
