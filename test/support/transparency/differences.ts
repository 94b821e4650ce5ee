// What is not the same in two transcripts of one script, in one line each. Entry: differences. Pure.
import type { Heard, Transcript } from './exchange.ts';
import type { Field, Message } from './message.ts';

/** What became of it on the way through the mesh. */
export function differences(direct: Transcript, meshed: Transcript): readonly string[] {
  return [
    ...ofHeard('request', direct.application, meshed.application),
    ...ofHeard('response', direct.client, meshed.client),
  ];
}

function ofHeard(what: string, direct: Heard, meshed: Heard): string[] {
  const count = Math.max(direct.messages.length, meshed.messages.length);
  const each = Array.from({ length: count }, (_, at) =>
    ofMessage(what, direct.messages[at], meshed.messages[at]),
  );
  return [...each.flat(), ...changed(`${what} rest`, direct.rest, meshed.rest)];
}

function ofMessage(what: string, direct: Message | undefined, meshed: Message | undefined): string[] {
  if (direct === undefined || meshed === undefined) {
    return [`${what} ${direct === undefined ? `added: ${meshed?.start}` : `lost: ${direct.start}`}`];
  }
  return [
    ...changed(`${what} line`, direct.start, meshed.start),
    ...ofFields(`${what} header`, direct.headers, meshed.headers),
    ...changed(`${what} framing`, direct.framing, meshed.framing),
    ...changed(`${what} body`, direct.body, meshed.body),
    ...ofFields(`${what} trailer`, direct.trailers, meshed.trailers),
  ];
}

function ofFields(what: string, direct: readonly Field[], meshed: readonly Field[]): string[] {
  const lost = without(direct, meshed);
  const added = without(meshed, direct);
  const order = changed(
    `${what} order`,
    without(direct, lost).join(' | '),
    without(meshed, added).join(' | '),
  );
  return [
    ...lost.map((field) => `${what} lost: ${short(field)}`),
    ...added.map((field) => `${what} added: ${short(field)}`),
    ...order,
  ];
}

/** As often as it is there. */
function without(fields: readonly Field[], others: readonly Field[]): readonly Field[] {
  const left = [...others];
  return fields.filter((field) => {
    const at = left.indexOf(field);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

function changed(what: string, direct: string, meshed: string): string[] {
  return direct === meshed ? [] : [`${what}: ${short(direct)} -> ${short(meshed)}`];
}

function short(text: string): string {
  const shown = JSON.stringify(text).slice(1, -1);
  return shown.length <= 200 ? shown : `${shown.slice(0, 200)}… (${text.length})`;
}
