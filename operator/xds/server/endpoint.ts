// The gRPC server behind its acceptor: services, credentials, the port. It knows nothing of what the services do.
import {
  Server,
  ServerCredentials,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { channelOptions } from './channel-options.ts';
import { Acceptor } from './acceptor.ts';
import type { TlsAcceptor } from './credentials.ts';

export interface GrpcService {
  readonly definition: ServiceDefinition;
  readonly implementation: UntypedServiceImplementation;
}

export interface EndpointOptions {
  /** Absent: plaintext. */
  readonly credentials?: TlsAcceptor;
  /** When connections are closed, in milliseconds, give or take 10 %. Default: 30 minutes. */
  readonly connectionAgeMs?: number;
}

const closeMs = 2_000;

export class Endpoint {
  private readonly grpc: Server;
  private readonly credentials: TlsAcceptor | undefined;
  private acceptor: Acceptor | null = null;
  private boundPort = 0;

  constructor({ credentials, connectionAgeMs }: EndpointOptions) {
    this.grpc = new Server(channelOptions(connectionAgeMs));
    this.credentials = credentials;
  }

  /** The port in use; 0 before open. */
  get port(): number {
    return this.boundPort;
  }

  /** `address`: host:port; port 0 takes a free one. Rejects if it is taken. */
  async open(address: string, services: readonly GrpcService[]): Promise<void> {
    for (const { definition, implementation } of services) this.grpc.addService(definition, implementation);
    // Connections are secured before grpc-js sees them.
    const injector = this.grpc.createConnectionInjector(ServerCredentials.createInsecure());
    const { credentials } = this;
    credentials?.onSecured((connection) => injector.injectConnection(connection));
    this.acceptor = new Acceptor((connection) => {
      if (credentials === undefined) injector.injectConnection(connection);
      else credentials.connect(connection);
    });
    this.boundPort = await this.acceptor.open(address).catch((error: unknown) => {
      throw new Error(`cannot listen on ${address} for xDS`, { cause: error });
    });
  }

  /** A stream of a proxy that is known has begun (1) or ended (-1): connections without one are bounded. `peer`: as gRPC says. */
  countStream(peer: string, by: 1 | -1): void {
    this.acceptor?.countStream(peer, by);
  }

  /** Lets nobody in any more. */
  stopAccepting(): void {
    this.acceptor?.close();
  }

  /** Resolves when all calls have ended, or were cut off after 2 seconds. */
  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      const force = setTimeout(() => this.grpc.forceShutdown(), closeMs);
      this.grpc.tryShutdown(() => {
        clearTimeout(force);
        resolve();
      });
    });
  }
}
