// The token endpoint of Google's OAuth and the metadata server of a node, which give tokens for half an hour. Entry: TokenGiver.
// @see https://developers.google.com/identity/protocols/oauth2/service-account and https://cloud.google.com/compute/docs/metadata/overview
import { generateKeyPairSync } from 'node:crypto';
import { jwtVerify } from 'jose';

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

const email = 'telemetry@my-project-123.iam.gserviceaccount.com';
const needed = ['monitoring.write', 'logging.write', 'trace.append'].map(
  (name) => `https://www.googleapis.com/auth/${name}`,
);

export class TokenGiver {
  readonly #keys = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  readonly #valid = new Set<string>();
  given = 0;

  /** As Google gives it to people, in key.json. */
  keyFile(tokenUri: string): string {
    return JSON.stringify({
      type: 'service_account',
      project_id: 'my-project-123',
      private_key_id: 'key-1',
      private_key: this.#keys.privateKey.export({ type: 'pkcs8', format: 'pem' }),
      client_email: email,
      token_uri: tokenUri,
    });
  }

  isValid(authorization: string): boolean {
    return this.#valid.has(authorization);
  }

  revoke(): void {
    this.#valid.clear();
  }

  async exchange(form: URLSearchParams, tokenUri: string): Promise<Answer> {
    if (form.get('grant_type') !== 'urn:ietf:params:oauth:grant-type:jwt-bearer')
      return { status: 400, body: { error: 'unsupported_grant_type' } };
    try {
      const { payload, protectedHeader } = await jwtVerify(
        form.get('assertion') ?? '',
        this.#keys.publicKey,
        {
          algorithms: ['RS256'],
          issuer: email,
          audience: tokenUri,
          requiredClaims: ['iat', 'exp'],
          maxTokenAge: 60,
        },
      );
      if (Number(payload.exp) - Number(payload.iat) > 3_600) throw new Error('of more than an hour');
      if (protectedHeader.kid !== 'key-1') throw new Error('another key');
      return this.#give(String(payload['scope']).split(' '));
    } catch (error) {
      return { status: 400, body: { error: 'invalid_grant', error_description: String(error) } };
    }
  }

  metadata(path: string, scopes: string, flavor: string | undefined): Answer {
    if (flavor !== 'Google') return { status: 403, body: 'Missing Metadata-Flavor:Google header.' };
    if (path.endsWith('/service-accounts/default/token')) return this.#give(scopes.split(','));
    const attributes: Readonly<Record<string, string>> = { name: 'one', location: 'europe-west1' };
    const value = attributes[/\/attributes\/cluster-(\w+)$/.exec(path)?.[1] ?? ''];
    return value === undefined ? { status: 404, body: 'Not Found' } : { status: 200, body: value };
  }

  #give(scopes: readonly string[]): Answer {
    if (needed.some((scope) => !scopes.includes(scope)))
      return { status: 400, body: { error: 'invalid_scope', error_description: scopes.join(' ') } };
    this.given += 1;
    const token = `ya29.${this.given}`;
    this.#valid.add(`Bearer ${token}`);
    return { status: 200, body: { access_token: token, expires_in: 1_800, token_type: 'Bearer' } };
  }
}
