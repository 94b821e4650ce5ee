// The parts of the operator, in the order of starting; they are stopped in reverse. What each reads and writes is the wiring:
// README.md draws it from this table. Subscribers of a cell run in this order, too.
import { createAddressTelling } from './address-events.ts';
import { createAudit } from './audit.ts';
import { createChangeLog } from './change-log.ts';
import { createDelivery } from './delivery.ts';
import { createDiscovery } from './discovery.ts';
import { createInjection } from './injection.ts';
import { createInspection } from './inspection.ts';
import { createIssuance } from './issuance.ts';
import { createKeyFetching } from './key-fetching.ts';
import { createLeadership } from './leadership.ts';
import { part, type Part } from './part.ts';
import { createPeers } from './peers.ts';
import { createPodRecording } from './pod-records.ts';
import { createProviders } from './providers.ts';
import { createPublication } from './publication.ts';
import { createQuotas } from './quotas.ts';
import { createRootEvidence } from './root-evidence.ts';
import { createSigning } from './signing.ts';
import { createStatusReports } from './status-reports.ts';
import { createStorage } from './storage.ts';
import { createStrictTransitions } from './strict-transitions.ts';
import { createTelemetry } from './telemetry.ts';
import { createTrafficMetrics } from './traffic-metrics.ts';
import { createTranslation } from './translation.ts';
import { createWatching } from './watching.ts';

export const parts: readonly Part[] = [
  part(
    'inspection',
    {
      reads: [
        'resources',
        'translation',
        'snapshot',
        'proxies',
        'statuses',
        'observations',
        'trafficMetrics',
        'certificates',
        'recentChanges',
      ],
      writes: ['adminPort'],
    },
    createInspection,
  ),
  part('storage', { reads: ['change'], writes: ['resources'] }, createStorage),
  part('translation', { reads: ['resources'], writes: ['identities', 'translation'] }, createTranslation),
  part('key fetching', { reads: ['resources', 'translation'], writes: ['keyReports'] }, createKeyFetching),
  part('delivery', { reads: ['translation'], writes: ['delivery'] }, createDelivery),
  part('signing', { reads: ['resources', 'translation'], writes: ['waitingRequests'] }, createSigning),
  part(
    'issuance',
    {
      reads: ['change', 'translation', 'delivery', 'rootEvidence'],
      writes: ['serverCertificate', 'certificates'],
    },
    createIssuance,
  ),
  part(
    'publication',
    {
      reads: ['translation', 'serverCertificate', 'connectedWorkloads'],
      writes: ['snapshot', 'publishedTrust'],
    },
    createPublication,
  ),
  part(
    'telemetry',
    {
      reads: ['identities', 'translation', 'peerCounts'],
      writes: ['telemetryServices', 'ownCounts', 'observations'],
    },
    createTelemetry,
  ),
  part(
    'quotas',
    {
      reads: ['identities', 'translation', 'quotasIn'],
      writes: ['quotaServices', 'quotasOut', 'quotaReports'],
    },
    createQuotas,
  ),
  part(
    'traffic metrics',
    {
      reads: ['resources', 'translation', 'ownCounts', 'observations'],
      writes: ['trafficMetrics', 'metricsReport'],
    },
    createTrafficMetrics,
  ),
  part(
    'providers',
    { reads: ['identities', 'translation', 'ownCounts'], writes: ['signalServices', 'providerReports'] },
    createProviders,
  ),
  part(
    'strict transitions',
    { reads: ['resources', 'translation', 'observations'], writes: ['strictReports'] },
    createStrictTransitions,
  ),
  part(
    'discovery',
    {
      reads: [
        'translation',
        'snapshot',
        'identities',
        'serverCertificate',
        'peerServices',
        'telemetryServices',
        'quotaServices',
        'signalServices',
      ],
      writes: ['ownProxies', 'ownWorkloads', 'isConverging', 'xdsPort'],
    },
    createDiscovery,
  ),
  part(
    'peers',
    {
      reads: [
        'snapshot',
        'serverCertificate',
        'ownProxies',
        'ownWorkloads',
        'ownCounts',
        'quotasOut',
        'xdsPort',
        'leader',
      ],
      writes: ['peerServices', 'peerCounts', 'quotasIn', 'proxies', 'connectedWorkloads'],
    },
    createPeers,
  ),
  part(
    'change log',
    { reads: ['snapshot', 'proxies', 'isConverging'], writes: ['recentChanges'] },
    createChangeLog,
  ),
  part(
    'root evidence',
    {
      reads: ['resources', 'translation', 'snapshot', 'publishedTrust', 'proxies'],
      writes: ['rootEvidence'],
    },
    createRootEvidence,
  ),
  part(
    'injection',
    {
      reads: ['resources', 'translation', 'delivery', 'snapshot', 'certificates', 'xdsPort'],
      writes: ['workloadReport'],
    },
    createInjection,
  ),
  part(
    'audit',
    { reads: ['resources', 'translation', 'observations'], writes: ['auditReports'] },
    createAudit,
  ),
  part('address events', { reads: ['translation'], writes: [] }, createAddressTelling),
  part('pod records', { reads: ['translation'], writes: [] }, createPodRecording),
  part(
    'status reports',
    {
      reads: [
        'change',
        'resources',
        'translation',
        'snapshot',
        'proxies',
        'isConverging',
        'connectedWorkloads',
        'delivery',
        'waitingRequests',
        'certificates',
        'rootEvidence',
        'keyReports',
        'auditReports',
        'quotaReports',
        'strictReports',
        'metricsReport',
        'providerReports',
        'workloadReport',
      ],
      writes: ['statuses'],
    },
    createStatusReports,
  ),
  part('watching', { reads: [], writes: ['change', 'watchFailure'] }, createWatching),
  part('leadership', { reads: ['xdsPort'], writes: ['leader'] }, createLeadership),
];
