// A share of requests.
import { z } from 'zod';
import { withRules } from '../../schema.ts';

// Fractions have no exact binary form: what is nearly a multiple is one.
export const percentage = withRules(z.number().min(0).max(100).default(100), {
  rule: 'self * 1000.0 - double(int(self * 1000.0 + 0.5)) < 0.00001 && double(int(self * 1000.0 + 0.5)) - self * 1000.0 < 0.00001',
  message: 'Write a percentage with at most three decimals, such as 0.001.',
}).describe('Percentage of requests that are affected, 0 to 100 in steps of 0.001. Default: 100.');
