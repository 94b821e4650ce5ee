// Problems as one is told of them: a route of a policy becomes many of Envoy's, which all have the same mistake. Pure.

/** The field, in which keys of maps are quoted, and what is wrong there. */
const problemPattern = /^((?:[^":]|"(?:[^"\\]|\\.)*")+): (.*)$/s;

/** Of the problems, each `field.path: what`, one for each `what`: `field.path and 3 more: what`. In the order of the first. */
export function sayOnce(problems: readonly string[]): readonly string[] {
  if (problems.length < 2) return problems;
  const fieldsByText = new Map<string, string[]>();
  for (const problem of problems) {
    const [, field, text] = problemPattern.exec(problem) ?? [];
    const fields = fieldsByText.get(text ?? problem) ?? [];
    fieldsByText.set(text ?? problem, fields);
    if (field !== undefined) fields.push(field);
  }
  return [...fieldsByText].map(([text, [first, ...others]]) => {
    if (first === undefined) return text;
    return `${first}${others.length === 0 ? '' : ` and ${others.length} more`}: ${text}`;
  });
}
