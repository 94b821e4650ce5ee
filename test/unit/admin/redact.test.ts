import { expect, test } from '@jest/globals';
import { redact } from '../../../operator/admin/redact.ts';
import { Redacted } from '../../../operator/values/redacted.ts';

const tls = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3';

test.each<{ rule: string; value: unknown; shown: unknown }>([
  { rule: 'a Redacted value', value: { key: new Redacted('x') }, shown: { key: '[redacted]' } },
  {
    rule: 'the private key and password in a Secret',
    value: {
      '@type': `${tls}.Secret`,
      name: 'leaf',
      tls_certificate: {
        certificate_chain: { inline_string: 'public' },
        private_key: { inline_string: 'secret' },
        password: { inline_bytes: 'secret' },
      },
    },
    shown: {
      '@type': `${tls}.Secret`,
      name: 'leaf',
      tls_certificate: {
        certificate_chain: { inline_string: 'public' },
        private_key: '[redacted]',
        password: '[redacted]',
      },
    },
  },
  {
    rule: 'private keys in the list of a TLS context, under the names of JSON',
    value: {
      '@type': `${tls}.UpstreamTlsContext`,
      commonTlsContext: { tlsCertificates: [{ privateKey: { inlineString: 'secret' } }] },
    },
    shown: {
      '@type': `${tls}.UpstreamTlsContext`,
      commonTlsContext: { tlsCertificates: [{ privateKey: '[redacted]' }] },
    },
  },
  {
    rule: 'a generic secret and session ticket keys',
    value: {
      generic_secret: { secret: { inline_string: 'secret' } },
      session_ticket_keys: { keys: [{ inline_bytes: 'secret' }] },
    },
    shown: { generic_secret: { secret: '[redacted]' }, session_ticket_keys: { keys: '[redacted]' } },
  },
  {
    rule: 'a TLS certificate that is a message of its own',
    value: { '@type': `${tls}.TlsCertificate`, private_key: { inline_string: 'secret' } },
    shown: { '@type': `${tls}.TlsCertificate`, private_key: '[redacted]' },
  },
  {
    rule: 'the data of a Kubernetes Secret',
    value: {
      kind: 'Secret',
      metadata: { name: 'a' },
      data: { 'tls.key': 'c2VjcmV0' },
      stringData: { x: 'secret' },
    },
    shown: { kind: 'Secret', metadata: { name: 'a' }, data: '[redacted]', stringData: '[redacted]' },
  },
])('hides $rule', ({ value, shown }) => {
  expect(redact(value)).toEqual(shown);
});

test.each<{ rule: string; value: unknown; shown: unknown }>([
  {
    rule: 'the file in which a private key is',
    value: { tls_certificate: { private_key: { filename: '/certs/tls.key' } } },
    shown: { tls_certificate: { private_key: { filename: '/certs/tls.key' } } },
  },
  {
    rule: 'a trust bundle',
    value: { '@type': `${tls}.Secret`, validation_context: { trusted_ca: { inline_string: 'public' } } },
    shown: { '@type': `${tls}.Secret`, validation_context: { trusted_ca: { inline_string: 'public' } } },
  },
  {
    rule: 'fields of the same name in other messages',
    value: { metadata: { keys: ['a'], secret: 'name' } },
    shown: { metadata: { keys: ['a'], secret: 'name' } },
  },
  {
    rule: 'Maps, Sets, dates, big numbers and bytes in a form that JSON has',
    value: {
      map: new Map([['a', 1]]),
      set: new Set([1]),
      date: new Date(0),
      big: 1n,
      bytes: new Uint8Array(3),
      not: NaN,
      none: undefined,
    },
    shown: {
      map: { a: 1 },
      set: [1],
      date: '1970-01-01T00:00:00.000Z',
      big: '1',
      bytes: '3 bytes',
      not: 'NaN',
    },
  },
])('shows $rule', ({ value, shown }) => {
  expect(redact(value)).toEqual(shown);
});

test('the value itself is left as it is', () => {
  const value = { tls_certificate: { private_key: { inline_string: 'secret' } } };

  redact(value);

  expect(value).toEqual({ tls_certificate: { private_key: { inline_string: 'secret' } } });
});
