// Certificates that expire soon: those of the mesh, and CAs that policies name. Pure.
import { X509Certificate } from 'node:crypto';
import { z } from 'zod';
import type { Resources } from '../../store/resources.ts';
import { type Finding, timeText } from './finding.ts';
import type { CertificateEnd } from './operator-view.ts';

const dayMs = 24 * 3_600_000;
/** Of roots, intermediates and CAs that somebody has to replace, or that take long. */
export const expiringWithinMs = 30 * dayMs;
/** Workload certificates are renewed at half of their lifetime: one that has so little left was not renewed. */
const leafShare = 0.2;

interface Times {
  readonly nowMs: number;
  readonly workloadTtlMs: number;
}

export function expiringOfMesh(
  ends: readonly CertificateEnd[],
  { nowMs, workloadTtlMs }: Times,
): readonly Finding[] {
  return ends.flatMap(({ kind, namespace, endMs }): Finding[] => {
    const isLeaf = kind === 'workload' || kind === 'leaf';
    if (endMs - nowMs > (isLeaf ? workloadTtlMs * leafShare : expiringWithinMs)) return [];
    return [
      { type: 'Expiring', message: `${nameOf(kind, namespace)} ${expires(endMs, nowMs)}. ${advice[kind]}` },
    ];
  });
}

function nameOf(kind: CertificateEnd['kind'], namespace: string): string {
  if (kind === 'workload') return `The first workload certificate of namespace ${namespace}`;
  return kind === 'leaf' ? 'The first workload certificate' : `The ${kind} certificate of the mesh`;
}

const notRenewed =
  'It should have been renewed by now: see the conditions Ready and AuthorityHealthy of the Mesh.';
const advice: Readonly<Record<CertificateEnd['kind'], string>> = {
  root: 'See the condition AuthorityHealthy of the Mesh, and docs/certificates.md on how a root is replaced.',
  intermediate: 'Replace it, or have its issuer renew it: see docs/certificates.md.',
  leaf: notRenewed,
  workload: notRenewed,
};

function expires(endMs: number, nowMs: number): string {
  return `${endMs <= nowMs ? 'expired' : 'expires'} at ${timeText(endMs)}`;
}

/** Whatever is called caBundle in policies and the Mesh. */
export function expiringCas(
  {
    securityPolicies,
    trafficPolicies,
    meshes,
  }: Pick<Resources, 'securityPolicies' | 'trafficPolicies' | 'meshes'>,
  nowMs: number,
): readonly Finding[] {
  return [...securityPolicies, ...trafficPolicies, ...meshes].flatMap(({ kind, metadata, spec }) => {
    const owner = kind === 'Mesh' ? 'the Mesh' : `${kind} ${metadata.namespace ?? ''}/${metadata.name}`;
    return bundlesIn(spec, '').flatMap(({ path, pem }): Finding[] => {
      const endMs = lastEnd(pem);
      if (endMs === null || endMs - nowMs > expiringWithinMs) return [];
      const todo = path === rootPath ? advice.root : 'Add the new CA to the bundle.';
      const message = `The CA certificates in ${path} of ${owner}: the last ${expires(endMs, nowMs)}. ${todo}`;
      return [{ type: 'Expiring', message }];
    });
  });
}

const rootPath = 'certificates.authority.caBundle';

/** `authentication.jwt[corp].jwks.caBundle` and so on. */
function bundlesIn(value: unknown, path: string): readonly { readonly path: string; readonly pem: string }[] {
  if (typeof value !== 'object' || value === null) return [];
  if (Array.isArray(value))
    return value.flatMap((item: unknown, index) => bundlesIn(item, `${path}[${labelOf(item) ?? index}]`));
  return Object.entries(value).flatMap(([key, inner]: [string, unknown]) => {
    const innerPath = path === '' ? key : `${path}.${key}`;
    if (key === 'caBundle' && typeof inner === 'string') return [{ path: innerPath, pem: inner }];
    return bundlesIn(inner, innerPath);
  });
}

/** By what users tell the items of a list apart. */
function labelOf(item: unknown): string | number | undefined {
  return Labelled.safeParse(item).data;
}

const Labelled = z
  .object({ name: z.string().optional(), host: z.string().optional(), port: z.number().optional() })
  .transform(({ name, host, port }) => name ?? host ?? port);

/** Of several, one that is valid is enough. null: there is none. */
function lastEnd(pem: string): number | null {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  const ends = blocks.map((block) => {
    try {
      return new X509Certificate(block).validToDate.getTime();
    } catch {
      return 0;
    }
  });
  return ends.length === 0 ? null : Math.max(...ends);
}
