// Keys of issuers that manifests do not have.
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { describedToken } from '../../../operator/explain/access/described-token.ts';
import type { GivenToken } from '../../../operator/explain/access/token.ts';
import { explainerOf } from '../../../operator/explain/answer.ts';
import { imaginedCluster } from '../../../operator/explain/imagined.ts';
import { textOf } from '../../../operator/explain/text.ts';
import { resourcesFromYaml } from '../../support/builders.ts';
import { goldenInput } from '../../support/golden.ts';

const folder = 'test/golden/features';
const world = readFileSync(`${folder}/world.yaml`, 'utf8');
const manifests = resourcesFromYaml(`${world}---\n${goldenInput(folder, 'tokens-with-fetched-keys')}`);

function told(token: GivenToken): string {
  const question = { from: 'shop/productpage', to: 'reviews:9080', method: 'GET', path: '/', headers: [] };
  const text = textOf(explainerOf(imaginedCluster(manifests)).explain({ ...question, token }));
  return text.split('\n').find((line) => line.startsWith('  Token')) ?? '';
}

const late = describedToken('{"iss":"https://late.example","exp":9999999999}') as GivenToken;

test('are taken to be known: what a valid token leads to can be said', () => {
  expect(told(late)).toContain('valid. Accepted: ');
});

test('have signed nothing: whether a real token is valid cannot be said', () => {
  expect(told({ ...late, isGenuine: false })).toContain(
    'invalid: Its signature cannot be checked: manifests do not have the keys that the operator fetches. Use --claims.',
  );
});

test('stay as they are where an operator has stored them', () => {
  const { configMaps } = imaginedCluster(manifests);

  expect(configMaps).toHaveLength(2);
  expect(configMaps).toEqual(expect.arrayContaining([...manifests.configMaps]));
});
