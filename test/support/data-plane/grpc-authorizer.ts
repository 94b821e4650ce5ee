// A real server of Envoy's protocol for external authorizers, as OPA and others are. Entry: startGrpcAuthorizer.
// @see https://www.envoyproxy.io/docs/envoy/latest/api-v3/service/auth/v3/external_auth.proto
import { type sendUnaryData, Server, ServerCredentials, type ServerUnaryCall } from '@grpc/grpc-js';
import type { Type } from 'protobufjs';
import { extraDirectory, loadProtos } from '../../../operator/envoy/proto/load-protos.ts';
import type { Closing } from './closing.ts';

const protos = loadProtos(['envoy/service/auth/v3/external_auth.proto'], extraDirectory);
const request = protos.lookupType('envoy.service.auth.v3.CheckRequest');
const response = protos.lookupType('envoy.service.auth.v3.CheckResponse');

/** What is asked, as far as tests look at it. */
export interface Question {
  readonly attributes: {
    readonly source: { readonly principal?: string };
    readonly destination: { readonly principal?: string };
    readonly request: {
      readonly http: {
        readonly method: string;
        readonly path: string;
        readonly headers?: Readonly<Record<string, string>>;
        /** In base64. */
        readonly raw_body?: string;
      };
    };
  };
}

/** A CheckResponse; null: none comes. */
export type Decide = (question: Question) => object | null;

export const permitted = { status: { code: 0 }, ok_response: {} };

/** gRPC's PERMISSION_DENIED, and what the caller gets. */
/** headers: of the refusal. */
export function denied(code: number, body: string, headers: Readonly<Record<string, string>> = {}): object {
  const options = Object.entries(headers).map(([key, value]) => ({ header: { key, value } }));
  return { status: { code: 7 }, denied_response: { status: { code }, body, headers: options } };
}

/** The headers that it writes for the application. */
export function permittedWith(headers: Readonly<Record<string, string>>): object {
  const options = Object.entries(headers).map(([key, value]) => ({ header: { key, value } }));
  return { status: { code: 0 }, ok_response: { headers: options } };
}

/** Resolves to its port. */
export async function startGrpcAuthorizer(decide: Decide, closing: Closing): Promise<number> {
  const server = new Server();
  const check = {
    path: '/envoy.service.auth.v3.Authorization/Check',
    requestStream: false,
    responseStream: false,
    requestSerialize: encode(request),
    requestDeserialize: decodeQuestion,
    responseSerialize: encode(response),
    responseDeserialize: (bytes: Buffer) => response.decode(bytes).toJSON(),
  };
  server.addService(
    { Check: check },
    {
      Check: ({ request: question }: ServerUnaryCall<Question, object>, done: sendUnaryData<object>) => {
        const answer = decide(question);
        if (answer !== null) done(null, answer);
      },
    },
  );
  closing.add(async () => server.forceShutdown());
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
      if (error === null) resolve(port);
      else reject(error);
    });
  });
}

function decodeQuestion(bytes: Buffer): Question {
  return request.toObject(request.decode(bytes), { bytes: String }) as Question;
}

function encode(type: Type): (message: object) => Buffer {
  return (message) => Buffer.from(type.encode(type.fromObject(message)).finish());
}
