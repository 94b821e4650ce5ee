// Suggestions as YAML to review: a comment says what each rule is made from. Pure.
import type { Observed } from './seen.ts';
import type { SuggestedRule, Suggestion, Suggestions } from './suggestions.ts';

/** Service accounts and SPIFFE IDs in an entry of `from`; entries in a rule; rules in a policy; addresses in a comment. */
const most = { accounts: 16, principals: 8, entries: 8, rules: 32, shown: 20 } as const;

export interface Source {
  readonly observed: Observed;
  /** Identities of the mesh are written as namespace/name. */
  readonly trustDomain: string;
}

export function policyText({ suggestions, withoutTarget }: Suggestions, source: Source): string {
  const { since, until } = source.observed;
  const period = since === null ? '' : ` from ${since} to ${until ?? ''}`;
  const head = [
    `# Suggested by meshwright suggest from calls${period}. Calls that did not happen in that time are`,
    '# missing: a job that runs every night, or one that only calls in an emergency. Review each rule, apply the policies as they are, with',
    '# enforcement Audit, and watch the condition WouldRefuse before you set enforcement to Enforce.',
    ...(withoutTarget.length === 0
      ? []
      : [
          `# Left out, because no Deployment, StatefulSet, DaemonSet or ExternalWorkload is known for them: ${withoutTarget.join(', ')}.`,
        ]),
  ];
  return `${[head.join('\n'), ...suggestions.flatMap((it) => policies(it, source))].join('\n---\n')}\n`;
}

/** Several for one target if there are more rules than one may have: what any of them allows is allowed. */
function policies({ target, rules, unidentified }: Suggestion, source: Source): readonly string[] {
  const names = new Set<string>();
  const texts = rules.flatMap((it) => ruleTexts(it, names, source));
  const parts = texts.length === 0 ? [[]] : chunks(texts, most.rules);
  return parts.map((some, at) =>
    [
      ...(at === 0 ? unidentifiedNote(unidentified) : []),
      'apiVersion: meshwright.dev/v1alpha1',
      'kind: SecurityPolicy',
      `metadata: {name: ${nameOf(target.name, at)}, namespace: ${target.namespace}}`,
      'spec:',
      `  targetRefs: [{kind: ${target.kind}, name: ${target.name}}]`,
      '  authorization:',
      '    enforcement: Audit',
      ...(some.length === 0 ? ['    rules: []'] : ['    rules:', ...some]),
    ].join('\n'),
  );
}

function unidentifiedNote(unidentified: ReadonlyMap<string, number>): readonly string[] {
  if (unidentified.size === 0) return [];
  const shown = [...unidentified].slice(0, most.shown).map(([address, count]) => `${address} (${count})`);
  const more = unidentified.size > most.shown ? ` and ${unidentified.size - most.shown} more` : '';
  return [
    `# Callers without mutual TLS, which the rules below would refuse: ${shown.join(', ')}${more}. Give them a sidecar,`,
    '# or permit their networks in a rule with ipBlocks. Probes of the kubelet are let through in any case.',
  ];
}

/** With the comment on its callers in front of the first. */
function ruleTexts(it: SuggestedRule, names: Set<string>, source: Source): readonly string[] {
  const callers = [...it.callers];
  const accounts = callers.flatMap(([id]) => accountOf(id, source) ?? []);
  const principals = callers.flatMap(([id]) => (accountOf(id, source) === null ? [id] : []));
  const from = [
    ...chunks(accounts, most.accounts).map((some) => `{serviceAccounts: [${some.join(', ')}]}`),
    ...chunks(principals, most.principals).map((some) => `{principals: [${some.map(quoted).join(', ')}]}`),
  ];
  const comments = callers.map(
    ([id, count]) => `    # ${accountOf(id, source) ?? id}: ${count} ${count === 1 ? 'call' : 'calls'}\n`,
  );
  return chunks(from, most.entries).map((entries, at) =>
    [
      `${at === 0 ? comments.join('') : ''}    - name: ${uniqueName(callers, names, source)}`,
      '      action: Allow',
      `      from: [${entries.join(', ')}]`,
      `      to: [{${requestsOf(it).join(', ')}}]`,
    ].join('\n'),
  );
}

function requestsOf({ ports, methods, paths }: SuggestedRule): readonly string[] {
  return [
    `ports: [${ports.join(', ')}]`,
    ...(methods.length > 0 ? [`methods: [${methods.map(quoted).join(', ')}]`] : []),
    ...(paths.length > 0 ? [`paths: [${paths.map((value) => `{value: ${quoted(value)}}`).join(', ')}]`] : []),
  ];
}

function uniqueName(
  callers: readonly (readonly [string, number])[],
  names: Set<string>,
  source: Source,
): string {
  const [first] = callers;
  const account = callers.length === 1 && first !== undefined ? accountOf(first[0], source) : null;
  const base = (account ?? 'callers')
    .replaceAll(/[^a-z0-9-]/g, '-')
    .slice(0, 55)
    .replaceAll(/^-+|-+$/g, '');
  let name = base;
  for (let at = 2; names.has(name); at += 1) name = `${base}-${at}`;
  names.add(name);
  return name;
}

/** null: of another trust domain, or of another form. */
function accountOf(id: string, { trustDomain }: Source): string | null {
  const [, domain, namespace, account] = /^spiffe:\/\/([^/]+)\/ns\/([^/]+)\/sa\/([^/]+)$/.exec(id) ?? [];
  return domain === trustDomain ? `${namespace ?? ''}/${account ?? ''}` : null;
}

function nameOf(target: string, at: number): string {
  return `${target.slice(0, 240)}-callers${at === 0 ? '' : `-${at + 1}`}`;
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, at) =>
    items.slice(at * size, (at + 1) * size),
  );
}

/** What was seen is somebody else's text. */
function quoted(text: string): string {
  return JSON.stringify(text);
}
