// Login with a browser: how those get a token who have none.

export interface LoginIr {
  /** `shop/reviews`: namespace/policy. */
  readonly id: string;
  /** Id of the provider in authentication that verifies its ID tokens. */
  readonly provider: string;
  readonly clientId: string;
  readonly clientSecret: SecretText;
  /** Of the cookies: what signs and encrypts them. */
  readonly sessionKey: SecretText;
  readonly clientAuthentication: 'Basic' | 'Post';
  readonly authorizationEndpoint: string;
  readonly tokenEndpoint: TokenEndpointIr;
  /** null: the provider is not told of logouts. */
  readonly endSessionEndpoint: string | null;
  /** With openid. */
  readonly scopes: readonly string[];
  readonly redirectUri: string;
  readonly logoutPath: string;
  readonly cookies: {
    /** Names begin with it: those of no other policy do. */
    readonly prefix: string;
    /** null: the host that sets them. */
    readonly domain: string | null;
    readonly sameSite: 'Lax' | 'Strict' | 'None';
  };
  readonly refresh: boolean;
}

/** What must not be printed. */
export interface SecretText {
  reveal(): string;
}

export interface TokenEndpointIr {
  /** https. */
  readonly uri: string;
  /** PEM; null: the public CAs. */
  readonly caBundle: string | null;
}
