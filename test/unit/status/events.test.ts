// Which changes of a status are told in Events.
import { describe, expect, test } from '@jest/globals';
import type { Condition } from '../../../api/v1alpha1/common.ts';
import { eventsOf } from '../../../operator/status/events.ts';

/** `Accepted=True Accepted`, with a generation after an at sign. */
function condition(text: string): Condition {
  const [what = '', reason = ''] = text.split(' ');
  const [type = '', status = '', generation = '1'] = what.split(/[=@]/);
  const lastTransitionTime = '2026-01-01T00:00:00Z';
  return {
    type,
    status: status as Condition['status'],
    reason,
    message: `${type} is ${status}.`,
    observedGeneration: Number(generation),
    lastTransitionTime,
  };
}

const statusOf = (conditions: readonly string[]): { conditions: Condition[] } => ({
  conditions: conditions.map(condition),
});

function events(before: readonly string[] | null, after: readonly string[]): readonly string[] {
  const told = eventsOf(before && statusOf(before), statusOf(after));
  return told.map(({ type, reason }) => `${type} ${reason}`);
}

const fine = ['Accepted=True Accepted', 'ResolvedRefs=True ResolvedRefs'];

describe('a new status is told', () => {
  test.each<[string, readonly string[] | null, readonly string[], readonly string[]]>([
    [
      'when a root is rotated: as usual in each phase',
      [...fine, 'RootRotated=False TrustBoth'],
      [...fine, 'RootRotated=False Switch'],
      ['Normal Switch'],
    ],
    [
      'when a phase takes too long: as a warning',
      [...fine, 'RootRotated=False Switch'],
      [...fine, 'RootRotated=False PhaseTimeout'],
      ['Warning PhaseTimeout'],
    ],
    [
      'when the first generation is obeyed',
      null,
      [...fine, 'Programmed=True Programmed'],
      ['Normal Programmed'],
    ],
    [
      'when a new generation is obeyed',
      ['Programmed=True@1 Programmed'],
      ['Programmed=True@2 Programmed'],
      ['Normal Programmed'],
    ],
    [
      'when a proxy refuses it',
      ['Programmed=False Pending'],
      ['Programmed=False Rejected'],
      ['Warning Rejected'],
    ],
    [
      'once, if it is not valid',
      [...fine, 'Programmed=True Programmed'],
      ['Accepted=False Invalid', 'Programmed=False NotAccepted'],
      ['Warning Invalid'],
    ],
    ['when it is valid again', ['Accepted=False Invalid'], fine.slice(0, 1), ['Normal Accepted']],
    [
      'when there is something to warn of',
      fine,
      [...fine, 'Warning=True UnreachableRoute'],
      ['Warning UnreachableRoute'],
    ],
    [
      'when there is nothing to warn of any more',
      ['Warning=True UnreachableRoute'],
      [],
      ['Normal WarningEnded'],
    ],
    ['when others override it', fine, [...fine, 'Overridden=True Overridden'], ['Normal Overridden']],
    ['when it is in conflict', fine, [...fine, 'Overridden=True Conflicted'], ['Warning Conflicted']],
  ])('%s', (_, before, after, expected) => {
    expect(events(before, after)).toEqual(expected);
  });
});

describe('nothing is told', () => {
  test.each<[string, readonly string[] | null, readonly string[]]>([
    ['of what is well from the beginning', null, fine],
    ['of what is still to come', ['Programmed=True@1 Programmed'], ['Programmed=False@2 Pending']],
    ['of another generation that is as valid', ['Accepted=True@1 Accepted'], ['Accepted=True@2 Accepted']],
    ['of the same status', ['Programmed=False Rejected'], ['Programmed=False Rejected']],
  ])('%s', (_, before, after) => {
    expect(events(before, after)).toEqual([]);
  });
});
