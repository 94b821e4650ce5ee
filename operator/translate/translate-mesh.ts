// The mesh in force, stage by stage. Each stage remembers its last inputs: if they are the same objects, so is its result.
import type { Mesh } from '../../api/v1alpha1/mesh.ts';
import type { MeshIr } from '../ir/mesh-ir.ts';
import type { AddressClaim } from '../ir/address-claim.ts';
import type { MtlsPlaceIr } from '../ir/mtls-place.ts';
import type { PodRecord } from '../ir/pod-record.ts';
import type { Verdict } from '../conditions/conditions.ts';
import type { Resources } from '../store/resources.ts';
import { createVerdictCollector } from './collect-verdicts.ts';
import { meshSettings } from './facts/meshes.ts';
import { rememberFields, rememberLast } from '../values/remember.ts';
import { attachSecurity, type SecurityAttachments } from './policies/security/attach.ts';
import { createAuthorizerFinder } from './policies/security/authorizer-references.ts';
import { endpointsFrom, keysFrom, keySourcesOf } from './policies/security/key-sources.ts';
import { loginsOf } from './policies/security/login.ts';
import { podRecords, withKeptPorts } from './policies/security/pod-records.ts';
import { withNamedPorts } from './policies/security/rule-ports.ts';
import { createSecurityMaker, type Found } from './policies/security/security.ts';
import {
  type ApartPorts,
  createPlaceFinder,
  createStoredModes,
  portsApartIn,
} from './policies/security/mtls-places.ts';
import { createOwnerFinder } from './facts/pod-owners.ts';
import { slicesByService } from './facts/endpoints.ts';
import { createForeignFinder } from './facts/foreign-endpoints.ts';
import { type ServedPorts, servedPorts } from './facts/served-ports.ts';
import { type AddressConflicts, createConflictFinder } from './facts/address-owners.ts';
import { createServiceTranslator } from './mesh/services.ts';
import type { Problem } from './facts/verdicts.ts';
import { createServiceViewer, type ServiceViews } from './facts/service-view.ts';
import { createAudienceFinder } from './policies/traffic/audiences.ts';
import { asksForZones } from './policies/traffic/locality-warnings.ts';
import { createReferableFinder } from './policies/traffic/references.ts';
import { createTrafficMaker } from './policies/traffic/traffic.ts';
import { translateExternal } from './mesh/external-workloads.ts';
import { accountsOfTemplates, identitiesInUse } from './mesh/identities.ts';
import { workloadKey } from '../values/node-id.ts';
import { createWorkloadIndexer, type Workload, type WorkloadIndex } from './facts/workload.ts';
import { createZoneFinder } from './facts/zones.ts';
import { createWorkloadTranslator } from './mesh/workloads.ts';

export type MeshTranslator = (
  mesh: Mesh,
  resources: Resources,
) => {
  readonly ir: MeshIr;
  /** Not on the Mesh. */
  readonly verdicts: readonly Verdict[];
  /** On the Mesh. */
  readonly meshWarnings: readonly Problem[];
  readonly podRecords: readonly PodRecord[];
  readonly mtlsPlaces: readonly MtlsPlaceIr[];
  readonly owners: ReadonlyMap<string, string>;
  readonly addressClaims: readonly AddressClaim[];
};

/** What translation has to know that no object says. */
export interface TranslateOptions {
  /** Only there may a TrafficPolicy target the Mesh. */
  readonly operatorNamespace: string;
}

export function createMeshTranslator({ operatorNamespace }: TranslateOptions): MeshTranslator {
  const settings = rememberLast(meshSettings);
  const findConflicts = createConflictFinder();
  const indexWorkloads = createWorkloadIndexer();
  const view = createServiceViewer();
  const decideTraffic = createTrafficMaker(operatorNamespace);
  const audiencesIn = createAudienceFinder();
  const findZones = createZones();
  const owners = createSurroundings(operatorNamespace);
  const guard = rememberLast(attachSecurity);
  const security = createSecurityMaker();
  const findAuthorizers = createAuthorizerFinder();
  const translateAllExternal = rememberLast(externalWorkloads);
  const findServed = createServedFinder();
  const recordsOf = rememberLast(podRecords);
  const translateWorkloads = createWorkloadTranslator();
  const translateServices = createServiceTranslator();
  const slicesOf = rememberLast(slicesByService);
  const referableIn = createReferableFinder();
  const foreignIn = createForeignFinder();
  const identities = createIdentities();
  const findReferred = createReferredFinder();
  const collectVerdicts = createVerdictCollector();
  const placesOf = createPlaceFinder();

  return (mesh, resources) => {
    const { pods, externalWorkloads: outside } = resources;
    const conflicts = findConflicts(outside, resources.services, pods);
    const workloads = indexWorkloads(mesh.spec.trustDomain, pods, outside, conflicts);
    const services = view(resources.services, workloads);
    const slices = slicesOf(resources.endpointSlices);
    const foreign = foreignIn(services, slices, workloads, resources);
    const traffic = decideTraffic(resources.trafficPolicies, services, mesh);
    const attachments = guard(resources.securityPolicies, owners(resources, mesh), services, workloads);
    const { bindings, verdicts: external } = translateAllExternal(outside, services, conflicts);
    const { owners: ownersByKey, referred, apart } = findReferred(resources, workloads);
    const { kept, served } = findServed(services, workloads, attachments, apart);
    const audiences = audiencesIn(traffic.byPort, workloads.all);
    const referable = referableIn(services.byKey, resources.referenceGrants, traffic.byPort);
    const authorizers = findAuthorizers(attachments, services, resources.referenceGrants);
    const guards = security(mesh, attachments, authorizers, referred);
    const shared = { mesh, security: guards, audiences };
    const zoneOf = findZones(traffic, resources.endpointSlices);
    const own = { ...shared, limits: traffic.limits, served, bindings, zoneOf };
    const decided = { traffic, referable, foreign, attachments, authorizers, referred };
    const ir: MeshIr = {
      settings: settings(mesh),
      services: translateServices(services.all, { ...shared, slices, workloads, traffic, referable }),
      workloads: translateWorkloads(workloads.all, own),
      identities: identities(mesh, resources, workloads.all),
    };
    return {
      ir,
      ...collectVerdicts(ir, { ...decided, workloads, served, external, mesh }),
      podRecords: recordsOf(workloads, attachments, kept),
      mtlsPlaces: placesOf(workloads, served, guards, referred.ownerOf),
      owners: ownersByKey,
      addressClaims: Object.values(foreign),
    };
  };
}

