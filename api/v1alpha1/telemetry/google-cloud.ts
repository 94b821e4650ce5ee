// Where in Google Cloud telemetry goes, and as whom.
import { z } from 'zod';
import { dnsLabel, dnsSubdomain, type Shape, shaped, withRules } from '../../schema.ts';
import { url } from '../../url.ts';
import { ownSecretRule } from '../own-secrets.ts';

/** @see https://cloud.google.com/resource-manager/docs/creating-managing-projects */
const projectId: Shape = {
  pattern: /^([a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?:)?[a-z][-a-z0-9]{4,28}[a-z0-9]$/,
  message: 'Write the ID of a project, such as my-project-123, and not its name or number.',
  max: 94,
};

function endpointOf(api: string): z.ZodExactOptional<z.ZodString> {
  return url({
    pattern: /^https:\/\/[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?(:[1-9][0-9]{0,4})?\/?$/,
    message: `Write a URL without a path, such as https://${api}.googleapis.com.`,
    max: 512,
  })
    .exactOptional()
    .describe(`URL of its API. Default: https://${api}.googleapis.com.`);
}

export const GoogleCloud = z.object({
  project: shaped(projectId).describe('ID of the project that telemetry belongs to.'),
  secretRef: withRules(
    z.object({ name: shaped(dnsSubdomain).describe('Name of the Secret.') }),
    ownSecretRule,
  )
    .exactOptional()
    .describe(
      'A Secret in the namespace of the operator, with the key of a service account in key.json. Default: the metadata server says who the operator is, as in Google Kubernetes Engine with Workload Identity.',
    ),
  cluster: z
    .object({
      name: shaped(dnsLabel).describe('Name of the cluster.'),
      location: shaped(dnsLabel).describe('Region or zone of the cluster, such as europe-west1.'),
    })
    .exactOptional()
    .describe(
      'The cluster that pods are in, so that they are reported as k8s_pod. Default: without secretRef, what the metadata server says. If no cluster is known, pods are reported as generic_task.',
    ),
  endpoints: z
    .object({
      monitoring: endpointOf('monitoring'),
      logging: endpointOf('logging'),
      trace: endpointOf('cloudtrace'),
    })
    .exactOptional()
    .describe(
      'Regional or private endpoints. The operator sends them tokens that permit to write telemetry. Their certificates must be from a CA that Node.js trusts.',
    ),
});
