// Why something could not be sent, as it gets into a status. Pure.

/** fetch hides why behind "fetch failed". */
export function causeOf(error: unknown): string {
  const { cause = error } = error instanceof Error ? error : {};
  return shortened(cause instanceof Error ? cause.message : String(cause));
}

export function shortened(text: string): string {
  return text
    .replaceAll(/[^!-~]+/g, ' ')
    .slice(0, 200)
    .trim();
}
