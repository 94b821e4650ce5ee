// Builds an OpenTelemetry Collector with what tests need (receivers of OTLP and Zipkin, an exporter to files) from its Go modules into the
// cache folder, once for each version. Entry: `node demo/programs/collector.ts`; minutes with an empty cache.
import { createHash } from 'node:crypto';
import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildOnce, type Say } from './build-once.ts';
import { cacheFolder, hasGo, missingFrom } from './cache.ts';
import { go } from './go.ts';

/** The newest of which all modules are served by the Go proxy: that of the file exporter is behind. */
const version = '0.161.0';
/** Of the parts that read its configuration. */
const confmapVersion = '1.67.0';
const programs = ['otelcol'] as const;

const core = 'go.opentelemetry.io/collector';
const contrib = 'github.com/open-telemetry/opentelemetry-collector-contrib';

const manifest = `dist: {name: otelcol, output_path: ./made, version: "${version}"}
receivers:
- gomod: ${core}/receiver/otlpreceiver v${version}
- gomod: ${contrib}/receiver/zipkinreceiver v${version}
exporters:
- gomod: ${contrib}/exporter/fileexporter v${version}
providers:
- gomod: ${core}/confmap/provider/fileprovider v${confmapVersion}
- gomod: ${core}/confmap/provider/yamlprovider v${confmapVersion}
- gomod: ${core}/confmap/provider/envprovider v${confmapVersion}
`;

/** What is to be built: another manifest is another program. */
function folder(): string {
  return cacheFolder(`otelcol-${version}-${createHash('sha256').update(manifest).digest('hex').slice(0, 8)}`);
}

export type CollectorAssets =
  | { readonly available: true; readonly program: string }
  | { readonly available: false; readonly reason: string };

export async function findCollector(): Promise<CollectorAssets> {
  const built = folder();
  if ((await missingFrom(built, programs)).length === 0)
    return { available: true, program: join(built, 'otelcol') };
  const how = hasGo() ? '' : 'Install Go 1.26 or later, and ';
  return {
    available: false,
    reason: `${how}run \`node demo/programs/collector.ts\` (minutes, once), which builds an OpenTelemetry Collector.`,
  };
}

async function fill(work: string, out: string, say: Say): Promise<void> {
  await writeFile(join(work, 'manifest.yaml'), manifest);
  say(`OpenTelemetry Collector ${version}: sources`);
  const builder = `${core}/cmd/builder@v${version}`;
  await go(['run', builder, '--config', 'manifest.yaml', '--skip-compilation'], work);
  say(`OpenTelemetry Collector ${version}: program`);
  await go(['build', '-trimpath', '-ldflags', '-s -w', '-o', 'otelcol', '.'], join(work, 'made'));
  await copyFile(join(work, 'made', 'otelcol'), join(out, 'otelcol'));
}

/** Builds it if it is not there. @throws Error without Go, and where its modules cannot be fetched */
export async function buildCollector(say: Say): Promise<string> {
  const target = { folder: folder(), programs, fill: (work: string, out: string) => fill(work, out, say) };
  return join(await buildOnce(target, say), 'otelcol');
}

if (import.meta.main) {
  const started = Date.now();
  const say: Say = (line) => {
    process.stdout.write(`[${((Date.now() - started) / 1000).toFixed(0)} s] ${line}\n`);
  };
  say(`the OpenTelemetry Collector is ${await buildCollector(say)}`);
}
