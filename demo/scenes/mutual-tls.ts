// Scene: who is who, and that nobody gets in without saying so.
import { readFileSync } from 'node:fs';
import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import type { Workload } from '../mesh/workloads.ts';
import { formatTable } from '../screen/table.ts';
import type { Answer } from '../shop/answer.ts';
import { call, type Reply } from '../traffic/call.ts';
import type { Scene } from './scene.ts';
import type { Stage } from './stage.ts';

interface Outcome {
  readonly identities: readonly string[];
  readonly throughMesh: Reply;
  readonly plaintext: Reply;
  readonly handshakes: number;
}

export const mutualTls: Scene<Outcome> = {
  title: 'Every process has an identity',
  explain:
    'Each service account of the shop has a certificate from the built-in authority; the sidecars show them to each other on every connection (mtls.mode Strict). A caller without one is refused, even on the same machine.',

  async play(stage) {
    const identities = stage.parts.workloads.map((workload) => identityOf(stage, workload));
    stage.screen.table(
      formatTable(
        ['WORKLOAD', 'IDENTITY', 'INBOUND PORT'],
        stage.parts.workloads.map((workload, at) => [
          workload.name,
          identities[at] ?? '',
          String(workload.application?.inboundPort ?? '-'),
        ]),
      ),
    );
    const throughMesh = await stage.visit('productpage');
    stage.screen.fact(
      `GET productpage, through sidecars: ${throughMesh.status}, answered by ${chainOf(throughMesh.answer)}`,
    );
    const ratings = stage.parts.workloads.find(({ app }) => app === 'ratings');
    const plaintext = await call(ratings?.application?.inboundPort ?? 0);
    stage.screen.fact(`GET ratings' inbound port in plaintext: ${plaintext.status} ${plaintext.body.trim()}`);
    const handshakes = await stage.sidecar('ratings-v1').sumOf(/^listener\..*\.ssl\.handshake$/);
    return { identities, throughMesh, plaintext, handshakes };
  },

  check: ({ identities, throughMesh, plaintext, handshakes }) => [
    {
      holds:
        new Set(identities).size === 4 &&
        identities.every((id) => id.startsWith('spiffe://demo.local/ns/shop/sa/')),
      text: `${identities.length} workloads bear ${new Set(identities).size} identities, one for each service account`,
    },
    {
      holds: throughMesh.status === 200 && handshakes > 0,
      text: `the call went through four sidecars over mutual TLS (${handshakes} handshakes at ratings)`,
    },
    { holds: plaintext.status === 403, text: 'the plaintext call was refused' },
  ],
};

function identityOf(stage: Stage, workload: Workload): string {
  const certificate = new X509Certificate(readFileSync(join(stage.parts.secretsFolder(workload), 'tls.crt')));
  return /URI:([^,]+)/.exec(certificate.subjectAltName ?? '')?.[1] ?? '';
}

/** `productpage v1 → reviews v2 → ratings v1` */
function chainOf(answer: Answer | undefined): string {
  if (answer === undefined) return 'nobody';
  const self = `${answer.service} ${answer.version}`;
  return answer.upstream === undefined ? self : `${self} → ${chainOf(answer.upstream)}`;
}
