// Runs in each of Jest's processes before anything else. What tests import from '@jest/globals' is what the runner put into the global
// object. The package itself is a stub that only Jest's default runner replaces.
import { registerHooks } from 'node:module';

const url = new URL('globals.ts', import.meta.url).href;

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === '@jest/globals' ? { url, shortCircuit: true } : next(specifier, context),
});
