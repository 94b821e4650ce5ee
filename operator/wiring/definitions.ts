// The definitions of our kinds, as the API server is to know them. The bundle has them as JSON instead of making them of the schemas at each
// start (deploy/bundle/plugins.ts, decision 025).
import { type CustomResourceDefinition, customResourceDefinition } from '../../api/crd.ts';
import { kindDefinitions } from '../../api/v1alpha1/kinds.ts';

export function definitions(): readonly CustomResourceDefinition[] {
  return kindDefinitions.map(customResourceDefinition);
}
