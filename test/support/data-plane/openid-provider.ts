// An OpenID provider as strict as the standards allow: codes work once, PKCE is S256, redirect URIs are compared as they are, refresh tokens are
// known ones. Entry: OpenIdProvider.start.
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Closing } from './closing.ts';
import { certificates } from './https-issuer.ts';
import { type IssuedKey, issueKey, keySet, secondsFromNow } from './issuer.ts';

export interface Client {
  readonly id: string;
  secret: string;
  readonly redirectUri: string;
}

interface Grant {
  readonly user: string;
  readonly challenge: string;
}

export class OpenIdProvider {
  /** PEM. */
  readonly caBundle: string;
  readonly client: Client;
  /** Who is logged in at the provider in every browser; null: nobody, it asks. */
  user: string | null = 'alice';
  /** Claims of the next ID tokens, over those that they have anyway. */
  claims: Readonly<Record<string, unknown>> = {};
  /** Of the next access tokens, in seconds. */
  lifetime = 3_600;
  /** What was asked of it, in order: `authorize`, `token`, or why it refused. */
  readonly log: string[] = [];
  readonly #key: IssuedKey;
  readonly #server: Server;
  readonly #codes = new Map<string, Grant>();
  readonly #refreshTokens = new Map<string, string>();

  private constructor(server: Server, caBundle: string, key: IssuedKey, client: Client) {
    this.caBundle = caBundle;
    this.client = client;
    this.#key = key;
    this.#server = server;
    server.on('request', (request, response) => {
      void this.#answer(request, response);
    });
  }

  /** At 127.0.0.1. */
  static async start(client: Client, closing: Closing): Promise<OpenIdProvider> {
    const { ca, certificate, key } = await certificates();
    const server = createServer({ cert: certificate, key }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const provider = new OpenIdProvider(server, ca, await issueKey('k1', 'RS256'), client);
    closing.add(() => provider.stop());
    return provider;
  }

  get issuer(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get keys(): string {
    return keySet(this.#key);
  }

  /** Nobody answers there any more. */
  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  idToken(claims: Readonly<Record<string, unknown>> = {}): Promise<string> {
    return this.#key.sign({ iss: this.issuer, aud: this.client.id, sub: 'alice', ...claims });
  }

  /**
   * What the browser gets for the address it was sent to: where it is sent back to.
   * @throws if the provider shows an error or asks who the user is
   */
  authorize(location: string): string {
    const url = new URL(location);
    const query = Object.fromEntries(url.searchParams);
    if (url.origin !== this.issuer || url.pathname !== '/authorize') throw new Error(`not here: ${location}`);
    const wrong = [
      query['client_id'] !== this.client.id && 'client_id',
      query['redirect_uri'] !== this.client.redirectUri && 'redirect_uri',
      query['response_type'] !== 'code' && 'response_type',
      query['scope']?.split(' ').includes('openid') !== true && 'scope',
      query['code_challenge_method'] !== 'S256' && 'code_challenge_method',
      !/^[-_A-Za-z0-9]{43}$/.test(query['code_challenge'] ?? '') && 'code_challenge',
      (query['state'] ?? '') === '' && 'state',
    ].filter((one) => one !== false);
    if (wrong.length > 0) throw new Error(`the provider refuses ${wrong.join(', ')} of ${location}`);
    if (this.user === null) throw new Error('the provider asks who the user is');
    this.log.push('authorize');
    const code = randomBytes(16).toString('base64url');
    this.#codes.set(code, { user: this.user, challenge: query['code_challenge'] ?? '' });
    const back = new URL(this.client.redirectUri);
    back.searchParams.set('code', code);
    back.searchParams.set('state', query['state'] ?? '');
    return back.href;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = new URLSearchParams(await text(request));
    if (request.url !== '/token' || request.method !== 'POST') {
      response.writeHead(404).end();
      return;
    }
    try {
      const user = this.#redeemed(request, body);
      this.log.push('token');
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(await this.#tokens(user)));
    } catch (error) {
      this.log.push(String(error));
      response.writeHead(400, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ error: 'invalid_grant' }));
    }
  }

  #redeemed(request: IncomingMessage, body: URLSearchParams): string {
    const basic = Buffer.from(`${this.client.id}:${this.client.secret}`).toString('base64');
    const posted = [body.get('client_id'), body.get('client_secret')];
    const isClient =
      request.headers.authorization === `Basic ${basic}` ||
      (posted[0] === this.client.id && posted[1] === this.client.secret);
    if (!isClient) throw new Error('wrong client');
    if (body.get('grant_type') === 'refresh_token') return this.#refreshed(body.get('refresh_token') ?? '');
    if (body.get('grant_type') !== 'authorization_code') throw new Error('wrong grant');
    const code = body.get('code') ?? '';
    const grant = this.#codes.get(code);
    this.#codes.delete(code);
    if (grant === undefined) throw new Error('unknown or used code');
    if (body.get('redirect_uri') !== this.client.redirectUri) throw new Error('wrong redirect URI');
    const verifier = body.get('code_verifier') ?? '';
    if (createHash('sha256').update(verifier).digest('base64url') !== grant.challenge)
      throw new Error('wrong code verifier');
    return grant.user;
  }

  #refreshed(token: string): string {
    const user = this.#refreshTokens.get(token);
    this.#refreshTokens.delete(token);
    if (user === undefined) throw new Error('unknown refresh token');
    return user;
  }

  async #tokens(user: string): Promise<object> {
    const refresh = randomBytes(16).toString('base64url');
    this.#refreshTokens.set(refresh, user);
    return {
      token_type: 'Bearer',
      access_token: randomBytes(16).toString('base64url'),
      id_token: await this.idToken({ sub: user, exp: secondsFromNow(this.lifetime), ...this.claims }),
      refresh_token: refresh,
      expires_in: this.lifetime,
    };
  }
}
