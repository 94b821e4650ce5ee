// Tokens for Google's APIs: with the key of a service account from a Secret, or from the metadata server of a node of Google Cloud, which also
// says in which cluster this is. Entry: Credentials.
import { z } from 'zod';
import type { GoogleCloudIr } from '../../ir/provider.ts';
import type { SecretData } from '../../ports/platform.ts';
import type { Clock } from '../../process/clock.ts';
import { Redacted } from '../../values/redacted.ts';
import { shortened } from '../reason.ts';
import { assertionOf, keyFile, readServiceAccount, scopes } from './service-account.ts';

export interface GoogleHost {
  /** From the namespace of the operator. */
  readonly readSecret: (name: string) => Promise<SecretData | undefined>;
  readonly clock: Clock;
  /** URL without a path. @see https://cloud.google.com/compute/docs/metadata/overview */
  readonly metadataServer: string;
}

const Answer = z.object({ access_token: z.string().min(1), expires_in: z.number().positive() });
const Refusal = z.object({ error: z.string(), error_description: z.string().default('') });
const timeoutMs = 5_000;
/** A token is renewed that long before it ends. */
const marginMs = 60_000;

interface Token {
  readonly text: Redacted<string>;
  /** Monotonic. */
  readonly untilMs: number;
}

export class Credentials {
  readonly #host: GoogleHost;
  readonly #provider: Pick<GoogleCloudIr, 'secretName' | 'cluster'>;
  #kept: Token | null = null;
  #asked: Promise<Token> | null = null;
  /** undefined: not asked yet. */
  #cluster: GoogleCloudIr['cluster'] | undefined;

  constructor(host: GoogleHost, provider: Pick<GoogleCloudIr, 'secretName' | 'cluster'>) {
    this.#host = host;
    this.#provider = provider;
  }

  /** One is asked for at a time. Rejects with a reason that tells no secret. */
  async token(): Promise<Redacted<string>> {
    if (this.#kept !== null && this.#host.clock.monotonicMs() < this.#kept.untilMs) return this.#kept.text;
    this.#asked ??= this.#ask().finally(() => (this.#asked = null));
    this.#kept = await this.#asked;
    return this.#kept.text;
  }

  /** Google does not take it any more. */
  forget(token: Redacted<string>): void {
    if (this.#kept?.text === token) this.#kept = null;
  }

  /** In which pods run; null: nobody knows. */
  async cluster(): Promise<GoogleCloudIr['cluster']> {
    const { cluster, secretName } = this.#provider;
    // With a key, the operator may be anywhere: then no answer would be no news.
    if (cluster !== null || secretName !== null) return cluster;
    if (this.#cluster === undefined) {
      const name = await this.#attribute('cluster-name');
      const location = await this.#attribute('cluster-location');
      this.#cluster = name === null || location === null ? null : { name, location };
    }
    return this.#cluster;
  }

  async #ask(): Promise<Token> {
    const { secretName } = this.#provider;
    const { clock } = this.#host;
    const askedMs = clock.monotonicMs();
    const response =
      secretName === null
        ? await this.#metadata(`service-accounts/default/token?scopes=${scopes.join(',')}`)
        : await this.#exchanged(secretName);
    const text = await response.text();
    if (!response.ok) throw new Error(`no token: HTTP ${response.status} ${refusalIn(text)}`);
    const answer = Answer.safeParse(parsed(text));
    if (!answer.success) throw new Error('no token: the answer has no access_token');
    const { access_token: token, expires_in: seconds } = answer.data;
    return { text: new Redacted(token), untilMs: askedMs + Math.max(seconds * 1_000 - marginMs, 0) };
  }

  async #exchanged(secretName: string): Promise<Response> {
    const secret = await this.#host.readSecret(secretName);
    const text = secret?.[keyFile];
    if (text === undefined)
      throw new Error(`the Secret ${secretName} of the operator's namespace has no ${keyFile}`);
    const account = readServiceAccount(text);
    const body = new URLSearchParams({
      grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
      assertion: assertionOf(account, this.#host.clock.now()),
    });
    return await fetch(account.tokenUri, { method: 'POST', body, ...common() });
  }

  /** null: this is no cluster of Google's. */
  async #attribute(name: string): Promise<string | null> {
    const response = await this.#metadata(`attributes/${name}`);
    const text = (await response.text()).trim();
    if (response.status === 404) return null;
    if (!response.ok || text === '')
      throw new Error(`no ${name} from the metadata server: HTTP ${response.status}`);
    return text;
  }

  async #metadata(path: string): Promise<Response> {
    const url = `${this.#host.metadataServer}/computeMetadata/v1/instance/${path}`;
    return await fetch(url, { headers: { 'metadata-flavor': 'Google' }, ...common() });
  }
}

function common(): Pick<RequestInit, 'redirect' | 'signal'> {
  return { redirect: 'error', signal: AbortSignal.timeout(timeoutMs) };
}

function refusalIn(text: string): string {
  const refusal = Refusal.safeParse(parsed(text));
  return shortened(refusal.success ? `${refusal.data.error} ${refusal.data.error_description}` : text);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
