// What is committed in deploy/ is what generation makes, installs in its order, and names what exists.
import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import * as image from '../../../deploy/image-contents.ts';
import { injectionText } from '../../../deploy/injection-file.ts';
import { installText, podCertificatesText, shopText } from '../../../deploy/install-file.ts';
import { kindDefinitions } from '../../../api/v1alpha1/kinds.ts';
import { operatorServiceAccount } from '../../../api/v1alpha1/common.ts';
import { removalPatch } from '../../../operator/infra/patches.ts';
import { watchedKinds } from '../../../operator/platform/kubernetes/kinds.ts';
import { uninstallByHand } from '../../e2e/library/by-hand.ts';
import packageJson from '../../../package.json' with { type: 'json' };

const deploy = join(import.meta.dirname, '../../../deploy');
const read = (name: string): string => readFileSync(join(deploy, name), 'utf8');

const ApiObject = z.looseObject({
  kind: z.string(),
  metadata: z.object({ name: z.string(), namespace: z.string().optional() }),
});
const Rules = z.array(
  z.object({
    apiGroups: z.array(z.string()),
    resources: z.array(z.string()),
    verbs: z.array(z.string()),
    resourceNames: z.array(z.string()).optional(),
  }),
);

function objects(text: string): z.infer<typeof ApiObject>[] {
  return parseAllDocuments(text).map((document) => ApiObject.parse(document.toJS()));
}

describe('generated files', () => {
  test.each([
    ['install.yaml', installText],
    ['install-pod-certificates.yaml', podCertificatesText],
    ['injection-policy.yaml', injectionText],
    ['samples/shop.yaml', shopText],
  ])('%s is what generation makes: run `node deploy/generate.ts` if it is not', (name, generate) => {
    expect(read(name)).toBe(generate());
  });

  test('kustomize has nothing else to apply', () => {
    const [kustomization] = parseAllDocuments(read('kustomization.yaml'));

    expect(kustomization?.get('resources')).toMatchObject({ items: [{ value: 'install.yaml' }] });
  });
});

describe('install.yaml', () => {
  const installed = objects(read('install.yaml'));

  test('creates definitions first, and namespaces before what is in them', () => {
    const kinds = installed.map(({ kind }) => kind);
    const definitions = kinds.filter((kind) => kind === 'CustomResourceDefinition');
    const namespace = kinds.indexOf('Namespace');

    expect(kinds.slice(0, definitions.length)).toEqual(definitions);
    expect(installed.findIndex(({ metadata }) => metadata.namespace !== undefined)).toBeGreaterThan(
      namespace,
    );
  });

  test('may list and watch exactly what the operator watches, and list no Secrets but those of one name', () => {
    const role = installed.find(
      ({ kind, metadata }) => kind === 'ClusterRole' && metadata.name === 'meshwright-operator',
    );
    const granted = Rules.parse(role?.['rules'])
      .filter(({ verbs }) => verbs.includes('watch'))
      .flatMap(({ apiGroups, resources }) =>
        resources.flatMap((plural) => apiGroups.map((group) => `${plural}.${group}`)),
      );
    const watched = watchedKinds.map(({ plural, group }) => `${plural}.${group}`);
    const named = Rules.parse(role?.['rules']).filter(
      ({ resourceNames, verbs }) => resourceNames !== undefined && verbs.includes('watch'),
    );

    expect(granted.toSorted()).toEqual([...watched, 'secrets.'].toSorted());
    expect(named).toEqual([
      {
        apiGroups: [''],
        resources: ['secrets'],
        resourceNames: ['meshwright-login'],
        verbs: ['list', 'watch'],
      },
    ]);
  });

  test('may write the status of each kind of ours, and bring its definition along', () => {
    const rules = installed.flatMap(({ kind, ...rest }) =>
      kind === 'ClusterRole' ? z.object({ rules: Rules }).parse(rest).rules : [],
    );
    const resources = rules.flatMap((rule) => rule.resources);
    const names = rules.flatMap((rule) => rule.resourceNames ?? []);

    for (const { plural } of kindDefinitions) {
      expect(resources).toContain(`${plural}/status`);
      expect(names).toContain(`${plural}.meshwright.dev`);
    }
    expect(read('install.yaml')).not.toContain('$KIND');
  });

  test('names the service account by which sidecars know the operator', () => {
    const account = installed.find(({ kind }) => kind === 'ServiceAccount');

    expect(account?.metadata.name).toBe(operatorServiceAccount);
  });

  test('runs the image of this version, and gives pods the same one', () => {
    const names = [...read('install.yaml').matchAll(/ghcr\.io\/\S+/g)].map(([name]) => name);

    expect(image.operatorImageName).toBe(`ghcr.io/meshwright/meshwright:v${packageJson.version}`);
    expect(new Set(names)).toEqual(new Set([image.operatorImageName]));
    expect(read('install.yaml')).toContain(`--sidecar-image=${image.sidecarImageName}`);
    expect(read('uninstall.yaml')).toContain(`image: ${image.operatorImageName}`);
    expect(read('samples/shop.yaml')).toContain(`image: ${image.nodeImageName}`);
  });
});

describe('Dockerfile', () => {
  const dockerfile = read('Dockerfile');
  const last = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '));

  test('copies what image-contents.ts lists, and Node', () => {
    const copied = [...last.matchAll(/^COPY (?:--from=build )?(\S+) (\S+)$/gm)].map(
      ([, from = '', to = '']) => [from.replace(/^\/meshwright\//, ''), to],
    );

    const node = ['/usr/local/bin/node', '/usr/local/bin/node'];
    expect(copied).toEqual([node, ...image.imageContents.files]);
  });

  test('runs it in the same way', () => {
    const { entrypoint, workingDir, user, env } = image.imageContents;

    expect(last).toContain(`ENTRYPOINT ${JSON.stringify(entrypoint)}`);
    expect(last).toContain(`WORKDIR ${workingDir}\n`);
    expect(last).toContain(`USER ${user}\n`);
    expect(last).toContain(
      `ENV ${Object.entries(env)
        .map((pair) => pair.join('='))
        .join(' ')}\n`,
    );
  });
});

test('install-pod-certificates.yaml gives no right on Secrets outside of the namespace of the operator, but by name', () => {
  const clusterWide = objects(read('install-pod-certificates.yaml')).filter(
    ({ kind }) => kind === 'ClusterRole',
  );
  const rules = clusterWide.flatMap((role) => Rules.parse(role['rules']));
  const onData = rules.filter(({ resources }) =>
    resources.some((resource) => ['secrets', 'configmaps', '*'].includes(resource)),
  );

  expect(rules.flatMap(({ resources }) => resources)).toContain('podcertificaterequests');
  expect(onData.map(({ resourceNames }) => resourceNames)).toEqual([['meshwright-login']]);
});

test('the commands to uninstall by hand write what the operator would write', async () => {
  const script = await uninstallByHand();
  const parts = Object.fromEntries(
    [...script.matchAll(/^(\w+)='(.*)'$/gm)].map(([, name = '', value = '']) => [name, value]),
  );
  const patches = [...script.matchAll(/-p "(.*)"$/gm)].map(([, patch = '']) =>
    JSON.parse(patch.replaceAll('\\"', '"').replaceAll(/\$(\w+)/g, (_, name: string) => parts[name] ?? '')),
  );

  expect(patches).toEqual([removalPatch('Deployment'), removalPatch('CronJob')]);
});
