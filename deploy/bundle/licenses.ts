// The licenses of the packages that a bundle holds: they ask to go with it. Entry: licensesOf.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

const Package = z.object({ name: z.string(), version: z.string(), license: z.string().optional() });

/** `inputs`: paths from the root of the project. @throws Error for a package that says nothing of its license. */
export async function licensesOf(root: string, inputs: readonly string[]): Promise<string> {
  const folders = new Set(
    inputs.flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(path) ?? []),
  );
  const texts = await Promise.all([...folders].toSorted().map((folder) => licenseOf(join(root, folder))));
  return texts.join(`\n${'-'.repeat(80)}\n\n`);
}

async function licenseOf(folder: string): Promise<string> {
  const { name, version, license } = Package.parse(
    JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')),
  );
  const files = (await readdir(folder)).filter((file) => /^(licen[cs]e|notice)/i.test(file)).toSorted();
  if (license === undefined && files.length === 0) throw new Error(`${name} ${version} names no license`);
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')));
  return [`${name} ${version}: ${license ?? 'see below'}\n`, ...texts].join('\n');
}
