// What tests import from '@jest/globals'. Of `jest`, the runner has mocks of functions, and fake timers without options.
import type * as globals from '@jest/globals';

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- jest-light-runner sets these
export const { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest, test } =
  globalThis as unknown as typeof globals;
