// External authorizers: services that a sidecar asks whether a request may pass.
import type { RequestIr } from './request.ts';

export interface AuthorizerIr {
  /** `shop/reviews/external-authorizer`: namespace/policy and what it is, shown in logs. */
  readonly id: string;
  /** Key of a ServicePortIr. */
  readonly service: string;
  readonly protocol: 'HTTP' | 'GRPC';
  /** HTTP: what it is asked for begins with it; '': the path of the request. */
  readonly pathPrefix: string;
  readonly timeoutMs: number;
  /** What becomes of a request if the authorizer does not answer, or not as an authorizer. */
  readonly onFailure: 'Deny' | 'Allow';
  /** null: the authorizer does not see bodies. */
  readonly body: AuthorizerBodyIr | null;
  /** Request headers that it gets, in lower case. HTTP: besides those that it always gets. GRPC: empty for all. */
  readonly sentHeaders: readonly string[];
  /** Headers that only it may write for the application, in lower case. */
  readonly upstreamHeaders: readonly string[];
  /** HTTP: headers of its answer that the caller gets with the response of the application, in lower case. */
  readonly responseHeaders: readonly string[];
  /** It is asked about what possibly matches one of them. */
  readonly requests: 'any' | readonly RequestIr[];
}

export interface AuthorizerBodyIr {
  readonly maxBytes: number;
  /** Of a larger body: whether the authorizer gets its beginning; else the request is refused. */
  readonly partial: boolean;
}