/** The same object while there is nothing new in it. */
function createSurroundings(
  operatorNamespace: string,
): (resources: Resources, mesh: Mesh) => Parameters<typeof attachSecurity>[1] {
  const put = rememberLast((mesh: string, ...owners: readonly [...Owners]) => {
    const [deployments, statefulSets, daemonSets] = owners;
    return { mesh, operatorNamespace, deployments, statefulSets, daemonSets };
  });
  return ({ deployments, statefulSets, daemonSets }, { metadata }) =>
    put(metadata.name, deployments, statefulSets, daemonSets);
}

function createZones(): (
  traffic: Parameters<typeof asksForZones>[0],
  slices: Resources['endpointSlices'],
) => ReturnType<ReturnType<typeof createZoneFinder>> {
  const asked = rememberLast(asksForZones);
  const find = createZoneFinder();
  return (traffic, slices) => find(asked(traffic), slices);
}

/** Owners of pods, keys of issuers, secrets of clients, and what is stored of ports. */
function createReferredFinder(): (
  resources: Resources,
  workloads: WorkloadIndex,
) => { readonly owners: ReadonlyMap<string, string>; readonly referred: Found; readonly apart: ApartPorts } {
  const keysIn = rememberLast(keysFrom);
  const endpointsIn = rememberLast(endpointsFrom);
  const loginsIn = rememberLast(loginsOf);
  const storedModesIn = createStoredModes();
  const apartIn = rememberLast(portsApartIn);
  const findOwners = createOwnerFinder();
  const put = rememberFields<Found>();
  return (resources, workloads) => {
    const { securityPolicies, configMaps, secrets } = resources;
    const { byKey, of: ownerOf } = findOwners(workloads, resources);
    const referred = put({
      keysOf: keysIn(keySourcesOf(securityPolicies), configMaps),
      logins: loginsIn(securityPolicies, secrets, endpointsIn(configMaps)),
      ownerOf,
      storedMode: storedModesIn(configMaps, ownerOf),
    });
    return { owners: byKey, referred, apart: apartIn(configMaps, workloads, ownerOf) };
  };
}

interface FoundPorts {
  /** Those of Services, and those that records on pods keep. */
  readonly kept: ServedPorts;
  /** And those that policies name, or that are told apart by what is stored of them. */
  readonly served: ServedPorts;
}

function createServedFinder(): (
  services: ServiceViews,
  workloads: WorkloadIndex,
  attachments: SecurityAttachments,
  apart: ApartPorts,
) => FoundPorts {
  const byServices = rememberLast(servedPorts);
  const withKept = rememberLast(withKeptPorts);
  const withNamed = rememberLast(withNamedPorts);
  return ({ all }, workloads, attachments, apart) => {
    const kept = withKept(byServices(all), workloads, attachments);
    return { kept, served: withNamed(kept, attachments, apart) };
  };
}

type Owners = [Resources['deployments'], Resources['statefulSets'], Resources['daemonSets']];

function createIdentities(): (
  mesh: Mesh,
  resources: Resources,
  workloads: readonly Workload[],
) => MeshIr['identities'] {
  const accounts = rememberLast(accountsOfTemplates);
  const identities = rememberLast(identitiesInUse);
  return (mesh, { namespaces, deployments, statefulSets, daemonSets, cronJobs }, workloads) =>
    identities(mesh, namespaces, accounts(deployments, statefulSets, daemonSets, cronJobs), workloads);
}

interface ExternalWorkloads {
  readonly verdicts: readonly Verdict[];
  readonly bindings: ReadonlyMap<string, MeshIr['workloads'][number]['bindings']>;
}

function externalWorkloads(
  objects: Resources['externalWorkloads'],
  services: Parameters<typeof translateExternal>[1],
  conflicts: AddressConflicts,
): ExternalWorkloads {
  const external = objects.map((object) => {
    const { namespace = '', name } = object.metadata;
    return translateExternal(object, services, conflicts[`${namespace}/${name}`]);
  });
  return {
    verdicts: external.map(({ verdict }) => verdict),
    bindings: new Map(
      external.map(({ verdict: { origin }, bindings }) => [
        workloadKey({ ...origin, kind: 'ExternalWorkload' }),
        bindings,
      ]),
    ),
  };
}
