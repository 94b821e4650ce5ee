// Encoding and decoding of Envoy messages: what comes back, what is refused, what is deterministic.
import { describe, expect, test } from '@jest/globals';
import protobuf from 'protobufjs/minimal.js';
import { decode, encodeAny, encodeMessage, toPlain } from '../../../../operator/envoy/proto/registry.ts';
import { typeUrl } from '../../../../operator/envoy/proto/type-urls.ts';
import { duration } from '../../../../operator/envoy/proto/well-known.ts';
import type { EnvoyMessage } from '../../../../operator/envoy/proto/envoy-message.ts';
import { cluster, loadAssignment, virtualHost } from '../../../support/envoy/sample-messages.ts';

const any = 'type.googleapis.com';
const clusterType = 'envoy.config.cluster.v3.Cluster';

/** The same data with the keys of all its objects in the opposite order. */
function reversed<T>(value: T): T {
  if (Array.isArray(value)) return value.map(reversed) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, inner]) => [key, reversed(inner)] as const)
      .toReversed(),
  ) as T;
}

describe('round trip', () => {
  test.each([
    ['a cluster', typeUrl.cluster, cluster],
    ['a load assignment', typeUrl.endpoint, loadAssignment(10)],
    ['a virtual host', typeUrl.virtualHost, virtualHost],
    ['a route configuration by header', typeUrl.route, { name: 'outbound', vhost_header: 'x-dst' }],
  ])('%s comes back as it was given, without what says nothing', (_name, url, message) => {
    const bytes = encodeAny(url, message);

    expect(toPlain(bytes)).toEqual({ '@type': url, ...withoutDefaults(message) });
    expect(encodeAny(url, toPlain(bytes))).toEqual(bytes);
  });

  test('keeps every kind of JSON value in a Struct', () => {
    const values = {
      s: 'a',
      n: 1.5,
      b: false,
      z: null,
      l: [1, [null], {}],
      o: { deep: { er: true } },
      e: '',
    };
    const message = { filter_metadata: { x: values } };

    const bytes = encodeMessage('envoy.config.core.v3.Metadata', message);

    expect(decode('envoy.config.core.v3.Metadata', bytes)).toEqual(message);
  });

  test('opens an Any whose message has a form of its own under `value`', () => {
    const action = { '@type': `${any}/google.protobuf.StringValue`, value: 'http' };
    const message = { name: 'action', typed_config: action };

    const bytes = encodeMessage('envoy.config.core.v3.TypedExtensionConfig', message);

    expect(decode('envoy.config.core.v3.TypedExtensionConfig', bytes)).toEqual(message);
  });

  test('keeps 64-bit integers exact, as digits where a number is not', () => {
    const type = 'google.protobuf.UInt64Value';

    expect(decode(type, encodeMessage(type, { value: '18446744073709551615' }))).toBe('18446744073709551615');
    expect(decode(type, encodeMessage(type, { value: 2 ** 53 - 1 }))).toBe(2 ** 53 - 1);
  });

  test('gives bytes as base64', () => {
    const secret = { name: 'trust', validation_context: { trusted_ca: { inline_bytes: 'AAEC/w==' } } };

    expect(toPlain(encodeAny(typeUrl.secret, secret))).toEqual({ '@type': typeUrl.secret, ...secret });
  });
});

/** Zero nanos and the first value of an enum say nothing, so they are not written. */
function withoutDefaults(message: EnvoyMessage): EnvoyMessage {
  const json = JSON.stringify(message)
    .replaceAll(',"nanos":0', '')
    .replaceAll(',"denominator":"HUNDRED"', '');
  return JSON.parse(json) as EnvoyMessage;
}

function encodeKeys(...keys: readonly string[]): Uint8Array {
  const fields = Object.fromEntries(keys.map((key) => [key, { key }]));
  return encodeMessage('envoy.config.core.v3.Metadata', { filter_metadata: fields });
}

describe('equal content gives equal bytes', () => {
  test.each([
    ['cluster', typeUrl.cluster, cluster],
    ['virtual host', typeUrl.virtualHost, virtualHost],
  ])('whatever the order of keys in a %s', (_name, url, message) => {
    expect(encodeAny(url, reversed(message))).toEqual(encodeAny(url, message));
  });

  test('map entries are sorted, integer-like keys too', () => {
    expect(encodeKeys('b', '10', 'a', '9')).toEqual(encodeKeys('9', 'a', '10', 'b'));
  });

  test('a default given explicitly is as if it were left out', () => {
    const bare = encodeMessage(clusterType, { name: 'a' });
    const spelled = {
      name: 'a',
      alt_stat_name: '',
      lb_policy: 'ROUND_ROBIN',
      close_connections_on_host_health_failure: false,
      health_checks: [],
      typed_extension_protocol_options: {},
      metadata: null,
    };

    expect(encodeMessage(clusterType, spelled)).toEqual(bare);
  });

  test('a default that means something is kept: member of a oneof, wrapper, empty message', () => {
    const message = { type: 'STATIC', per_connection_buffer_limit_bytes: 0, metadata: {} };

    expect(decode(clusterType, encodeMessage(clusterType, message))).toEqual(message);
  });

  test('a wrapper may be given as its value or as a message', () => {
    const bare = encodeMessage(clusterType, { per_connection_buffer_limit_bytes: 7 });

    expect(encodeMessage(clusterType, { per_connection_buffer_limit_bytes: { value: 7 } })).toEqual(bare);
  });
});

