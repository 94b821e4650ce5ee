// Findings as one text, and what they mean for a script.
import type { Report } from '../report.ts';
import type { Output } from '../report.ts';
import type { Finding } from './finding.ts';

export function reportFindings(findings: readonly Finding[], output: Output): Report {
  const exitCode = findings.length === 0 ? 0 : 1;
  if (output === 'json') return { text: `${JSON.stringify(findings, null, 2)}\n`, exitCode };
  if (exitCode === 0) return { text: 'Nothing found.\n', exitCode };
  return { text: findings.map(({ type, message }) => `${type}: ${message}\n`).join(''), exitCode };
}
