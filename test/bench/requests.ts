// What proxies write: requests, acknowledgements, and the versions they have; encoded once where it is the same for many.
import { encodeMessage } from '../../operator/envoy/proto/registry.ts';
import { typeUrl as url } from '../../operator/envoy/proto/type-urls.ts';
import { inboundDiscovered } from '../../operator/envoy/resources/inbound/http-filters.ts';
import { outboundDiscovered } from '../../operator/envoy/resources/outbound/http-filters.ts';
import { runtimeLayer } from '../../operator/values/sidecar-names.ts';
import { discoveryTypes, encodeDeltaRequest } from '../support/envoy/discovery-client.ts';
import { framed, type Framed } from './raw-stream.ts';

/** What is subscribed by name, besides the endpoints. */
export const named: ReadonlyMap<string, readonly string[]> = new Map([
  [url.secret, ['trust']],
  [url.route, ['outbound', 'inbound/8080/mesh', 'inbound/8080/plaintext']],
  [url.runtime, [runtimeLayer]],
  [url.extensionConfig, [...inboundDiscovered, ...outboundDiscovered].map(({ filter }) => filter.name)],
]);

/** A subscription. The request for runtime values is the first of a stream, and says who asks. */
export function ask(typeUrl: string, subscribe: readonly string[], nodeId: string | null): Uint8Array {
  const isFirst = typeUrl === url.runtime && nodeId !== null;
  return encodeDeltaRequest({ typeUrl, subscribe, nodeId: isFirst ? nodeId : null });
}

const acknowledgements = new Map<string, Framed>();

/** The same for all proxies that got as many responses. */
export function framedAcknowledgement(typeUrl: string, nonce: string): Framed {
  const key = `${nonce} ${typeUrl}`;
  let frames = acknowledgements.get(key);
  if (frames === undefined)
    acknowledgements.set(key, (frames = framed(encodeDeltaRequest({ typeUrl, nonce }))));
  return frames;
}

/** What an Envoy would tell a new stream it has: name → version, by type. */
export class Held {
  private readonly types = new Map<string, Map<string, string>>();

  add(typeUrl: string, names: readonly string[], versions: readonly string[]): void {
    const held = this.types.get(typeUrl) ?? new Map<string, string>();
    for (const [index, name] of names.entries()) held.set(interned(name), interned(versions[index] ?? ''));
    this.types.set(typeUrl, held);
  }

  clear(): void {
    this.types.clear();
  }

  /** By type, the subscription with the versions; `seed`: for their order. */
  requests(seed: number, subscription: (typeUrl: string) => Uint8Array): ReadonlyMap<string, Framed> {
    const requests = new Map<string, Framed>();
    for (const [typeUrl, held] of this.types) {
      // A message is its fields, one after the other.
      const versions = shuffled([...held], seed).map(([name, version]) => versionField(name, version));
      requests.set(typeUrl, framed(Buffer.concat([subscription(typeUrl), ...versions])));
    }
    return requests;
  }
}

/** One copy of each name and version. */
const strings = new Map<string, string>();

function interned(text: string): string {
  const known = strings.get(text);
  if (known !== undefined) return known;
  strings.set(text, text);
  return text;
}

const versionFields = new Map<string, Uint8Array>();

function versionField(name: string, version: string): Uint8Array {
  const key = `${version} ${name}`;
  let bytes = versionFields.get(key);
  if (bytes === undefined)
    versionFields.set(
      key,
      (bytes = encodeMessage(discoveryTypes.deltaRequest, {
        initial_resource_versions: { [name]: version },
      })),
    );
  return bytes;
}

/** Envoy writes the map in the order of its hashes, another one in each process: here each starts at another entry, and steps. */
function shuffled<T>(entries: readonly T[], seed: number): readonly T[] {
  const prime = 104_729;
  return entries.map((entry, index) => entries[(seed + index * prime) % entries.length] ?? entry);
}
