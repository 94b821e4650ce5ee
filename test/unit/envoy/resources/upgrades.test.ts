// The upgrades that users can name are those that sidecars pass.
import { expect, test } from '@jest/globals';
import { upgradeTokens } from '../../../../api/v1alpha1/traffic/upgrade.ts';
import { tokens, upgradesOfRoute } from '../../../../operator/envoy/resources/upgrades.ts';

test('users can name every protocol that sidecars pass, and no other', () => {
  expect(upgradeTokens.map((token) => token.toLowerCase())).toEqual(
    tokens.map((token) => token.toLowerCase()),
  );
});

test('what a route does not name is off there', () => {
  const off = (upgradesOfRoute(['websocket', 'spdy/3.1'])['upgrade_configs'] as readonly object[]).length;

  expect(off).toBe(tokens.length - 2);
  expect(upgradesOfRoute(null)).toEqual({});
});
