// The CRDs as the files of config/crd/: their names and exact text.
import { stringify } from 'yaml';
import { customResourceDefinition } from '../api/crd.ts';
import { group } from '../api/v1alpha1/common.ts';
import { kindDefinitions } from '../api/v1alpha1/kinds.ts';

export interface GeneratedFile {
  /** Relative to config/crd/. */
  readonly name: string;
  readonly text: string;
}

const header = '# Generated from api/v1alpha1 by `npm run generate`. Edit the schema there.\n';

/** One file for each kind; the same text for the same schemas. */
export function crdFiles(): readonly GeneratedFile[] {
  return kindDefinitions.map((definition) => ({
    name: `${group}_${definition.plural}.yaml`,
    // No folding and no anchors: kubectl reads either, people compare lines.
    text:
      header +
      stringify(customResourceDefinition(definition), { lineWidth: 0, aliasDuplicateObjects: false }),
  }));
}
