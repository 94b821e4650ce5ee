// Traces by B3 headers: Envoy's OpenTelemetry tracer knows W3C Trace Context only. So the headers of a request are read into traceparent before
// the tracer looks, and what the tracer writes for the next one is written as B3 as well.
// @see https://github.com/openzipkin/b3-propagation
import type { EnvoyMessage } from '../proto/envoy-message.ts';
import { earlyHeaderMutation, setHeader } from './header.ts';
import { thresholdOf } from './sampling.ts';
import { any, extension } from './typed-config.ts';

/** Headers for in between: what the headers of several say, as one; that, or the one; and an identifier that nobody has. */
const several = 'x-meshwright-b3-several';
const one = 'x-meshwright-b3-one';
const fresh = 'x-meshwright-b3-fresh';
const w3c = 'x-meshwright-b3-w3c';

const header = (name: string): string => `request.headers['${name}']`;
const has = (name: string): string => `'${name}' in request.headers`;
const matches = (pattern: string, name = one): string => `${header(name)}.matches('${pattern}')`;
/** Compiles its expression for each request, 20 µs: one for a request. */
const extracted = (name: string, pattern: string, to: string): string =>
  `re.extract(${header(name)}, '${pattern}', '${to.replaceAll('$', String.raw`\\`)}')`;
const setText = (name: string, format: string): EnvoyMessage => ({ append: setHeader(name, format) });

const ids = '^([0-9a-f]+)-([0-9a-f]+)';
/** Also that there is one of it: CEL sees several with a comma between them, format strings see the first. */
const isHex = (name: string): string => `${has(name)} && ${header(name)}.matches('^[0-9a-f]+$')`;
const isSingle = `${header('b3')}.matches('${ids}(-[01d](-[0-9a-f]+)?)?$')`;
const isWhole = [
  `(${has('b3')} ? ${isSingle} : ${isHex('x-b3-traceid')} && ${isHex('x-b3-spanid')})`,
  `!${matches('^0+-')}`,
  `!${matches('^[0-9a-f]+-0+(-|$)')}`,
].join(' && ');
// What has 16 digits is as large as Envoy lets an expression be; of one range of characters there may be more.
const isLong = matches('^[0-z]{32}-[0-z]{16}(-|$)');
const isShort = matches('^[0-z]{16}-[0-z]{16}(-|$)');
const isSampled = matches('-[1d](-[0-9a-f]+)?$|-(1|true)/|/1$');
const isNotSampled = matches('-0(-[0-9a-f]+)?$|-(0|false)/');
/** It says no of a trace that the next one begins: that has an identifier, too, and is not sampled. */
const isNoTrace = `${has('b3')} ? ${header('b3')} == '0' : !(${has('x-b3-traceid')}) && ${has('x-b3-sampled')} && ${header('x-b3-sampled')} in ['0', 'false']`;

/** What the tracer takes. With another, it would make no span, and nothing could be written as B3. */
const isW3c = [
  has(w3c),
  matches('^[0-9a-f]+-[0-9a-f]+-[0-9a-f]+-[0-9a-f]+$', w3c),
  matches('^[0-z]{2}-[0-z]{32}-[0-z]{16}-[0-z]{2}$', w3c),
  `!${matches('^[0-9a-f]+-(0+|[0-9a-f]+-0+)-', w3c)}`,
].join(' && ');

/** Over traceparent, if there is a trace in B3. percentage: of traces that nobody has decided about, by their identifiers: all sidecars decide alike. */
export function readB3(percentage: number): EnvoyMessage {
  const isBelow = `${extracted(one, '^[0-9a-f]+([0-9a-f]{8})-.*$', '$1')} < '${thresholdOf(percentage)}'`;
  const flagged = `${isSampled} || (!${isNotSampled} && ${isBelow})`;
  const whole = (zeros: string): string =>
    `(${flagged} ? ${extracted(one, `${ids}.*$`, `00-${zeros}$1-$2-01`)} : ${extracted(one, `${ids}.*$`, `00-${zeros}$1-$2-00`)})`;
  const traceparent = [
    `${isWhole} && ${isLong} ? ${whole('')}`,
    `${isWhole} && ${isShort} ? ${whole('0'.repeat(16))}`,
    `(${isNoTrace}) ? ${extracted(fresh, '^(.+)-(.+)-(.+)-(.+)-(.+)$', '00-$1$2$3$4$5-$1$2$3-00')}`,
    `${isW3c} ? ${header(w3c)} : ''`,
  ].join(' : ');
  return earlyHeaderMutation([
    setText(several, '%REQ(x-b3-traceid)%-%REQ(x-b3-spanid)%-%REQ(x-b3-sampled)%/%REQ(x-b3-flags)%'),
    setText(one, `%REQ(b3?${several})%`),
    setText(fresh, '%UNIQUE_ID%'),
    { remove: w3c },
    setText(w3c, '%REQ(traceparent)%'),
    { remove: 'traceparent' },
    setText('traceparent', `%CEL(${traceparent})%`),
    ...[several, one, fresh, w3c].map((remove) => ({ remove })),
  ]);
}

/** Of a router: after the tracer has written traceparent. An application finds its trace in whichever form it knows. */
export const writeB3: readonly EnvoyMessage[] = [
  extension(
    'envoy.filters.http.header_mutation',
    'envoy.extensions.filters.http.header_mutation.v3.HeaderMutation',
    {
      mutations: {
        request_mutations: [
          { remove: 'x-b3-parentspanid' },
          { remove: 'x-b3-flags' },
          setText('x-b3-traceid', '%TRACE_ID%'),
          setText('x-b3-spanid', '%SPAN_ID%'),
          setText(
            'x-b3-sampled',
            `%CEL(${has('traceparent')} && ${header('traceparent')}.endsWith('-01') ? '1' : '0')%`,
          ),
          setText('b3', '%TRACE_ID%-%SPAN_ID%-%REQ(x-b3-sampled)%'),
        ],
      },
    },
  ),
  {
    name: 'envoy.filters.http.upstream_codec',
    typed_config: any('envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec', {}),
  },
];
