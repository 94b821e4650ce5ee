// The vocabulary of our schemas: zod types that carry what a Kubernetes CRD needs beside them (CEL rules, list types,
// bounds) as metadata, so that one expression gives the type, the parse, the CRD and the offline check.
// It must not know any kind.
import { z } from 'zod';

/** A CEL rule of a CRD: message is a full sentence that tells the user what to do. */
export interface CelRule {
  readonly rule: string;
  readonly message: string;
}

/** The metadata key (and CRD field) that holds CEL rules. */
export const celKey = 'x-kubernetes-validations';
const listTypeKey = 'x-kubernetes-list-type';
const listMapKeysKey = 'x-kubernetes-list-map-keys';

/** The schema with more CEL rules; `self` in a rule is the value. */
export function withRules<T extends z.ZodType>(schema: T, ...rules: readonly CelRule[]): T {
  const present = schema.meta()?.[celKey];
  return schema.meta({ ...schema.meta(), [celKey]: [...(Array.isArray(present) ? present : []), ...rules] });
}

/** A list whose items are told apart by these keys; each is required or has a default. */
export function listMap<T extends z.ZodArray>(schema: T, ...keys: readonly string[]): T {
  return schema.meta({ ...schema.meta(), [listTypeKey]: 'map', [listMapKeysKey]: keys });
}

/** A list of different scalars. */
export function listSet<T extends z.ZodArray>(schema: T): T {
  return schema.meta({ ...schema.meta(), [listTypeKey]: 'set' });
}

/** What a string must look like, in words and as an expression that JavaScript and RE2 read alike. */
export interface Shape {
  readonly pattern: RegExp;
  readonly message: string;
  /** In characters. */
  readonly max: number;
}

/**
 * A string of a shape. The expression becomes a CEL rule, not an OpenAPI pattern: the API server then answers with our
 * sentence and not with the expression.
 */
export function shaped(shape: Shape): z.ZodString {
  const schema = z
    .string()
    .max(shape.max)
    .refine((text) => shape.pattern.test(text), shape.message);
  return withRules(schema, { rule: `self.matches(${celRaw(shape.pattern)})`, message: shape.message });
}

/** A regular expression as a CEL raw string. Throws if it contains a single quote, which a raw string cannot hold. */
export function celRaw(pattern: RegExp): string {
  const source = pattern.source.replaceAll(String.raw`\/`, '/');
  if (source.includes("'")) throw new Error(`a CEL raw string cannot hold a single quote: ${source}`);
  return `r'${source}'`;
}

/**
 * For an object with type and value: refuses a regular expression that Envoy would refuse. Go's matches() is RE2 as Envoy's is, and raises an error when
 * it cannot compile its argument: the API server then shows that error before the message.
 */
export const re2Rule: CelRule = {
  rule: "self.type != 'RegularExpression' || !has(self.value) || [''.matches(self.value)].size() == 1",
  message:
    'Write value in the RE2 syntax (https://github.com/google/re2/wiki/Syntax); it has no look-around and no back-references.',
};

/** @see https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-label-names */
export const dnsLabel: Shape = {
  pattern: /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/,
  message: "Use 1 to 63 lower-case letters, digits and '-', with a letter or digit at both ends.",
  max: 63,
};

/** @see https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-subdomain-names */
export const dnsSubdomain: Shape = {
  pattern: /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
  message: "Use lower-case letters, digits, '-' and '.', with a letter or digit at both ends of each part.",
  max: 253,
};

const labelKey = /^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const labelValue: Shape = {
  pattern: /^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/,
  message:
    "A label value has at most 63 letters, digits, '-', '_' and '.', with a letter or digit at both ends.",
  max: 63,
};
/** What the label topology.kubernetes.io/zone of a Node says. */
export const zoneName: Shape = {
  pattern: /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/,
  message:
    "Use the name of a zone: 1 to 63 letters, digits, '-', '_' and '.', with a letter or digit at both ends.",
  max: 63,
};
const labelKeyMessage =
  "A label key is a name of at most 63 letters, digits, '-', '_' and '.', with an optional DNS prefix and '/' before it.";
const maxLabels = 16;

/** Labels as Kubernetes takes them. */
export function labelMap(): z.ZodRecord<z.ZodString, z.ZodString> {
  return z
    .record(z.string(), shaped(labelValue))
    .refine((map) => Object.keys(map).every((key) => labelKey.test(key)), labelKeyMessage);
}

/** Labels that all must be present with these values; at most 16. */
export function matchLabels(): z.ZodRecord<z.ZodString, z.ZodString> {
  const labels = labelMap()
    .refine((map) => Object.keys(map).length <= maxLabels, `Give at most ${maxLabels} labels.`)
    .meta({ maxProperties: maxLabels });
  return withRules(labels, { rule: `self.all(k, k.matches(${celRaw(labelKey)}))`, message: labelKeyMessage });
}

/** A TCP port number. */
export function port(): z.ZodInt {
  return z.int().min(1).max(65_535);
}

/** A part of an IPv4 address, as an expression. */
export const octet = '(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])';
const group = '[0-9a-fA-F]{1,4}';
// `::` stands for one or more groups of zeros: each line has a given number of groups before it.
const ipv6 = [
  `(${group}:){7}${group}`,
  `(${group}:){1,7}:`,
  `(${group}:){1,6}:${group}`,
  ...[5, 4, 3, 2].map((before) => `(${group}:){1,${before}}(:${group}){1,${7 - before}}`),
  `${group}:(:${group}){1,6}`,
  `:((:${group}){1,7}|:)`,
].join('|');

/** An IPv4 or IPv6 literal, without brackets and zone. */
export const ipLiteral: Shape = {
  pattern: new RegExp(`^((${octet}\\.){3}${octet}|${ipv6})$`),
  message: 'Write an IPv4 or IPv6 address such as 192.0.2.7 or 2001:db8::7; host names are not resolved.',
  max: 45,
};

/** A network in CIDR notation, of either family. */
export const ipNetwork: Shape = {
  pattern: new RegExp(
    `^((${octet}\\.){3}${octet}/(3[0-2]|[12]?[0-9])|(${ipv6})/(12[0-8]|1[01][0-9]|[1-9]?[0-9]))$`,
  ),
  message: 'Write a network such as 10.20.0.0/16 or fd00:20::/64.',
  max: 64,
};

const ipBlockShape: Shape = {
  pattern: new RegExp(
    `^((${octet}\\.){3}${octet}(/(3[0-2]|[12]?[0-9]))?|(::|${group}(:?:${group}){1,7}(::)?|${group}::|::${group}(:${group}){0,6})(/(12[0-8]|1[01][0-9]|[1-9]?[0-9]))?)$`,
  ),
  message:
    'Write a network such as 10.20.0.0/16 or fd00:20::/64, or an address such as 192.0.2.7. Write IPv4 addresses as such, not as ::ffff:192.0.2.7.',
  max: 49,
};

/**
 * An address or a network in CIDR notation, of either family. The API server grants a rule that runs often only a short expression: this one lets `::`
 * stand for any number of groups, and a rule of its own counts them.
 */
export function ipBlock(): z.ZodString {
  return withRules(shaped(ipBlockShape), {
    rule: "!self.contains(':') || (self.contains('::') ? !self.matches(r'::.*::|([^:]+:+){7}[^:]') : self.matches(r'^([^:]+:){7}[^:]+$'))",
    message: ipBlockShape.message,
  });
}
