// Writes generated/descriptor.json from Envoy's .proto files: `node operator/envoy/proto/generate.ts`.
// It takes roots.ts and everything they refer to; the operator itself reads only the result.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describeApi } from './describe-api.ts';
import { extraDirectory, loadProtos } from './load-protos.ts';
import { roots } from './roots.ts';

const root = loadProtos(Object.keys(roots), extraDirectory);
const descriptor = describeApi(root, Object.values(roots).flat());
const output = join(import.meta.dirname, 'generated', 'descriptor.json');
mkdirSync(dirname(output), { recursive: true });
writeFileSync(output, `${JSON.stringify(descriptor, null, 1)}\n`);
process.stdout.write(
  `${output}: ${Object.keys(descriptor.messages).length} messages, ${Object.keys(descriptor.enums).length} enums\n`,
);
