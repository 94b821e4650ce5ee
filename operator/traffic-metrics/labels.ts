// The labels of a count. Pure. Sidecars choose some of the words: what is no word of Envoy's, or nobody's name, is `other` or `unknown`.
import { isPlaintext, other, type Point, type Tags } from '../telemetry/point.ts';
import { type CalledService, type End, type Ends, unknown, unknownEnd, unknownService } from './ends.ts';
import { type ExtraLabel, extraLabels, type FamilyName, familyOf, type LabelName } from './families.ts';

export type Labels = Partial<Readonly<Record<LabelName, string>>>;

export interface Labelled {
  readonly family: FamilyName;
  readonly labels: Labels;
}

/** null: it is not for Prometheus. */
export function labelled(
  workload: string,
  { metric, tags }: Point,
  { ends, extra }: { readonly ends: Ends; readonly extra: ReadonlySet<ExtraLabel> },
): Labelled | null {
  const family = familyOf(metric);
  if (family === null) return null;
  const isInbound = metric.startsWith('inbound.');
  const called = isInbound ? calledHere(workload, tags, ends) : ends.called(tags.destination);
  const labels = {
    reporter: isInbound ? 'destination' : 'source',
    ...sourceOf(isInbound ? callerOf(tags, ends) : ends.ofWorkload(workload)),
    ...destinationOf(called.end, called.service),
    ...outcomeOf(family, tags, isInbound),
    ...(isInbound && extra.has('Port') && { port: portOf(tags) }),
    ...(family === 'requests' && extra.has('Route') && { route: tags.route }),
  };
  return { family, labels: { ...labels, ...extraOutcome(family, tags, extra) } };
}

function callerOf({ source }: Tags, ends: Ends): End {
  if (source === other || source === '') return unknownEnd;
  return isPlaintext(source) ? ends.ofAddress(source) : ends.ofIdentity(source);
}

function calledHere(
  workload: string,
  { port }: Tags,
  ends: Ends,
): { readonly end: End; readonly service: CalledService } {
  const service = port === other ? unknownService : ends.servedBy(workload, port);
  return { end: ends.ofWorkload(workload), service };
}

function sourceOf({ namespace, workload, serviceAccount }: End): Labels {
  return { source_namespace: namespace, source_workload: workload, source_service_account: serviceAccount };
}

function destinationOf({ namespace, workload, serviceAccount }: End, called: CalledService): Labels {
  return {
    destination_namespace: namespace,
    destination_workload: workload,
    destination_service_account: serviceAccount,
    destination_service_namespace: called.namespace,
    destination_service: called.service,
    destination_subset: called.subset,
  };
}

function outcomeOf(family: FamilyName, tags: Tags, isInbound: boolean): Labels {
  const mtls = isInbound ? mtlsInbound(tags) : mtlsOutbound(tags);
  if (family === 'connections') return { mtls };
  if (family !== 'requests') return {};
  return { response_class: classOf(tags.code), grpc_status: grpcStatus(tags.grpc), mtls };
}

function extraOutcome(family: FamilyName, tags: Tags, extra: ReadonlySet<ExtraLabel>): Labels {
  const hasFlags = family === 'requests' || family === 'connections';
  return {
    ...(hasFlags && extra.has('ResponseFlags') && { [extraLabels.ResponseFlags]: flagsOf(tags.flags) }),
    ...(family === 'requests' &&
      extra.has('ResponseCode') && { [extraLabels.ResponseCode]: codeOf(tags.code) }),
  };
}

function mtlsInbound({ source }: Tags): string {
  if (source === other) return unknown;
  return isPlaintext(source) ? 'false' : 'true';
}

/** Without an answer it is not known what the connection would have been. */
function mtlsOutbound({ peer, flags, code }: Tags): string {
  if (peer.startsWith('spiffe://')) return 'true';
  return flags === '' && code !== '0' ? 'false' : unknown;
}

/** `2xx`; `none`: there was no response. */
function classOf(code: string): string {
  if (code === '0' || code === '') return 'none';
  return /^[1-5]/.test(code) ? `${code.charAt(0)}xx` : other;
}

function codeOf(code: string): string {
  return /^[0-9]{1,3}$/.test(code) ? code : other;
}

function flagsOf(flags: string): string {
  return /^[A-Za-z,]{0,64}$/.test(flags) ? flags : other;
}

function portOf({ port }: Tags): string {
  return /^[0-9]{1,5}$/.test(port) ? port : other;
}

/** '': not gRPC. */
function grpcStatus(status: string): string {
  if (status === '') return '';
  return /^([0-9]|1[0-6])$/.test(status) ? status : other;
}
