// Settings: values that may come from different objects. What is made of them has the origins of what was read.
import type { Origin } from '../../ir/origin.ts';

export interface Setting<T> {
  readonly value: T;
  /** The object that sets it; null: nobody does, it is the default. */
  readonly origin: Origin | null;
}

/** A setting for each field of T. */
export type Settings<T> = { readonly [K in keyof T]: Setting<T[K]> };

export interface SettingsReader<T> {
  /** The value, whose origin is noted. */
  read<K extends keyof T>(key: K): T[K];
  /** Of all that was read so far. */
  origins(): readonly Origin[];
  /** The same, each with what it says. */
  setBy(): Readonly<Record<string, Origin>>;
}

/** own: what an object says itself; it takes precedence over what it inherits. */
export function readSettings<T>(
  own: { readonly values: Readonly<Partial<T>>; readonly origin: Origin } | null,
  inherited: Settings<T>,
): SettingsReader<T> {
  const setBy = new Map<string, Origin>();
  return {
    read(key) {
      const value = own?.values[key];
      const setting = own === null || value === undefined ? inherited[key] : { value, origin: own.origin };
      if (setting.origin !== null) setBy.set(String(key), setting.origin);
      return setting.value;
    },
    origins: () => [...setBy.values()],
    setBy: () => Object.fromEntries(setBy),
  };
}

/** Those that are written: what is undefined is not. */
export function written<T extends object>(values: {
  readonly [K in keyof T]: T[K] | undefined;
}): Readonly<Partial<T>> {
  return chosen(values, (_key, value) => value !== undefined);
}

/** Those for which it holds. */
export function chosen<T extends object>(
  values: { readonly [K in keyof T]?: T[K] | undefined },
  holds: <K extends keyof T>(key: K, value: T[K] | undefined) => boolean,
): Readonly<Partial<T>> {
  const result: { [K in keyof T]?: T[K] | undefined } = { ...values };
  for (const key in values) {
    if (!holds(key, values[key])) delete result[key];
  }
  return result;
}
