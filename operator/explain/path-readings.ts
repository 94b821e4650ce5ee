// The readings of a path, as the script of sidecars finds them (operator/envoy/resources/paths/path-script.ts, in the same order).
import { maxAmbiguousBytes, maxPathBytes } from '../envoy/resources/paths/path-script.ts';

/** Each path as a string of bytes (latin1). */
type Change = (path: string) => string;

const decoded: Change = (path) => path.replaceAll(/%[\da-f]{2}/gi, (code) => characterOf(code));
/** A slash that was encoded is a part of its segment: a zero byte here. */
const decodedWithin: Change = (path) =>
  path.replaceAll(/%[\da-f]{2}/gi, (code) => (characterOf(code) === '/' ? '\0' : characterOf(code)));
const withoutParameters: Change = (path) => path.replaceAll(/;[^/]*/g, '');
const untilParameters: Change = (path) => path.split(';', 1)[0] ?? '';
const slashed: Change = (path) => path.replaceAll('\\', '/');

/** ASCII in more bytes than it needs, up to six. */
const shortened: Change = (path) =>
  [
    /\xFC\x80\x80\x80([\x80\x81])([\x80-\xBF])/g,
    /\xF8\x80\x80([\x80\x81])([\x80-\xBF])/g,
    /\xF0\x80([\x80\x81])([\x80-\xBF])/g,
    /\xE0([\x80\x81])([\x80-\xBF])/g,
    /([\xC0\xC1])([\x80-\xBF])/g,
  ].reduce((text, long) => text.replaceAll(long, (_, high: string, low: string) => shortOf(high, low)), path);

function shortOf(high: string, low: string): string {
  return String.fromCodePoint((high.charCodeAt(0) % 2) * 64 + (low.charCodeAt(0) % 64));
}

function separatorsIn(path: string): number {
  return path.replaceAll(/[^\0/;\\%.]/g, '').length;
}

function characterOf(code: string): string {
  return String.fromCodePoint(Number.parseInt(code.slice(1), 16));
}

function withoutHost(path: string): string {
  const [, rest] = /^\/\/+[^/]*(.*)/s.exec(path) ?? [];
  if (rest === undefined) return path;
  return rest === '' ? '/' : rest;
}

function resolved(path: string, isMerging: boolean): readonly [name: string, folder: string] {
  const kept: string[] = [];
  let isFolder = false;
  for (const segment of segmentsOf(path)) {
    isFolder = segment === '' || segment === '.' || segment === '..';
    if (segment === '..') kept.pop();
    else if (segment !== '.' && !(isMerging && segment === '')) kept.push(segment);
  }
  const name = `/${kept.join('/').replace(/\/+$/, '')}`;
  return [name, isFolder && name !== '/' ? `${name}/` : name];
}

function segmentsOf(path: string): readonly string[] {
  return path.split('/').slice(1);
}

/** Those of the set, and what each change makes of all that are there by then. */
function also(paths: Set<string>, ...changes: readonly Change[]): void {
  for (const change of changes) {
    const there = Array.from(paths);
    for (const path of there) paths.add(change(path));
  }
}

/** What applications may read in more than one way. */
interface Doubts {
  readonly parameters: boolean;
  readonly backslashes: boolean;
  readonly dots: boolean;
  /** Empty segments, or slashes that are encoded. */
  readonly slashes: boolean;
}

function doubtsIn(path: string, plain: string): Doubts {
  return {
    parameters: plain.includes(';'),
    backslashes: plain.includes('\\'),
    dots: /[/\\]\.\.?[/\\;]/.test(`${plain}/`),
    slashes: plain.includes('//') || /%2f/i.test(path),
  };
}

const nothing: ReadonlySet<string> = new Set();

/** Decoded. Empty: not to be said. */
function sourcesOf(path: string): ReadonlySet<string> {
  const plain = decoded(path);
  const doubts = doubtsIn(path, plain);
  const isAmbiguous = Object.values(doubts).includes(true);
  const most = isAmbiguous ? maxAmbiguousBytes : maxPathBytes;
  if (plain.includes('\0') || path.length > most) return nothing;
  const shorter = shortened(plain);
  if (shorter !== plain && (isAmbiguous || separatorsIn(shorter) !== separatorsIn(plain))) return nothing;
  if (!isAmbiguous) return new Set([plain, shorter]);
  if (doubts.dots) return withoutDots(path, plain, doubts);
  return doubts.parameters && doubts.backslashes ? nothing : spellingsOf(path, doubts);
}

function withoutDots(path: string, plain: string, { parameters, backslashes }: Doubts): ReadonlySet<string> {
  if (parameters || backslashes || plain.startsWith('//') || /%2[ef]/i.test(path)) return nothing;
  return new Set([plain, ...resolved(plain, true), ...resolved(plain, false)]);
}

function spellingsOf(path: string, { parameters, backslashes }: Doubts): ReadonlySet<string> {
  const raw = new Set([path]);
  const changes = [
    ...(parameters ? [withoutParameters, untilParameters] : []),
    ...(backslashes ? [slashed] : []),
  ];
  also(raw, ...changes);
  const sources = new Set([...raw].flatMap((source) => [decoded(source), decodedWithin(source)]));
  also(sources, ...changes, withoutHost);
  return sources;
}

function encoded(path: string): string {
  return path.replaceAll(/[^\w.~!$&'()*+,;=:@/-]/g, (character) => {
    // The zero byte stands for a slash.
    const byte = character === '\0' ? 0x2f : (character.codePointAt(0) ?? 0);
    return `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  });
}

function commonFolder(readings: readonly string[]): string {
  const [first = [], ...others] = readings.map(segmentsOf);
  const different = first.findIndex((segment, at) => others.some((other) => other[at] !== segment));
  const shared = different < 0 ? first : first.slice(0, different);
  return shared.length === 0 ? '/' : `/${shared.join('/')}/`;
}

export interface PathReadings {
  /** `|/admin|`, or `|/a/^|/a/b|/a/c|` where there are several. */
  readonly list: string;
  /** The readings themselves, if there are two at most. */
  readonly single: readonly string[];
}

/**
 * @param path without the query
 * @returns null: it is not read
 */
export function readingsOf(path: string): PathReadings | null {
  const bytes = Buffer.from(path, 'utf8').toString('latin1');
  const found = new Set<string>();
  for (const source of sourcesOf(bytes.split('#', 1)[0] ?? '')) {
    const reading = encoded(source);
    found.add(reading).add(reading.replaceAll(/\/\/+/g, '/'));
  }
  const readings = [...found];
  if (readings.length === 0) return null;
  const joined = readings.join('|');
  const list = readings.length > 1 ? `${commonFolder(readings)}^|${joined}` : joined;
  return { list: `|${list}|`, single: readings.length > 2 ? [] : readings };
}
