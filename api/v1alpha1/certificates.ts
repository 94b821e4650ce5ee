// The part of a Mesh about certificates: who signs them, how long they are valid, and how they and their root are replaced.
import { z } from 'zod';
import { Duration } from '../duration.ts';
import { dnsSubdomain, shaped, withRules } from '../schema.ts';
import { ownSecretRule } from './own-secrets.ts';

/** @see https://www.rfc-editor.org/rfc/rfc3339#section-5.6 */
const timestamp = {
  pattern:
    /^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$/,
  message: 'Write a time such as 2026-01-31T12:00:00Z.',
  max: 40,
};

const issuerKind = {
  pattern: /^[A-Z][A-Za-z0-9]*$/,
  message: 'Write a kind such as ClusterIssuer or Issuer.',
  max: 63,
};

const RootRotation = z
  .object({
    issuedAfter: shaped(timestamp)
      .exactOptional()
      .describe(
        'Replaces the root certificate if it was issued before this time (RFC 3339), in steps that refuse no connection. Set it to the current time to start. A time in the future takes effect at that time.',
      ),
    renewBefore: withRules(Duration, {
      rule: "duration(self) >= duration('0s') && duration(self) <= duration('43800h')",
      message: 'Set renewBefore to 43800h (5 years) at most.',
    })
      .default('2160h')
      .describe(
        'Replaces the root certificate that long before it expires, if Meshwright created it. At most 43800h (5 years). Default: 2160h (90 days).',
      ),
    phaseTimeout: withRules(Duration, {
      rule: "duration(self) >= duration('10s') && duration(self) <= duration('2160h')",
      message: 'Set phaseTimeout between 10s and 2160h (90 days).',
    })
      .default('1h')
      .describe(
        'After a phase has lasted that long, the condition RootRotated has the reason PhaseTimeout and names the proxies that it waits for. The rotation never goes on without them. From 10s to 2160h. Default: 1h.',
      ),
    mode: z
      .enum(['Proceed', 'Abort'])
      .default('Proceed')
      .describe(
        'Proceed (default): rotations start and go on. Abort: a rotation in progress goes back to the former root, in steps as well, and none starts.',
      ),
  })
  .prefault({})
  .describe(
    'How the root certificate is replaced: Prepare creates another one, TrustBoth makes all proxies trust both, Switch signs all certificates with the new one, Retire removes the former one. Each phase waits until all proxies have proven that they are ready for the next.',
  );

const Authority = withRules(
  z.object({
    type: z
      .enum(['BuiltIn', 'Intermediate', 'CertManager'])
      .default('BuiltIn')
      .describe(
        'BuiltIn (default): Meshwright creates its own root certificate and keeps it in a Secret. Intermediate: an intermediate certificate of your own, in the Secret that secretRef names, signs workload certificates. CertManager: each certificate is requested from the cert-manager issuer that issuerRef names.',
      ),
    secretRef: withRules(
      z.object({ name: shaped(dnsSubdomain).describe('Name of the Secret.') }),
      ownSecretRule,
    )
      .exactOptional()
      .describe(
        'With type Intermediate: a Secret in the namespace of the operator. tls.crt: the intermediate certificate, then those above it; tls.key: its private key; ca.crt: the root certificate. A renewed intermediate of the same root is used within seconds; one of another root comes with a rotation.',
      ),
    issuerRef: z
      .object({
        name: shaped(dnsSubdomain).describe('Name of the issuer.'),
        kind: shaped(issuerKind)
          .default('ClusterIssuer')
          .describe(
            'ClusterIssuer (default), Issuer (in the namespace of the operator), or the kind of an external issuer.',
          ),
        group: shaped(dnsSubdomain)
          .default('cert-manager.io')
          .describe('API group of the issuer. Default: cert-manager.io.'),
      })
      .exactOptional()
      .describe(
        'With type CertManager: the issuer that signs. Meshwright requests each certificate from it by a CertificateRequest in the namespace of the operator. The issuer has to take the URI name, the key and the duration from the request.',
      ),
    caBundle: z
      .string()
      .max(16_384)
      .exactOptional()
      .describe(
        'With type CertManager: the root certificate (PEM) that certificates of the issuer have to lead to. Necessary if the issuer does not return it. Default: the root that the issuer returns; if it returns another one, the root is replaced in steps.',
      ),
  }),
  {
    // The default of the whole is checked before its own defaults are filled in.
    rule: "(has(self.type) && self.type == 'Intermediate') == has(self.secretRef)",
    message: 'Set secretRef with type Intermediate, and only then.',
  },
  {
    rule: "(has(self.type) && self.type == 'CertManager') == has(self.issuerRef)",
    message: 'Set issuerRef with type CertManager, and only then.',
  },
  {
    rule: "!has(self.caBundle) || (has(self.type) && self.type == 'CertManager')",
    message: 'Set caBundle with type CertManager only.',
  },
  {
    rule: "!has(self.caBundle) || self.caBundle.contains('-----BEGIN CERTIFICATE-----')",
    message: 'Write the root certificate as PEM text: -----BEGIN CERTIFICATE----- and so on.',
  },
)
  .prefault({})
  .describe(
    'The certificate authority that signs workload certificates. If it changes, the root is replaced in steps; see rootRotation.',
  );

export const Certificates = z
  .object({
    authority: Authority,
    delivery: z
      .enum(['Auto', 'Secret', 'PodCertificate'])
      .default('Auto')
      .describe(
        'How pods get their certificates. Secret: Meshwright creates the private key and puts it, with the certificate, into a Secret of the namespace of the pod. PodCertificate: the kubelet creates the private key, which never leaves the node, and Meshwright signs the PodCertificateRequest of the pod; the API server and all kubelets must run Kubernetes 1.37 or later, and sidecars that cannot have such a certificate are not added. Auto (default): PodCertificate if the cluster supports it, else Secret. A change restarts the workloads of the mesh, a few at a time.',
      ),
    workloadTTL: withRules(Duration, {
      rule: "duration(self) >= duration('10m') && duration(self) <= duration('2160h')",
      message: 'Set workloadTTL between 10m and 2160h (90 days).',
    })
      .default('24h')
      .describe(
        'Lifetime of a workload certificate, from 10m to 2160h (90 days). It is renewed after half of its lifetime. Kubernetes permits no pod certificate of less than 1h, so pods with delivery PodCertificate get 1h if it is shorter. Default: 24h.',
      ),
    issuedAfter: shaped(timestamp)
      .exactOptional()
      .describe(
        'Replaces all certificates issued before this time (RFC 3339); sidecars use the new ones within seconds, except for pod certificates, which only a new pod replaces: see the condition CertificatesDelivered. Set it to the current time if a private key may have leaked. Two minutes after a certificate was replaced, sidecars accept no new connections from it; existing connections stay. This cannot be undone. A time in the future takes effect at that time.',
      ),
    rootRotation: RootRotation,
  })
  .prefault({})
  .describe('Certificates that give workloads their identity.');
