// What processes the shop consists of, read from the very YAML that the operator reads.
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { ExternalWorkloadSpec } from '../../api/v1alpha1/external-workload.ts';

export interface Workload {
  /** Name of its ExternalWorkload, for example `reviews-v1`. */
  readonly name: string;
  readonly namespace: string;
  /** The labels `app` and `version`. */
  readonly app: string;
  readonly version: string;
  readonly serviceAccount: string;
  /** undefined: it has no application, it only calls. */
  readonly application: { readonly port: number; readonly inboundPort: number } | undefined;
  /** Where its own calls go in: name of a service → port on 127.0.0.1. */
  readonly outbound: ReadonlyMap<string, number>;
}

const Manifest = z.object({
  metadata: z.object({
    name: z.string(),
    namespace: z.string(),
    labels: z.object({ app: z.string(), version: z.string() }),
  }),
  spec: ExternalWorkloadSpec,
});

/** The ExternalWorkloads of a text of YAML documents. Throws on what is not one. */
export function readWorkloads(text: string): Workload[] {
  return parseAllDocuments(text).map((document) => toWorkload(Manifest.parse(document.toJS())));
}

function toWorkload({ metadata, spec }: z.infer<typeof Manifest>): Workload {
  const [port] = spec.ports;
  return {
    name: metadata.name,
    namespace: metadata.namespace,
    app: metadata.labels.app,
    version: metadata.labels.version,
    serviceAccount: spec.serviceAccount ?? 'default',
    application: port && { port: port.applicationPort ?? port.port, inboundPort: port.port },
    outbound: new Map(spec.outbound.map((binding) => [binding.service, binding.bindPort])),
  };
}
