// Paths of fields as users and the API server write them: spec.routes[0].matches, metadata.labels[app.kubernetes.io/name].

/** The path of a member of the field at path; path is '' at the top. */
export function memberPath(path: string, key: PropertyKey): string {
  if (typeof key === 'number') return `${path}[${key}]`;
  const name = String(key);
  if (!/^[A-Za-z_]\w*$/.test(name)) return `${path}[${name}]`;
  return path === '' ? name : `${path}.${name}`;
}
