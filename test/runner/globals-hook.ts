// Runs in each of Jest's processes before anything else. What tests import from '@jest/globals' is what the runner put into the global
// object. The package itself is a stub that only Jest's default runner replaces.
import { registerHooks } from 'node:module';

const url = new URL('globals.ts', import.meta.url).href;

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === '@jest/globals' ? { url, shortCircuit: true } : next(specifier, context),
});

// At the end the runner lets go of its processes, and kills them after a second. Whatever test files have left open, what they do at the
// exit is to be done.
if (process.connected) for (const end of ['disconnect', 'SIGTERM']) process.once(end, () => process.exit());
