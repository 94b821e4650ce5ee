// The mesh of the storm: three servers with a Service each, and one caller of all of them.

export const namespace = 'shop';
export const trustDomain = 'storm.test';
export const servers: readonly string[] = ['alpha', 'beta', 'gamma'];

/** `ports`: where the sidecars of the servers listen. `application`: the port behind all of them. */
export function meshText(
  ports: ReadonlyMap<string, number>,
  application: number,
  takePort: () => number,
): string {
  const version = 'apiVersion: meshwright.dev/v1alpha1';
  const services = servers.map(
    (name) => `apiVersion: v1
kind: Service
metadata: {namespace: ${namespace}, name: ${name}}
spec: {selector: {app: ${name}}, ports: [{name: http, port: 80, appProtocol: http, targetPort: http}]}`,
  );
  const workloads = [...ports].map(([name, port]) =>
    workload(name, `ports: [{name: http, port: ${port}, applicationPort: ${application}}]`),
  );
  const outbound = servers.map((service) => `{service: ${service}, port: 80, bindPort: ${takePort()}}`);
  return [
    `${version}\nkind: Mesh\nmetadata: {name: default}\nspec: {trustDomain: ${trustDomain}}`,
    ...services,
    ...workloads,
    workload('caller', `outbound: [${outbound.join(', ')}]`),
  ].join('\n---\n');
}

function workload(name: string, more: string): string {
  return `apiVersion: meshwright.dev/v1alpha1
kind: ExternalWorkload
metadata: {namespace: ${namespace}, name: ${name}, labels: {app: ${name}}}
spec: {address: 127.0.0.1, serviceAccount: ${name}, ${more}}`;
}
