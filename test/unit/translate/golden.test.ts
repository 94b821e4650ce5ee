import { describe, expect, it } from '@jest/globals';
import { translate } from '../../../operator/translate/translate.ts';
import { resourcesFromYaml, translateOptions } from '../../support/builders.ts';
import {
  condensed,
  expectGolden,
  expectNoStaleGolden,
  goldenCases,
  goldenInput,
} from '../../support/golden.ts';

const folder = 'test/golden/translate';

describe('translate', () => {
  it.each(goldenCases(folder))('%s', (name) => {
    const resources = resourcesFromYaml(goldenInput(folder, name));

    const translation = translate(resources, translateOptions);

    const { mtlsPlaces, owners: _owners, ...rest } = translation;
    const staged = mtlsPlaces.filter(({ isStaged }) => isStaged);
    expectGolden(folder, name, condensed(staged.length === 0 ? rest : { ...rest, staged }));
    expect(translate(resources, translateOptions)).toEqual(translation);
  });

  it('has no golden output without an input', () => {
    expect(() => expectNoStaleGolden(folder)).not.toThrow();
  });
});
