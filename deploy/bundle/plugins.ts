// What esbuild is told about packages: what of them is never used here, what is worked out beforehand, and how to read JSON.
import { readFile } from 'node:fs/promises';
import type { Plugin } from 'esbuild';
import { definitions } from '../../operator/wiring/definitions.ts';

interface StandIn {
  /** A part of the path of the file that imports the module. */
  readonly from: string;
  /** As it is imported. */
  readonly module: RegExp;
  readonly contents: string;
}

/** In place of modules that are imported for functions that are never called here. */
const replaced: readonly StandIn[] = [
  {
    // Its index imports a class for each kind of Kubernetes: 17 MB.
    from: '/operator/platform/kubernetes/',
    module: /^@kubernetes\/client-node$/,
    contents: `export { KubeConfig } from '@kubernetes/client-node/dist/config.js';`,
  },
  {
    // The same. Only makeApiClient needs it: http/api-client.ts takes nothing but the credentials.
    from: '/node_modules/@kubernetes/client-node/',
    module: /^\.\/gen\/index\.js$/,
    contents: `
      export class ServerConfiguration {}
      export function createConfiguration() { throw new Error('the generated clients are not bundled'); }`,
  },
  {
    from: '/node_modules/@kubernetes/client-node/',
    module: /^undici$/,
    contents: `
      export class Agent { constructor() { throw new Error('undici is not bundled'); } }
      export class ProxyAgent extends Agent {}`,
  },
  {
    // Its constructor loads a default kubeconfig, which mesh-operator.ts replaces at once; what else needs client-node is
    // overridden there.
    from: '/node_modules/@dot-i/k8s-operator/',
    module: /^@kubernetes\/client-node$/,
    contents: `
      export class KubeConfig { loadFromDefault() {} makeApiClient() {} }
      export class CoreV1Api {}`,
  },
  {
    // Its requests for statuses and finalizers: mesh-operator.ts overrides the former, and there are none of the latter.
    from: '/node_modules/@dot-i/k8s-operator/',
    module: /^gaxios$/,
    contents: `export const instance = { request: () => Promise.reject(new Error('gaxios is not bundled')) };`,
  },
  {
    // Sentences in fifty languages.
    from: '/node_modules/zod/',
    module: /^\.\.\/locales\/index\.js$/,
    contents: `export { default as en } from 'zod/v4/locales/en.js';`,
  },
];

/** `root`: the project, from where stand-ins import. */
export function standIns(root: string): Plugin {
  return {
    name: 'stand-ins',
    setup: (build) => {
      for (const [index, { from, module, contents }] of replaced.entries()) {
        const namespace = `stand-in ${index}`;
        build.onResolve({ filter: module }, ({ importer, path }) =>
          importer.includes(from) ? { path, namespace } : undefined,
        );
        build.onLoad({ filter: module, namespace }, () => ({ contents, loader: 'js', resolveDir: root }));
      }
    },
  };
}

/** They follow from the schemas alone, so they are made here, and not at each start. */
export const definitionsAsText: Plugin = {
  name: 'definitions as text',
  setup: (build) => {
    build.onLoad({ filter: /\/operator\/wiring\/definitions\.ts$/ }, () => {
      const text = JSON.stringify(definitions());
      const contents = `export function definitions() { return JSON.parse(${JSON.stringify(text)}); }`;
      return { contents, loader: 'js' };
    });
  },
};

/** V8 parses JSON several times as fast as the same text as a program. */
export const jsonAsText: Plugin = {
  name: 'JSON as text',
  setup: (build) => {
    build.onLoad({ filter: /\.json$/ }, async ({ path }) => {
      const text = JSON.stringify(JSON.parse(await readFile(path, 'utf8')));
      return { contents: `export default JSON.parse(${JSON.stringify(text)});`, loader: 'js' };
    });
  },
};
