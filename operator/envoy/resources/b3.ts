// Traces by B3 headers: Envoy's OpenTelemetry tracer knows W3C Trace Context only. So the headers of a request are read into traceparent before
// the tracer looks, and what the tracer writes for the next one is written as B3 as well.
// @see https://github.com/openzipkin/b3-propagation
import type { EnvoyMessage } from '../proto/envoy-message.ts';
import { earlyHeaderMutation, setHeader } from './header.ts';
import { any, extension } from './typed-config.ts';

type Part = 'trace' | 'span' | 'state' | 'flags' | 'padded' | 'fresh' | 'whole';

/** Headers for in between: Envoy's CEL joins no texts, and its expressions may not be so large that they count to 32. */
const headerOf = (part: Part): string => `x-meshwright-b3-${part}`;
const parts: readonly Part[] = ['trace', 'span', 'state', 'flags', 'padded', 'fresh', 'whole'];

const header = (name: string): string => `request.headers['${name}']`;
const has = (name: string): string => `'${name}' in request.headers`;
const the = (part: Part): string => header(headerOf(part));
const hasPart = (part: Part): string => has(headerOf(part));
const set = (name: string, cel: string): EnvoyMessage => ({ append: setHeader(name, `%CEL(${cel})%`) });
const setPart = (part: Part, cel: string): EnvoyMessage => set(headerOf(part), cel);
const setText = (part: Part, format: string): EnvoyMessage => ({ append: setHeader(headerOf(part), format) });
/** groups: as `\\1`, in a text of CEL. */
const extracted = (text: string, pattern: string, groups: string): string =>
  `re.extract(${text}, '${pattern}', '${groups}')`;
const group = (...numbers: readonly number[]): string => numbers.map((number) => `\\\\${number}`).join('');

const single = '^([0-9a-f]+)-([0-9a-f]+)(-([01d])(-[0-9a-f]+)?)?$';
const isSingle = `${has('b3')} && ${header('b3')}.matches('${single}')`;
const ofSingle = (number: number): string => extracted(header('b3'), single, group(number));
const hexadecimal = (name: string): string =>
  `${has(name)} && ${header(name)}.matches('^[0-9a-f]+$') ? ${header(name)} : ''`;

/** '' where nothing is said; a state may come without a trace. */
const state = [
  `${isSingle} ? ${ofSingle(4)}`,
  `${has('b3')} ? (${header('b3')} in ['0', '1', 'd'] ? ${header('b3')} : '')`,
  `${has('x-b3-flags')} && ${header('x-b3-flags')} == '1' ? 'd'`,
  `${has('x-b3-sampled')} ? ${header('x-b3-sampled')} : ''`,
].join(' : ');
const isNo = `${hasPart('state')} && ${the('state')} in ['0', 'false']`;
const isYes = `${hasPart('state')} && ${the('state')} in ['1', 'true', 'd']`;
/** It says no of a trace that the next one begins: that has an identifier, too, and is not sampled. */
const isNoTrace = `${isNo} && !(${hasPart('trace')})`;

/** Of what Envoy makes. */
const uuid = '^(.+)-(.+)-(.+)-(.+)-(.+)$';
const trace = [
  `${isNoTrace} ? ${extracted(the('fresh'), uuid, group(1, 2, 3, 4, 5))}`,
  `${hasPart('trace')} ? (size(${the('trace')}) == 16 ? ${the('padded')} : ${the('trace')}) : ''`,
].join(' : ');
const span = `${isNoTrace} ? ${extracted(the('fresh'), uuid, group(1, 2, 3))} : ${hasPart('span')} ? ${the('span')} : ''`;

const isWhole = [
  hasPart('trace'),
  hasPart('span'),
  `size(${the('trace')}) == 32`,
  `size(${the('span')}) == 16`,
  `!${the('trace')}.matches('^0+$')`,
  `!${the('span')}.matches('^0+$')`,
].join(' && ');
const traceparent = `${isWhole} ? ${the('whole')} : ${has('traceparent')} ? ${header('traceparent')} : ''`;

/** Over traceparent, if there is a trace in B3. percentage: of traces that nobody has decided about, by their identifiers: all sidecars decide alike. */
export function readB3(percentage: number): EnvoyMessage {
  const isBelow = `${extracted(the('trace'), '^.*(........)$', group(1))} < '${thresholdOf(percentage)}'`;
  const flags = `${isNo} ? '00' : ${isYes} || (${hasPart('trace')} && ${isBelow}) ? '01' : '00'`;
  const gone = parts.map((part) => ({ remove: headerOf(part) }));
  return earlyHeaderMutation([
    ...gone,
    setPart('trace', `${isSingle} ? ${ofSingle(1)} : ${hexadecimal('x-b3-traceid')}`),
    setPart('span', `${isSingle} ? ${ofSingle(2)} : ${hexadecimal('x-b3-spanid')}`),
    setPart('state', state),
    setPart('flags', flags),
    setText('padded', `${'0'.repeat(16)}%REQ(${headerOf('trace')})%`),
    setText('fresh', '%UNIQUE_ID%'),
    setPart('span', span),
    setPart('trace', trace),
    setText('whole', `00-%REQ(${headerOf('trace')})%-%REQ(${headerOf('span')})%-%REQ(${headerOf('flags')})%`),
    set('traceparent', traceparent),
    ...gone,
  ]);
}

/** Text of as many digits as it is compared with; of 100 percent one that is behind all of them. */
function thresholdOf(percentage: number): string {
  const below = Math.floor((percentage / 100) * 2 ** 32);
  return percentage === 100 ? 'g' : below.toString(16).padStart(8, '0');
}

const written = '^00-([0-9a-f]+)-([0-9a-f]+)-0([01])$';
const ofWritten = (groups: string): string =>
  `${has('traceparent')} && ${header('traceparent')}.matches('${written}') ? ${extracted(header('traceparent'), written, groups)} : ''`;

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
          set('x-b3-traceid', ofWritten(group(1))),
          set('x-b3-spanid', ofWritten(group(2))),
          set('x-b3-sampled', ofWritten(group(3))),
          set('b3', ofWritten(`${group(1)}-${group(2)}-${group(3)}`)),
        ],
      },
    },
  ),
  {
    name: 'envoy.filters.http.upstream_codec',
    typed_config: any('envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec', {}),
  },
];
