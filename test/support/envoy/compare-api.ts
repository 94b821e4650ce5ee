// Holds our copy of Envoy's API against the one that an Envoy embeds. Entry: differences.
import type {
  Descriptor,
  FieldDescriptor,
  MessageDescriptor,
} from '../../../operator/envoy/proto/descriptor.ts';

/** How `ours` contradicts `envoys`, one sentence each. What only Envoy has is no difference: we do not use it. */
export function differences(ours: Descriptor, envoys: Descriptor): readonly string[] {
  return [
    ...Object.entries(ours.messages).flatMap(([name, message]) => {
      const other = envoys.messages[name];
      return other === undefined
        ? [`${name}: Envoy has no such message`]
        : messageDifferences(name, message, other);
    }),
    ...Object.entries(ours.enums).flatMap(([name, values]) =>
      enumDifferences(name, values, envoys.enums[name]),
    ),
  ];
}

function messageDifferences(
  name: string,
  ours: MessageDescriptor,
  envoys: MessageDescriptor,
): readonly string[] {
  return [
    ...difference(name, 'requiredOneofs', ours.requiredOneofs, envoys.requiredOneofs),
    ...Object.entries(ours.fields).flatMap(([field, described]) => {
      const path = `${name}.${field}`;
      const other = envoys.fields[field];
      return other === undefined
        ? [missing(path, described, envoys)]
        : fieldDifferences(path, described, other);
    }),
  ];
}

function missing(path: string, { id }: FieldDescriptor, envoys: MessageDescriptor): string {
  const [renamed] = Object.entries(envoys.fields).find(([, field]) => field.id === id) ?? [];
  return `${path}: Envoy has no such field${renamed === undefined ? '' : `; its number ${id} is ${renamed}`}`;
}

const aspects = ['id', 'kind', 'type', 'repeated', 'packed', 'mapKey', 'oneof', 'presence', 'rules'] as const;

function fieldDifferences(path: string, ours: FieldDescriptor, envoys: FieldDescriptor): readonly string[] {
  return aspects.flatMap((aspect) => difference(path, aspect, ours[aspect], envoys[aspect]));
}

function enumDifferences(
  name: string,
  ours: Readonly<Record<string, number>>,
  envoys: Readonly<Record<string, number>> | undefined,
): readonly string[] {
  if (envoys === undefined) return [`${name}: Envoy has no such enum`];
  return Object.entries(ours).flatMap(([value, number]) =>
    difference(`${name}.${value}`, 'number', number, envoys[value]),
  );
}

function difference(path: string, aspect: string, ours: unknown, envoys: unknown): readonly string[] {
  const [our, their] = [canonical(ours), canonical(envoys)];
  return our === their ? [] : [`${path}: ${aspect} is ${our}, in Envoy ${their}`];
}

/** As text that is equal when the meaning is: keys in order, and one value of a rule's list for a list of one. */
function canonical(value: unknown): string {
  const text = JSON.stringify(value, (key, item: unknown) => {
    if (key === 'in' || key === 'not_in') return [item].flat();
    if (typeof item !== 'object' || item === null || Array.isArray(item)) return item;
    return Object.fromEntries(Object.entries(item).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  });
  return text ?? 'not set';
}
