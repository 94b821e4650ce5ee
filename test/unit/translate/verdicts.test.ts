// How the sentences of several problems become the message of one condition.
import { expect, test } from '@jest/globals';
import { acceptedCondition, resolvedRefsCondition } from '../../../operator/translate/facts/verdicts.ts';

test('a sentence that holds for several targets is said once', () => {
  const problem = { reason: 'TargetNotFound', message: 'Service a does not exist.' } as const;

  expect(acceptedCondition([problem, problem], ['Others are in effect.']).message).toBe(
    'Service a does not exist. Others are in effect.',
  );
  expect(acceptedCondition([], ['Note.', 'Note.']).message).toBe('Accepted. Note.');
  expect(resolvedRefsCondition([problem, problem]).message).toBe('Service a does not exist.');
});
