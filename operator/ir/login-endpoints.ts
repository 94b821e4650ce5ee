/** Where a provider logs people in: https URIs, from its discovery document. */
export interface LoginEndpointsIr {
  readonly authorizationEndpoint: string;
  readonly tokenEndpoint: string;
}
