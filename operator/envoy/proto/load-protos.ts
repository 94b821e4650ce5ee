// Reads Envoy's .proto files, ours first: npm's copy of Envoy's API is older than the Envoy that runs. Build time only.
import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import protobuf from 'protobufjs';

const require = createRequire(import.meta.url);

/** The folder of what is newer than npm's files; its README is that of this room. */
export const extraDirectory = join(import.meta.dirname, 'extra');

/** The package of the extensions in extra/fields, which stand for plain fields of the messages they extend. */
export const extraPackage = '.meshwright.extra.';

/** Envoy's API and what it imports come with @grpc/grpc-js-xds, google/protobuf with protobufjs. */
const installedDirectories = [
  ...['envoy-api', 'xds', 'googleapis', 'protoc-gen-validate'].map((name) =>
    join(packageDirectory('@grpc/grpc-js-xds'), 'deps', name),
  ),
  packageDirectory('protobufjs'),
];

function packageDirectory(name: string): string {
  const found = require.resolve.paths(name)?.find((directory) => existsSync(join(directory, name)));
  if (found === undefined) throw new Error(`The package ${name} is not installed: run "npm install".`);
  return join(found, name);
}

/** The files, by their path in Envoy's API, with all that they import and the fields of `extra`. */
export function loadProtos(files: readonly string[], extra: string): protobuf.Root {
  const root = new protobuf.Root();
  root.resolvePath = (_origin, target) =>
    [extra, ...installedDirectories]
      .map((directory) => join(directory, target))
      .find((path) => existsSync(path)) ?? target;
  root.loadSync([...files, ...fieldFiles(join(extra, 'fields'))], { keepCase: true });
  root.resolveAll();
  return root;
}

function fieldFiles(directory: string): readonly string[] {
  const names = existsSync(directory) ? readdirSync(directory) : [];
  return names.toSorted().map((name) => join(directory, name));
}
