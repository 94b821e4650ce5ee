// What a service of the shop answers: itself, and what its upstream answered.

export interface Answer {
  readonly service: string;
  readonly version: string;
  readonly upstream?: Answer;
}

export function isAnswer(value: unknown): value is Answer {
  if (typeof value !== 'object' || value === null) return false;
  if (!('service' in value && typeof value.service === 'string')) return false;
  if (!('version' in value && typeof value.version === 'string')) return false;
  return !('upstream' in value) || isAnswer(value.upstream);
}

/** The version of the named service somewhere along the chain of calls. */
export function versionOf(answer: Answer, service: string): string | undefined {
  if (answer.service === service) return answer.version;
  return answer.upstream === undefined ? undefined : versionOf(answer.upstream, service);
}
