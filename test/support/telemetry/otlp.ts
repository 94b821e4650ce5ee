// Reports as a sidecar sends them: ExportMetricsServiceRequest of OTLP, written by hand.
import protobuf from 'protobufjs/minimal.js';

interface Written {
  readonly name: string;
  readonly tags?: Readonly<Record<string, string>>;
  /** Of a counter. */
  readonly count?: number;
  /** In place of it, as a number with a fraction. */
  readonly double?: number;
  /** Of a histogram. */
  readonly buckets?: readonly number[];
  readonly sum?: number;
}

export function otlpReport(metrics: readonly Written[]): Buffer {
  const writer = protobuf.Writer.create();
  const inScope = writer.uint32(10).fork().uint32(18).fork();
  for (const metric of metrics) writeMetric(inScope.uint32(18).fork(), metric);
  return Buffer.from(inScope.ldelim().ldelim().finish());
}

function writeMetric(
  writer: protobuf.Writer,
  { name, tags = {}, count, double, buckets, sum }: Written,
): void {
  writer.uint32(10).string(name);
  if (buckets === undefined) {
    const point = writer.uint32(58).fork().uint32(10).fork();
    writeTags(point, 7, tags);
    if (double === undefined) point.uint32(49).sfixed64(count ?? 0);
    else point.uint32(33).double(double);
    point.ldelim().ldelim();
  } else {
    const point = writer.uint32(74).fork().uint32(10).fork();
    writeTags(point, 9, tags);
    point.uint32(33).fixed64(buckets.reduce((all, it) => all + it, 0));
    if (sum !== undefined) point.uint32(41).double(sum);
    const packed = point.uint32(50).fork();
    for (const bucket of buckets) packed.fixed64(bucket);
    packed.ldelim().ldelim().ldelim();
  }
  writer.ldelim();
}

function writeTags(writer: protobuf.Writer, field: number, tags: Readonly<Record<string, string>>): void {
  for (const [key, value] of Object.entries(tags)) {
    const pair = writer.uint32((field << 3) | 2).fork();
    pair.uint32(10).string(key).uint32(18).fork().uint32(10).string(value).ldelim().ldelim();
  }
}
