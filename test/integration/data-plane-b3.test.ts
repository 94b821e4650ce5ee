// Traces by B3 headers, through two real Envoys: each form joins, what is malformed does not, and applications find their trace in both forms.
// @see https://github.com/openzipkin/b3-propagation
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Closing } from '../support/data-plane/closing.ts';
import { startTellingMesh, type TellingMesh } from '../support/data-plane/telling-mesh.ts';

const closing = new Closing();
afterAll(() => closing.close());

let mesh: TellingMesh;
beforeAll(async () => {
  mesh = await startTellingMesh(closing, {
    settings: {
      // Nobody listens there.
      providers: [
        {
          name: 'p',
          type: 'OpenTelemetry',
          endpoint: 'http://127.0.0.1:1',
          protocol: 'HTTP',
          metrics: false,
        },
      ],
      tracing: { providers: ['p'], percentage: 25, propagation: 'B3' },
      accessLogs: [],
    },
  });
});

const trace = '0af7651916cd43dd8448eb211c80319c';
const half = '8448eb211c80319c';
const long = `${'0'.repeat(16)}${half}`;
const span = 'b7ad6b7169203331';
const parent = '00f067aa0ba902b7';
/** Of a quarter of all traces, and of the others. */
const low = `${trace.slice(0, 24)}3fffffff`;
const high = `${trace.slice(0, 24)}40000000`;
const multi = (trace_: string, more: object = {}): Record<string, string> => ({
  'X-B3-TraceId': trace_,
  'X-B3-SpanId': span,
  ...more,
});

test.each<[string, Record<string, string>, string, string]>([
  ['sampled', { b3: `${trace}-${span}-1` }, trace, '1'],
  ['not sampled', { b3: `${trace}-${span}-0` }, trace, '0'],
  ['debug', { b3: `${trace}-${span}-d` }, trace, '1'],
  ['with a parent', { b3: `${trace}-${span}-1-${parent}` }, trace, '1'],
  ['of 64 bits', { b3: `${half}-${span}-1` }, long, '1'],
  ['undecided, in the share', { b3: `${low}-${span}` }, low, '1'],
  ['undecided, not in the share', { b3: `${high}-${span}` }, high, '0'],
  [
    'several headers, sampled',
    multi(trace, { 'X-B3-Sampled': '1', 'X-B3-ParentSpanId': parent }),
    trace,
    '1',
  ],
  ['several headers, not sampled', multi(trace, { 'X-B3-Sampled': '0' }), trace, '0'],
  ['several headers, as of old', multi(trace, { 'X-B3-Sampled': 'true' }), trace, '1'],
  ['several headers, debug', multi(half, { 'X-B3-Flags': '1' }), long, '1'],
  ['several headers, undecided', multi(high), high, '0'],
  ['beside W3C', { b3: `${trace}-${span}-0`, traceparent: `00-${low}-${span}-01` }, trace, '0'],
  ['W3C alone', { traceparent: `00-${trace}-${span}-01` }, trace, '1'],
  ['W3C beside what is malformed', { traceparent: `00-${trace}-${span}-01`, b3: 'x' }, trace, '1'],
])('%s', async (_, headers, wanted, sampled) => {
  const { seen } = await mesh.ask('/200', headers);

  const [, id, at, flags] = seen['traceparent']?.split('-') ?? [];
  expect([id, flags]).toEqual([wanted, `0${sampled}`]);
  expect(at).not.toBe(span);
  expect(seen).toMatchObject({
    b3: `${wanted}-${at}-${sampled}`,
    'x-b3-traceid': wanted,
    'x-b3-spanid': at,
    'x-b3-sampled': sampled,
  });
  expect(Object.keys(seen).filter((name) => /x-meshwright-b3|x-b3-(flags|parent)/.test(name))).toEqual([]);
});

test.each<[string, Record<string, string | string[]>]>([
  ['nothing', {}],
  ['no text of B3', { b3: 'x-y-1' }],
  ['capital letters', { b3: `${trace.toUpperCase()}-${span}-1` }],
  ['a trace of zeros', { b3: `${'0'.repeat(32)}-${span}-1` }],
  ['a short trace of zeros', { b3: `${'0'.repeat(16)}-${span}-1` }],
  ['a span of zeros', { b3: `${trace}-${'0'.repeat(16)}-1` }],
  ['a trace of another length', { b3: `${trace}0-${span}-1` }],
  ['a span of another length', multi(trace, { 'X-B3-SpanId': `${span}0`, 'X-B3-Sampled': '1' })],
  ['a trace without a span', { 'X-B3-TraceId': trace, 'X-B3-Sampled': '1' }],
  ['one that looks like several', { b3: `${trace}-${span}-1/-` }],
  ['another parent', { b3: `${trace}-${span}-1-x` }],
  ['another state', { b3: `${trace}-${span}-2` }],
  ['no text of W3C', { traceparent: 'x' }],
  ['W3C of zeros', { traceparent: `00-${trace}-${'0'.repeat(16)}-01` }],
  ['W3C of another length', { traceparent: `00-${trace}-${span}-1` }],
  ['two of several', { ...multi(trace), 'X-B3-TraceId': [trace, low] }],
  ['two of them', { b3: [`${trace}-${span}-1`, `${trace}-${span}-0`] }],
  [
    'what sidecars write in between',
    { 'x-meshwright-b3-several': `${trace}-${span}-1/-`, 'x-meshwright-b3-one': `${trace}-${span}-1` },
  ],
])('a new trace begins, and applications are told: %s', async (_, headers) => {
  const { seen } = await mesh.ask('/200', headers);

  const [, id = '', at, flags] = seen['traceparent']?.split('-') ?? [];
  expect(id).toMatch(/^[0-9a-f]{32}$/);
  expect(id).not.toBe(trace);
  expect(seen['b3']).toBe(`${id}-${at}-${flags?.slice(1)}`);
});

test.each([[{ b3: '0' }], [{ 'X-B3-Sampled': '0' }], [{ 'X-B3-Sampled': 'false' }]])(
  'who says no before there is a trace has none: %j',
  async (headers) => {
    for (let at = 0; at < 20; at += 1) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const { seen } = await mesh.ask('/200', headers);
      expect(seen['x-b3-sampled']).toBe('0');
    }
  },
);
