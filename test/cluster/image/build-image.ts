// Makes a container image from files of this machine, without a container engine: a tar of an OCI image layout, as
// `ctr images import` takes it. Entry: buildImage.
// @see https://github.com/opencontainers/image-spec/blob/main/image-layout.md
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type ImageFile, layerEntries } from './files.ts';
import { tar, type TarEntry, tarSize } from './tar.ts';

export interface ImageSpec {
  /** With a tag other than `latest`, so that the kubelet does not look for a registry. */
  readonly name: string;
  readonly files: readonly ImageFile[];
  /** A layer below, for what other images share or what rarely changes: equal files make an equal layer, stored once. */
  readonly base?: readonly ImageFile[];
  readonly entrypoint: readonly string[];
  /** For example `1337` or `1000:1000`; default root. */
  readonly user?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Default `/`. */
  readonly workingDir?: string;
}

interface Blob {
  readonly digest: string;
  readonly size: number;
  /** As it goes into the archive: a layer is a tar within the tar, made a second time while it is written. */
  readonly chunks: () => AsyncIterable<Buffer>;
}

const mediaType = 'application/vnd.oci.image';
const searchPath = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Writes the archive to `output`, which is whole when it exists. The same files give the same bytes. */
export async function buildImage(spec: ImageSpec, output: string): Promise<void> {
  const layers = await Promise.all(
    [spec.base ?? [], spec.files].filter((files) => files.length > 0).map(layerBlob),
  );
  const config = jsonBlob(imageConfig(spec, layers));
  const manifest = jsonBlob({
    schemaVersion: 2,
    mediaType: `${mediaType}.manifest.v1+json`,
    config: descriptor(config, 'config.v1+json'),
    layers: layers.map((layer) => descriptor(layer, 'layer.v1.tar')),
  });
  const index = jsonBlob({
    schemaVersion: 2,
    manifests: [{ ...descriptor(manifest, 'manifest.v1+json'), annotations: nameAnnotations(spec.name) }],
  });
  await mkdir(dirname(output), { recursive: true });
  const partial = `${output}.${process.pid}.partial`;
  await pipeline(Readable.from(archive(index, [config, manifest, ...layers])), createWriteStream(partial));
  await rename(partial, output);
}

/** A tar like each layer, but of blobs, named by their digests. */
function archive(index: Blob, blobs: readonly Blob[]): AsyncIterable<Buffer> {
  const files = new Map([['index.json', index]]);
  // By name, as two layers may be equal.
  for (const blob of blobs) files.set(`blobs/${blob.digest.replace(':', '/')}`, blob);
  const layout = Buffer.from(JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  const entries: TarEntry[] = [
    { kind: 'file', path: 'oci-layout', mode: 0o644, content: layout },
    { kind: 'directory', path: 'blobs/' },
    { kind: 'directory', path: 'blobs/sha256/' },
    ...[...files].map(([path, { size, chunks }]): TarEntry => ({
      kind: 'stream',
      path,
      mode: 0o644,
      size,
      chunks,
    })),
  ];
  return tar(entries);
}

function imageConfig(spec: ImageSpec, layers: readonly Blob[]): unknown {
  const env = Object.entries(spec.env ?? {}).map(([name, value]) => `${name}=${value}`);
  return {
    architecture: architecture(),
    os: 'linux',
    config: {
      Entrypoint: spec.entrypoint,
      Env: [searchPath, ...env],
      User: spec.user ?? '',
      WorkingDir: spec.workingDir ?? '/',
    },
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.digest) },
    history: layers.map(() => ({ created_by: 'buildImage' })),
  };
}

/** The first is containerd's, the second the specification's. */
function nameAnnotations(name: string): Record<string, string> {
  return {
    'io.containerd.image.name': name,
    'org.opencontainers.image.ref.name': name.slice(name.lastIndexOf(':') + 1),
  };
}

function descriptor({ digest, size }: Blob, kind: string): Record<string, unknown> {
  const platform = kind.startsWith('manifest')
    ? { platform: { architecture: architecture(), os: 'linux' } }
    : {};
  return { mediaType: `${mediaType}.${kind}`, digest, size, ...platform };
}

/** By the names of Go, which the specification uses. */
function architecture(): string {
  return process.arch === 'x64' ? 'amd64' : process.arch;
}

async function layerBlob(files: readonly ImageFile[]): Promise<Blob> {
  const entries = await layerEntries(files);
  const hash = createHash('sha256');
  for await (const chunk of tar(entries)) hash.update(chunk);
  return { digest: `sha256:${hash.digest('hex')}`, size: tarSize(entries), chunks: () => tar(entries) };
}

function jsonBlob(value: unknown): Blob {
  const content = Buffer.from(JSON.stringify(value));
  const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`;
  return { digest, size: content.length, chunks: () => Readable.from([content]) };
}
