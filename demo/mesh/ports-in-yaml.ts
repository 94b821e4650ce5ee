// Fills free ports into the manifests. Pure but for the source of ports it is given.
import { DemoError } from '../demo-error.ts';

const placeholder = /\$\(([a-z0-9.-]+)\)/g;

/** The names of the ports a text asks for, each once, in the order of first use. */
export function portNames(text: string): string[] {
  return [...new Set([...text.matchAll(placeholder)].map(([, name]) => name ?? ''))];
}

/** The text with each `$(name)` replaced by its port. @throws DemoError for a name without a port. */
export function fillPorts(text: string, ports: ReadonlyMap<string, number>): string {
  return text.replaceAll(placeholder, (_, name: string) => {
    const port = ports.get(name);
    if (port === undefined) throw new DemoError(`There is no port for $(${name}) in the manifests.`);
    return String(port);
  });
}
