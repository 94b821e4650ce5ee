// The definitions of our kinds, as the API server is to know them. The bundle has them as JSON (deploy/bundle/plugins.ts): to make them of the
// schemas takes 60 ms of each start.
import { type CustomResourceDefinition, customResourceDefinition } from '../../api/crd.ts';
import { kindDefinitions } from '../../api/v1alpha1/kinds.ts';

export function definitions(): readonly CustomResourceDefinition[] {
  return kindDefinitions.map(customResourceDefinition);
}
