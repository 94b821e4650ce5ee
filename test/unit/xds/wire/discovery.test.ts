// The discovery stream's messages, as the server reads and writes them, against the generic codec and a client's view.
import { expect, test } from '@jest/globals';
import {
  decodeDeltaRequest,
  decodeRequest,
  discoveryTypes,
  encodeDeltaResponse,
  encodeResponse,
} from '../../../../operator/xds/wire/discovery.ts';
import { encodeAny, encodeMessage } from '../../../../operator/envoy/proto/registry.ts';
import { MessageError } from '../../../../operator/envoy/proto/message-error.ts';
import { typeUrl } from '../../../../operator/envoy/proto/type-urls.ts';
import {
  decodeDeltaResponse,
  decodeResponse,
  encodeDeltaRequest,
  encodeRequest,
} from '../../../support/envoy/discovery-client.ts';

const node = {
  id: 'Pod/shop/cart',
  cluster: 'shop',
  metadata: { labels: { app: 'cart' } },
  userAgentVersion: '1.40.0',
};

/** With what is decoded later. */
function read(bytes: Uint8Array): unknown {
  const request = decodeDeltaRequest(bytes);
  return { ...request, initialVersions: request.initialVersions.read() };
}

test('a delta request comes back whole', () => {
  const request = {
    node,
    typeUrl: typeUrl.cluster,
    nonce: '7',
    error: { code: 13, message: 'no' },
    subscribe: ['a', 'b'],
    unsubscribe: ['c'],
    initialVersions: new Map([['a', 'v1']]),
  };

  expect(read(encodeDeltaRequest(request))).toEqual(request);
});

const longList = Array.from({ length: 200 }, (_, index) => `shop/service-${index}/80`);
const longRequest = {
  node,
  typeUrl: typeUrl.cluster,
  nonce: '',
  error: null,
  subscribe: longList,
  unsubscribe: ['c'],
  initialVersions: new Map(longList.map((name, index) => [name, `v${index}`])),
};

test('a long delta request comes back whole, with a map key that is no ordinary name', () => {
  const request = {
    ...longRequest,
    initialVersions: new Map([...longRequest.initialVersions, ['__proto__', 'v']]),
  };

  expect(read(Buffer.from(encodeDeltaRequest(request)))).toEqual(request);
});

test('requests with the same long list of names share it, whatever else they say', () => {
  const [one, two, other] = [
    longRequest,
    { ...longRequest, node: null, nonce: '3' },
    { ...longRequest, subscribe: [...longList.slice(1), 'shop/another/80'] },
  ].map((it) => decodeDeltaRequest(Buffer.from(encodeDeltaRequest(it))));

  expect(two?.subscribe).toBe(one?.subscribe);
  expect(other?.subscribe).toEqual([...longList.slice(1), 'shop/another/80']);
});

test('a long delta request that is cut off is refused, wherever it is cut', () => {
  const bytes = Buffer.from(encodeDeltaRequest({ subscribe: longList, typeUrl: typeUrl.cluster }));
  const last = Buffer.from(encodeDeltaRequest(longRequest));

  for (const cut of [bytes.subarray(0, -1), last.subarray(0, -1), Buffer.concat([bytes, Buffer.of(0x2a)])]) {
    expect(() => decodeDeltaRequest(cut)).toThrow(MessageError);
  }
});

test('an empty delta request has no node, no error and no names', () => {
  expect(read(Buffer.alloc(0))).toEqual({
    node: null,
    typeUrl: '',
    nonce: '',
    error: null,
    subscribe: [],
    unsubscribe: [],
    initialVersions: new Map(),
  });
});

test('a refusal without a message is a refusal all the same', () => {
  const bytes = encodeMessage(discoveryTypes.deltaRequest, { error_detail: {} });

  expect(decodeDeltaRequest(bytes).error).toEqual({ code: 0, message: '' });
});

test('the version of an Envoy is made from its numbers', () => {
  const bytes = encodeMessage(discoveryTypes.request, {
    node: { id: 'a', user_agent_build_version: { version: { major_number: 1, minor_number: 40 } } },
  });

  expect(decodeRequest(bytes).node).toEqual({
    id: 'a',
    cluster: '',
    metadata: {},
    userAgentVersion: '1.40.0',
  });
});

test('a state-of-the-world request comes back whole', () => {
  const request = {
    node,
    typeUrl: typeUrl.route,
    nonce: '',
    error: null,
    names: ['*', 'a'],
    versionInfo: '3',
  };

  expect(decodeRequest(encodeRequest(request))).toEqual(request);
});

test('a delta response put together from encoded resources equals one encoded as a whole', () => {
  const any = encodeAny(typeUrl.cluster, { name: 'a' });

  const response = encodeDeltaResponse({
    typeUrl: typeUrl.cluster,
    nonce: '1',
    systemVersion: '4',
    resources: [{ name: 'a', version: 'v1', any }],
    removed: ['b', 'c'],
    controlPlane: 'meshwright',
  });

  expect(response).toBeInstanceOf(Buffer);
  expect(response).toEqual(
    encodeMessage(discoveryTypes.deltaResponse, {
      type_url: typeUrl.cluster,
      nonce: '1',
      system_version_info: '4',
      resources: [{ name: 'a', version: 'v1', resource: { '@type': typeUrl.cluster, name: 'a' } }],
      removed_resources: ['b', 'c'],
      control_plane: { identifier: 'meshwright' },
    }),
  );
  expect(decodeDeltaResponse(response)).toEqual({
    typeUrl: typeUrl.cluster,
    nonce: '1',
    systemVersion: '4',
    resources: [{ name: 'a', version: 'v1', message: { '@type': typeUrl.cluster, name: 'a' } }],
    removed: ['b', 'c'],
  });
});

test('a state-of-the-world response put together from encoded resources equals one encoded as a whole', () => {
  const anys = [{ name: 'a' }, { name: 'b' }].map((message) => encodeAny(typeUrl.cluster, message));

  const response = encodeResponse({
    versionInfo: 'v',
    typeUrl: typeUrl.cluster,
    nonce: '1',
    anys,
    controlPlane: 'meshwright',
  });

  expect(response).toEqual(
    encodeMessage(discoveryTypes.response, {
      version_info: 'v',
      type_url: typeUrl.cluster,
      nonce: '1',
      resources: ['a', 'b'].map((name) => ({ '@type': typeUrl.cluster, name })),
      control_plane: { identifier: 'meshwright' },
    }),
  );
  expect(decodeResponse(response)).toEqual({
    typeUrl: typeUrl.cluster,
    nonce: '1',
    versionInfo: 'v',
    messages: ['a', 'b'].map((name) => ({ '@type': typeUrl.cluster, name })),
  });
});
