// Requests, as rules, exceptions and authorizers are about them.
import type { PathMatchIr } from './path.ts';

/** All of it must match: one of each list, and all headers. */
export interface RequestIr {
  readonly methods: 'any' | readonly string[];
  readonly paths: 'any' | readonly RulePathIr[];
  /** `shop.example` or `*.shop.example`, in lower case. */
  readonly hosts: 'any' | readonly string[];
  readonly headers: readonly RuleHeaderIr[];
  /** null: nothing is left out. */
  readonly not: ExcludedRequestsIr | null;
}

/** What has any of these is left out. */
export interface ExcludedRequestsIr {
  readonly methods: readonly string[];
  readonly paths: readonly RulePathIr[];
  readonly hosts: readonly string[];
  readonly headers: readonly RuleHeaderIr[];
}

export interface RuleHeaderIr {
  /** In lower case. */
  readonly name: string;
  readonly type: 'Exact' | 'RegularExpression' | 'Present';
  /** '' for Present. */
  readonly value: string;
}

export interface RulePathIr extends PathMatchIr {
  /** Whether ASCII letters are compared without their case. Expressions say so themselves: false. */
  readonly ignoreCase: boolean;
}
