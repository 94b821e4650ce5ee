// translate, remembering: what a batch did not touch is neither computed nor allocated again, and keeps its identity,
// so that the stages behind it can skip it, too. The same value as translate(resources), always.
import type { Resources } from '../store/resources.ts';
import { createMeshTranslator, type TranslateOptions } from './translate-mesh.ts';
import { translateWith, type Translation } from './translate.ts';

export function createTranslator(options: TranslateOptions): (resources: Resources) => Translation {
  const translateMesh = createMeshTranslator(options);
  return (resources) => translateWith(translateMesh, resources);
}
