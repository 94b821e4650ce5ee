// What Google's APIs refuse beyond the format of JSON: limits and the order of points. Each function says what is wrong, as Google counts it.
// @see https://cloud.google.com/monitoring/quotas, https://cloud.google.com/logging/quotas and https://cloud.google.com/trace/docs/quotas

export interface TimeSeries {
  readonly metric: { readonly type: string; readonly labels: Readonly<Record<string, string>> };
  readonly resource: { readonly type: string; readonly labels: Readonly<Record<string, string>> };
  readonly metricKind: string;
  readonly valueType: string;
  readonly points: readonly {
    readonly interval: { readonly startTime: string; readonly endTime: string };
    readonly value: {
      readonly int64Value?: string;
      readonly distributionValue?: {
        readonly count: string;
        readonly mean: number;
        readonly bucketCounts: readonly string[];
        readonly bucketOptions: { readonly explicitBuckets: { readonly bounds: readonly number[] } };
      };
    };
  }[];
}

export interface Entry {
  readonly logName: string;
  readonly resource: TimeSeries['resource'];
  readonly timestamp: string;
  readonly severity: string;
  readonly insertId: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly httpRequest?: Readonly<Record<string, unknown>>;
  readonly jsonPayload?: Readonly<Record<string, string>>;
  readonly textPayload?: string;
  readonly trace?: string;
  readonly spanId?: string;
}

export interface CloudSpan {
  readonly name: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly displayName: { readonly value: string };
  readonly startTime: string;
  readonly endTime: string;
  readonly spanKind: string;
  readonly attributes: {
    readonly attributeMap: Readonly<Record<string, { readonly stringValue: { readonly value: string } }>>;
  };
}

const resources: Readonly<Record<string, readonly string[]>> = {
  k8s_pod: ['cluster_name', 'location', 'namespace_name', 'pod_name', 'project_id'],
  generic_task: ['job', 'location', 'namespace', 'project_id', 'task_id'],
};

function inResource({ type, labels }: TimeSeries['resource']): readonly string[] {
  const found = Object.keys(labels).toSorted().join();
  return found === resources[type]?.join() ? [] : [`resource ${type} with labels ${found}`];
}

/** When each series was written last. */
export type Written = Map<
  string,
  { readonly startMs: number; readonly endMs: number; readonly total: number }
>;

/** Notes those that are right in `written`. */
export function inTimeSeries(series: TimeSeries, written: Written): readonly string[] {
  const { metric, resource, metricKind, valueType, points } = series;
  const wrong = [...inResource(resource)];
  if (!/^(custom|workload)\.googleapis\.com\/[A-Za-z][\w./]{1,150}$/.test(metric.type))
    wrong.push(`type ${metric.type}`);
  if (metricKind !== 'CUMULATIVE') wrong.push(`kind ${metricKind} of a metric of one's own`);
  const labels = Object.entries(metric.labels);
  if (labels.length > 30) wrong.push('more than 30 labels');
  for (const [key, value] of labels) {
    if (!/^[a-z][a-z0-9_]{0,99}$/.test(key)) wrong.push(`label ${key}`);
    if (Buffer.byteLength(value) > 1_024) wrong.push(`label ${key} is too long`);
  }
  const [point] = points;
  if (point === undefined || points.length > 1) return [...wrong, 'exactly one point'];
  const isDistribution = point.value.distributionValue !== undefined;
  if (valueType !== (isDistribution ? 'DISTRIBUTION' : 'INT64')) wrong.push(`type of value ${valueType}`);
  wrong.push(...inDistribution(point.value));
  const key = JSON.stringify([metric, resource]);
  const startMs = Date.parse(point.interval.startTime);
  const endMs = Date.parse(point.interval.endTime);
  const total = Number(point.value.int64Value ?? point.value.distributionValue?.count);
  wrong.push(...inOrder({ startMs, endMs, total }, written.get(key)));
  if (wrong.length === 0) written.set(key, { startMs, endMs, total });
  return wrong;
}

function inOrder(
  { startMs, endMs, total }: { startMs: number; endMs: number; total: number },
  last: { startMs: number; endMs: number; total: number } | undefined,
): readonly string[] {
  const wrong: string[] = [];
  if (startMs >= endMs) wrong.push('an interval without length');
  if (endMs > Date.now() + 300_000) wrong.push('in the future');
  if (last === undefined) return wrong;
  if (endMs < last.endMs + 5_000) wrong.push('more than one point in five seconds');
  if (startMs !== last.startMs && startMs <= last.endMs) wrong.push('begins within an earlier interval');
  if (startMs === last.startMs && total < last.total) wrong.push('a sum that became less');
  return wrong;
}

function inDistribution({
  distributionValue: value,
}: TimeSeries['points'][number]['value']): readonly string[] {
  if (value === undefined) return [];
  const { bounds } = value.bucketOptions.explicitBuckets;
  const wrong: string[] = [];
  if (bounds.some((bound, at) => at > 0 && bound <= (bounds[at - 1] ?? 0))) wrong.push('bounds');
  if (value.bucketCounts.length > bounds.length + 1) wrong.push('more buckets than bounds have');
  const sum = value.bucketCounts.reduce((all, one) => all + Number(one), 0);
  if (sum !== Number(value.count)) wrong.push('buckets that are not the count together');
  return wrong;
}

export function inEntry(entry: Entry, project: string): readonly string[] {
  const wrong = [...inResource(entry.resource)];
  if (Buffer.byteLength(JSON.stringify(entry)) > 256_000) wrong.push('more than 256 KB');
  const [, of, log = ''] = /^projects\/([^/]+)\/logs\/([^/]+)$/.exec(entry.logName) ?? [];
  const id = decodeURIComponent(log);
  if (of !== project || !/^[\w./-]{1,511}$/.test(id)) wrong.push(`log ${entry.logName}`);
  if (Object.keys(entry.labels).length > 64) wrong.push('more than 64 labels');
  if (!/^.{1,256}$/.test(entry.insertId)) wrong.push('insertId');
  if (entry.trace !== undefined && !/^projects\/[^/]+\/traces\/[0-9a-f]{32}$/.test(entry.trace))
    wrong.push(`trace ${entry.trace}`);
  return wrong;
}

export function inSpan(span: CloudSpan, project: string): readonly string[] {
  const wrong: string[] = [];
  const [, of, id] = /^projects\/([^/]+)\/traces\/[0-9a-f]{32}\/spans\/([0-9a-f]{16})$/.exec(span.name) ?? [];
  if (of !== project || id !== span.spanId) wrong.push(`name ${span.name}`);
  if (span.parentSpanId !== undefined && !/^[0-9a-f]{16}$/.test(span.parentSpanId))
    wrong.push('parentSpanId');
  if (Buffer.byteLength(span.displayName.value) > 128) wrong.push('displayName is too long');
  if (span.endTime < span.startTime) wrong.push('ends before it begins');
  const attributes = Object.entries(span.attributes.attributeMap);
  if (attributes.length > 32) wrong.push('more than 32 attributes');
  for (const [key, { stringValue }] of attributes) {
    if (Buffer.byteLength(key) > 128) wrong.push(`attribute ${key}`);
    if (Buffer.byteLength(stringValue.value) > 256) wrong.push(`attribute ${key} is too long`);
  }
  return wrong;
}
