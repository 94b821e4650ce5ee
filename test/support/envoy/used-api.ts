// Which fields and enum values of Envoy's API a message uses. Entry: usedNames.
import { itemsOf, textOf, walk } from '../../../operator/envoy/checks/walk.ts';
import type { EnvoyMessage } from '../../../operator/envoy/proto/envoy-message.ts';
import { shapeOf } from '../../../operator/envoy/proto/shapes.ts';

/** `package.Message.field` and `package.Enum.VALUE` of all that `message` sets, at any depth, also within Any. */
export function usedNames(type: string, message: EnvoyMessage): ReadonlySet<string> {
  const names = new Set<string>();
  walk(shapeOf(type), message, ({ shape, message: inner }) => {
    for (const [name, value] of Object.entries(inner)) {
      const field = shape.fields.get(name);
      if (field === undefined || value === undefined || value === null) continue;
      names.add(`${shape.name}.${name}`);
      if (field.type.kind !== 'enum') continue;
      for (const [, item] of itemsOf(field, value)) names.add(`${field.type.enum.name}.${textOf(item)}`);
    }
  });
  return names;
}
