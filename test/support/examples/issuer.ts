// The issuer of the examples, https://issuer.example: an https server with the keys of tokens.yaml. Entry: ExampleIssuer.start.
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { rangeOf } from '../../../operator/jwks/fetch-address.ts';
import { createKeySetFetch } from '../../../operator/jwks/fetch-key-set.ts';
import { readKeySet } from '../../../operator/jwks/key-set.ts';
import { storedData, storedName } from '../../../operator/jwks/stored-keys.ts';
import type { ConfigMap } from '../../../operator/objects/objects.ts';
import { systemClock } from '../../../operator/process/clock.ts';
import type { Resources } from '../../../operator/store/resources.ts';
import { keySourcesOf } from '../../../operator/translate/policies/security/key-sources.ts';
import { translateOptions } from '../builders.ts';
import type { Closing } from '../data-plane/closing.ts';
import { HttpsIssuer } from '../data-plane/https-issuer.ts';

const loopback = '127.0.0.1';
const fetchKeys = createKeySetFetch({
  allowed: [rangeOf(`${loopback}/32`)],
  clock: systemClock,
  resolve: () => Promise.resolve([loopback]),
});

export class ExampleIssuer {
  readonly #server: HttpsIssuer;

  private constructor(server: HttpsIssuer) {
    this.#server = server;
  }

  static async start(closing: Closing): Promise<ExampleIssuer> {
    const server = await HttpsIssuer.start(closing);
    server.answers(publishedKeys());
    return new ExampleIssuer(server);
  }

  /** With the keys that policies name by their uri: fetched from here, and stored as the operator stores them. */
  async withKeys(resources: Resources): Promise<Resources> {
    const sources = keySourcesOf(resources.securityPolicies).all;
    const fetched = await Promise.all(sources.map(({ id, uri }) => this.#fetched(id, uri)));
    return { ...resources, configMaps: [...resources.configMaps, ...fetched] };
  }

  async #fetched(id: string, uri: string): Promise<ConfigMap> {
    const here = new URL(uri);
    here.port = String(this.#server.port);
    const source = { uri: here.href, caBundle: this.#server.caBundle };
    const outcome = await fetchKeys(source, new AbortController().signal);
    if (outcome.type === 'failed') throw new Error(`${uri}: ${outcome.problem} (${outcome.detail})`);
    const { keys } = readKeySet(outcome.text);
    return {
      kind: 'ConfigMap',
      metadata: { namespace: translateOptions.operatorNamespace, name: storedName(id), generation: 1 },
      data: storedData(uri, { keys, sinceMs: 0, fetchedMs: 0, endpoints: null }),
    };
  }
}

interface Example {
  readonly spec: {
    readonly authentication: { readonly jwt: readonly { readonly jwks: { readonly inline: string } }[] };
  };
}

/** Of the key that has signed the tokens in the comments. */
function publishedKeys(): string {
  const { spec } = parse(readFileSync('docs/examples/security/tokens.yaml', 'utf8')) as Example;
  const inline = spec.authentication.jwt[0]?.jwks.inline;
  if (inline === undefined) throw new Error('tokens.yaml has no keys');
  return inline;
}
