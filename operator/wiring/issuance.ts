// Certificates from the first Mesh on: for every identity in use, and for the server of this operator.
import type { Authority } from '../certificates/authority.ts';
import { openBuiltInAuthority } from '../certificates/built-in.ts';
import { createIssuer, type Issuer } from '../certificates/issuer.ts';
import { rootSecretName } from '../certificates/names.ts';
import type { ServerCertificate } from '../certificates/server-certificate.ts';
import { operatorSpiffeId } from '../certificates/identity.ts';
import type { IdentityIr, MeshIr } from '../ir/mesh-ir.ts';
import type { LeaderCallbacks } from './leadership.ts';
import type { Component } from '../process/lifecycle.ts';
import type { Log } from '../process/log.ts';
import type { Platform, SecretPort } from '../ports/platform.ts';
import { createPodRefresh } from '../certificates/pod-refresh.ts';
import type { Settings } from '../process/settings.ts';
import { systemClock } from '../process/clock.ts';

export interface IssuanceOptions {
  readonly platform: Platform;
  readonly settings: Settings;
  readonly log: Log;
  /** null: no Mesh is in force. */
  readonly mesh: () => MeshIr | null;
  /** The first one, and each that renews it. */
  readonly onServerCertificate: (certificate: ServerCertificate) => void;
  /** state() may say something new. */
  readonly onChange: () => void;
}

export interface Issuance extends Component, LeaderCallbacks, Pick<Issuer, 'state'> {
  /** For whom, in the Mesh in force. */
  setIdentities(identities: readonly IdentityIr[], mesh: MeshIr): void;
  /** There has been a Mesh. */
  isWanted(): boolean;
}

export function createIssuance(options: IssuanceOptions): Issuance {
  const { platform, settings, log, mesh, onChange } = options;
  let isWanted = false;
  const issuer = createIssuer({
    openAuthority: () => openAuthority(platform.secrets, settings, mesh()),
    secrets: platform.secrets,
    clock: systemClock,
    log,
    onReplaced: createPodRefresh({ pods: platform.pods, workloads: () => mesh()?.workloads ?? [], log }),
    onChange,
  });
  /** Of which trust domain the authority and the operator itself are, the first Mesh says. */
  const begin = (ir: MeshIr): void => {
    const spiffeId = operatorSpiffeId(ir.settings.trustDomain, settings.namespace);
    const { ttlMs } = ir.settings.certificates;
    issuer
      .serverCertificate({ spiffeId, ttlMs }, options.onServerCertificate)
      .then(options.onServerCertificate, (error: unknown) => {
        log.warn({ error }, 'no certificate for the xds port');
      });
    void issuer.start();
  };
  return {
    name: issuer.name,
    // Without a Mesh there is nothing to certify.
    start: () => Promise.resolve(),
    stop: () => issuer.stop(),
    ready: () => !isWanted || issuer.ready(),
    onStartedLeading: () => issuer.onStartedLeading(),
    onStoppedLeading: () => issuer.onStoppedLeading(),
    state: () => issuer.state(),
    isWanted: () => isWanted,
    setIdentities: (identities, ir) => {
      issuer.setIdentities(identities, ir.settings.certificates);
      if (!isWanted) begin(ir);
      isWanted = true;
    },
  };
}

function openAuthority(secrets: SecretPort, settings: Settings, ir: MeshIr | null): Promise<Authority> {
  if (ir === null) return Promise.reject(new Error('no Mesh is accepted yet'));
  const { trustDomain } = ir.settings;
  const { namespace } = settings;
  return openBuiltInAuthority({ secrets, namespace, secretName: rootSecretName, trustDomain, now: Date.now });
}
