// What may be written on the command line of `meshwright explain`, and in a file of calls.
import { describe, expect, test } from '@jest/globals';
import { parseCalls, parseCommandLine } from '../../../operator/explain/command-line.ts';

const from = ['--from', 'shop/productpage', '--to', 'reviews:9080'];
const asked = { from: 'shop/productpage', to: 'reviews:9080', headers: [] };

describe('a call', () => {
  test.each([
    [[], { method: 'GET', path: '/' }],
    [['/reviews/1'], { method: 'GET', path: '/reviews/1' }],
    [['POST'], { method: 'POST', path: '/' }],
    [['POST', '/reviews/1?a=b'], { method: 'POST', path: '/reviews/1?a=b' }],
  ])('%j', (words, expected) => {
    expect(parseCommandLine([...from, ...words]).question).toEqual({ ...asked, ...expected });
  });

  test('has headers, as curl takes them', () => {
    const { question } = parseCommandLine([...from, '/', '-H', 'x-group: test', '--header', 'a:b:c']);
    expect(question?.headers).toEqual([
      ['x-group', 'test'],
      ['a', 'b:c'],
    ]);
  });

  test('has a token, as it is or by what it says', () => {
    expect(parseCommandLine([...from, '/', '--token', 'a.b.c']).question?.token).toEqual({
      text: 'a.b.c',
      isGenuine: false,
    });
    expect(parseCommandLine([...from, '/', '--claims', '{"iss": "x"}']).question?.token).toMatchObject({
      isGenuine: true,
    });
  });
});

describe('a mistake says what to write', () => {
  test.each([
    [['/'], '--from is missing. Name the caller: --from shop/productpage.'],
    [['--from', 'shop/a', '/'], '--to is missing. Name whom it calls: --to reviews:9080.'],
    [[...from, 'GET', 'reviews'], 'The path reviews does not begin with a slash.'],
    [[...from, 'GET', '/', 'more'], 'Write one method and one path: GET /reviews/1.'],
    [[...from, '/a b'], 'The path /a b has a space or a #, which no client sends. Encode it: %20, %23.'],
    [[...from, '/', '-H', 'x-group'], "Header x-group has no colon. Write it as 'name: value'."],
    [
      [...from, '--claims', '{"sub": "ann"}'],
      '--claims {"sub": "ann"} is not a JSON object with the issuer.',
    ],
    [[...from, '--claims', '{}', '--token', 'x'], '--token and --claims both describe the token.'],
    [[...from, '-o', 'yaml'], '--output yaml is unknown. Use text or json.'],
    [[...from, '--timeout', '30'], '--timeout 30 is not a duration. Write it as 30s or 1m30s.'],
    [['--calls', 'f', '/'], '--calls takes its calls from the file. Leave out the method and the path.'],
    [['--fro', 'shop/a'], /Unknown option '--fro'/],
  ])('%j', (words, message) => {
    expect(() => parseCommandLine(words)).toThrow(message);
  });
});

describe('a file of calls', () => {
  test('has one on each line, quoted as in a shell; comments and empty lines are none', () => {
    const text = [
      '# the shop',
      '',
      "--from shop/productpage --to reviews:9080 GET /reviews/1 -H 'x-group: a b'  # testers",
      '  --from=shop/productpage --to="reviews:9080"',
    ].join('\n');

    expect(parseCalls(text)).toEqual([
      { ...asked, method: 'GET', path: '/reviews/1', headers: [['x-group', 'a b']] },
      { ...asked, method: 'GET', path: '/' },
    ]);
  });

  test.each([
    ["\n--from shop/a --to b -H 'x: y", 'Line 2: '],
    ['--to b', 'Line 1: --from is missing.'],
    ['--from shop/a --to b --files x', /^Line 1: .*Unknown option '--files'/],
  ])('%j names its line', (text, message) => {
    expect(() => parseCalls(text)).toThrow(message);
  });
});
