// Targets of requests that are close to /admin and /api, in all the ways to write them.
import * as fc from 'fast-check';

/** Pieces of targets that are close to the rules, in all the ways to write them. */
const respelled = (word: string): fc.Arbitrary<string> =>
  fc
    .tuple(...Array.from(word, (letter) => fc.constantFrom(letter, letter, letter, encoded(letter))))
    .map((letters) => letters.join(''));

function encoded(letter: string): string {
  return `%${letter.charCodeAt(0).toString(16).padStart(2, '0')}`;
}

const names = ['x', 'a%7Cb', 'caf%C3%A9', '%25', '%zz', '$&+,=:@', '%2541', '%20', '.x', '...'];

/** @param separators between segments @param oddities segments of their own kind @param ends what may follow a segment */
function targets(
  separators: readonly string[],
  oddities: readonly string[],
  ends: readonly string[] = [''],
): fc.Arbitrary<string> {
  const segment = fc.oneof(
    { weight: 4, arbitrary: respelled('admin') },
    { weight: 4, arbitrary: respelled('api') },
    { weight: 2, arbitrary: fc.constantFrom(...names) },
    { weight: 4, arbitrary: fc.constantFrom(...oddities) },
  );
  const parts = fc.tuple(fc.constantFrom('/', '/', ...separators), segment, fc.constantFrom('', '', ...ends));
  return fc
    .array(parts, { minLength: 1, maxLength: 5 })
    .map((path) => path.map((part) => part.join('')).join(''));
}

const dots = ['..', '.', '..', '%2e%2E', '.%2e', '%2E'];
const parameters = [';v=1', '%3bv', ';', ';/', ';a%2fb'];
const slashes = ['//', '%2F', '%2f', '/%2f'];
/** One kind of ambiguity each, since all together are rarely let through; then all together. */
export const target: fc.Arbitrary<string> = fc
  .oneof(
    targets([], ['x']),
    targets(['//', '/./'], ['..', '.']),
    targets(slashes, ['x', '']),
    targets(
      ['%c0%af', '%E0%80%AF'],
      ['%c0%ae%c0%ae', '%c1%a1dmin', '%f0%80%81%a1pi', '%f8%80%80%81%a1pi', '%fc%80%80%80%81%a1pi', 'x'],
    ),
    targets(slashes, ['x'], parameters),
    targets(['\\', '%5c', ...slashes], ['x']),
    targets(['\\', '%5c', '/%2e/', ...slashes], ['x', '', '%00', ...dots], parameters),
  )
  .chain((path) => fc.constantFrom(path, path, `${path}?q=/admin`))
  .map((path) => (path.startsWith('/') ? path : `/${path}`));
