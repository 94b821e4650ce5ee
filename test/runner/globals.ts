// What tests import from '@jest/globals'.
import type * as globals from '@jest/globals';

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- jest-light-runner sets these
export const { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest, test } =
  globalThis as unknown as typeof globals;
