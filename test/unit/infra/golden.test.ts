// Our part of a pod template, whole: what the pods of a mesh are made of.
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { expectGolden, expectNoStaleGolden, goldenCases, goldenInput } from '../../support/golden.ts';
import { renderSidecar, type SidecarOptions } from '../../../operator/infra/sidecar.ts';
import { sampleOptions } from './sample-options.ts';

const folder = 'test/golden/infra';

function read(text: string): SidecarOptions {
  const { interception = {}, ...parts } = parse(text) as Partial<SidecarOptions>;
  return { ...sampleOptions, ...parts, interception: { ...sampleOptions.interception, ...interception } };
}

describe('the sidecar', () => {
  it.each(goldenCases(folder))('%s', (name) => {
    const options = read(goldenInput(folder, name));

    const part = renderSidecar(options, 'settings');

    expectGolden(folder, name, part);
    expect(renderSidecar(options, 'settings')).toEqual(part);
  });

  it('has no golden output without an input', () => {
    expect(() => expectNoStaleGolden(folder)).not.toThrow();
  });
});
