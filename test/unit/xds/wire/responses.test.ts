// Responses as the server puts them together, against the generic codec and a client's view.
import { expect, test } from '@jest/globals';
import { encodeAny, encodeMessage } from '../../../../operator/envoy/proto/registry.ts';
import { typeUrl } from '../../../../operator/envoy/proto/type-urls.ts';
import { encodeDeltaResponse, encodeResponse } from '../../../../operator/xds/wire/responses.ts';
import {
  decodeDeltaResponse,
  decodeResponse,
  discoveryTypes,
} from '../../../support/envoy/discovery-client.ts';

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