describe('refuses, naming the place', () => {
  test.each<[string, EnvoyMessage, string]>([
    ['an unknown field', { namee: 'a' }, 'namee: envoy.config.cluster.v3.Cluster has no such field'],
    [
      'a field in camelCase',
      { metadata: { filterMetadata: {} } },
      'metadata.filterMetadata: envoy.config.core.v3.Metadata has no such field',
    ],
    ['a number for a string', { name: 1 }, 'name: expected a string, got 1'],
    [
      'half a character',
      { name: 'a\u{D800}' },
      'name: expected a string of whole Unicode characters, got "a\\ud800"',
    ],
    [
      'a string for a number',
      { circuit_breakers: { thresholds: [{ max_retries: '3' }] } },
      'circuit_breakers.thresholds[0].max_retries: expected an integer, got "3"',
    ],
    [
      'a negative unsigned integer',
      { circuit_breakers: { thresholds: [{}, { max_retries: -1 }] } },
      'circuit_breakers.thresholds[1].max_retries: -1 is not between 0 and 4294967295',
    ],
    ['an object for a list', { health_checks: {} }, 'health_checks: expected a list, got an object'],
    [
      'an @type where no Any is',
      { metadata: { '@type': 'type.googleapis.com/envoy.config.core.v3.Metadata' } },
      'metadata.@type: envoy.config.core.v3.Metadata has no such field',
    ],
    ['a list for an object', { metadata: [] }, 'metadata: expected an object, got a list'],
    [
      'an enum by number',
      { lb_policy: 1 },
      'lb_policy: expected one of ROUND_ROBIN, LEAST_REQUEST, RING_HASH, RANDOM, MAGLEV, CLUSTER_PROVIDED, LOAD_BALANCING_POLICY_CONFIG, got 1',
    ],
    [
      'two members of a oneof',
      { type: 'EDS', cluster_type: { name: 'x' } },
      'cluster_type: only one of type and cluster_type may be set',
    ],
    [
      'an Any without a type',
      { typed_extension_protocol_options: { x: { a: 1 } } },
      'typed_extension_protocol_options["x"].@type: expected a type URL',
    ],
    [
      'an Any of an unknown type',
      { typed_extension_protocol_options: { x: { '@type': 'a/b.C' } } },
      'typed_extension_protocol_options["x"].@type: b.C is not a known message type',
    ],
    [
      'bytes that are not base64',
      { load_assignment: { cluster_name: 'x', policy: { drop_overloads: 'é' } } },
      'load_assignment.policy.drop_overloads: expected a list, got "é"',
    ],
  ])('%s', (_name, message, problem) => {
    expect(() => encodeMessage(clusterType, message)).toThrow(problem);
  });
});

test('an Any that is there and empty is not one that is absent', () => {
  const type = 'envoy.config.route.v3.FilterConfig';
  const bytes = encodeMessage(type, { config: { '@type': '' } });

  expect([...bytes]).toEqual([0x0a, 0]);
  expect(decode(type, bytes)).toEqual({ config: { '@type': '' } });
});

describe('decoding what comes from the network', () => {
  test('skips fields of a newer API', () => {
    const bytes = protobuf.Writer.create()
      .uint32((9999 << 3) | 2)
      .string('new')
      .uint32(10)
      .string('a')
      .finish();

    expect(decode(clusterType, bytes)).toEqual({ name: 'a' });
  });

  test('shows an Any of an unknown type as its bytes', () => {
    const bytes = protobuf.Writer.create()
      .uint32(10)
      .string('a/b.C')
      .uint32(18)
      .bytes(Buffer.of(1, 2))
      .finish();

    expect(toPlain(bytes)).toEqual({ '@type': 'a/b.C', '@bytes': 'AQI=' });
  });

  test('refuses damaged bytes with one kind of error', () => {
    expect(() => decode(clusterType, Buffer.of(10, 200))).toThrow(
      expect.objectContaining({ name: 'MessageError' }),
    );
  });

  test('refuses nesting that would exhaust the stack', () => {
    let value = Buffer.alloc(0);
    for (let depth = 0; depth < 5000; depth++) {
      const list = protobuf.Writer.create().uint32(10).bytes(value).finish();
      value = Buffer.from(protobuf.Writer.create().uint32(50).bytes(list).finish());
    }

    expect(() => decode('google.protobuf.Value', value)).toThrow('nested deeper');
  });

  test('treats a key named __proto__ as data', () => {
    const bytes = encodeMessage('envoy.config.core.v3.Metadata', {
      filter_metadata: JSON.parse('{"__proto__": {"polluted": true}}') as EnvoyMessage,
    });

    const decoded = decode('envoy.config.core.v3.Metadata', bytes);

    expect(JSON.stringify(decoded)).toBe('{"filter_metadata":{"__proto__":{"polluted":true}}}');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

test('a duration is whole seconds and nanoseconds', () => {
  expect([duration(1500), duration(0), duration(0.25), duration(-1500)]).toEqual([
    { seconds: 1, nanos: 500_000_000 },
    { seconds: 0, nanos: 0 },
    { seconds: 0, nanos: 250_000 },
    { seconds: -1, nanos: -500_000_000 },
  ]);
});
