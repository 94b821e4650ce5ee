import { expect, test } from '@jest/globals';
import { reservedHeaderPrefix } from '../../../../api/headers.ts';
import * as names from '../../../../operator/envoy/resources/names.ts';

test('what sidecars tell each other is in headers that no policy can write', () => {
  const headers = Object.entries(names).flatMap(([key, value]) =>
    key.endsWith('Header') && typeof value === 'string' ? [value] : [],
  );

  expect(headers).toContain(names.destinationHeader);
  expect(
    [...headers, ...names.replyMarkers].filter((name) => !name.startsWith(reservedHeaderPrefix)),
  ).toEqual([]);
});
