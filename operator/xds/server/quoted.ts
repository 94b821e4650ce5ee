// What a client said of itself, as it may stand in an error or in the log: it can be as long as the client likes.

const mostCharacters = 100;

/** In double quotes, without control characters, cut after 100 characters. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > mostCharacters ? `${text.slice(0, mostCharacters)}…` : text);
}
