// Which requests and connections sidecars write lines about, of what form, and where to.
import { z } from 'zod';
import { providerNames } from './providers.ts';
import { dnsLabel, listMap, listSet, matchLabels, shaped, withRules } from '../../schema.ts';

const fieldName = shaped({
  pattern: /^[a-z_]+(\.headers\.[a-z0-9][-_a-z0-9]*)?$/,
  message:
    'Write the name of a field as in docs/telemetry.md, such as response_code, or a header such as request.headers.x-tenant.',
  max: 128,
});

const Format = withRules(
  z.object({
    type: z
      .enum(['JSON', 'Text'])
      .default('JSON')
      .describe('JSON (default): an object on one line. Text: a line of the form that text gives.'),
    fields: listSet(z.array(fieldName).min(1).max(64))
      .exactOptional()
      .describe(
        'Fields of the JSON object, such as response_code or request.headers.x-tenant. A field without a value is left out. Default: all fields that docs/telemetry.md lists, and no headers. At most 64.',
      ),
    text: z
      .string()
      .min(1)
      .max(1024)
      .exactOptional()
      .describe(
        'Form of a line of text, with names of fields in braces, such as "{method} {path} {response_code}". A field without a value is written as -. At most 1024 characters.',
      ),
  }),
  {
    rule: "(self.type == 'Text') == has(self.text)",
    message: 'Set text with type Text, and only with it.',
  },
  {
    rule: "self.type == 'JSON' || !has(self.fields)",
    message: 'Remove fields: with type Text, text says which fields are written.',
  },
);

const AccessLog = z.object({
  name: shaped(dnsLabel).describe('Name of the access log. At most 63 characters.'),
  format: Format.default({ type: 'JSON' }).describe('What a line looks like. Default: JSON with all fields.'),
  filter: z
    .string()
    .min(1)
    .max(1024)
    .exactOptional()
    .describe(
      "Which requests are written, as a CEL expression such as response.code >= 500 || request.duration > duration('1s'). docs/telemetry.md lists what it may use. An access log with a filter writes nothing about connections. Default: all. At most 1024 characters.",
    ),
  outcome: z
    .enum(['Any', 'Failed'])
    .default('Any')
    .describe(
      'Any (default): requests and connections, however they ended. Failed: only those that failed or were refused, which are requests with a response code of 400 or more, a gRPC status other than 0, or response flags, but no WebSocket that was closed, and TCP connections for whose end Envoy gives a reason.',
    ),
  percentage: z
    .int()
    .min(0)
    .max(100)
    .default(100)
    .describe(
      'How many of the requests and connections are written, in percent: requests by their x-request-id, if it is a UUID, and all else at random. Default: 100.',
    ),
  directions: listSet(
    z
      .array(z.enum(['Inbound', 'Outbound']))
      .min(1)
      .max(2),
  )
    .default(['Inbound', 'Outbound'])
    .describe(
      'Inbound: what arrives at the workload. Outbound: what the workload calls. Default: both, so that each request between two sidecars is written twice.',
    ),
  probes: z
    .boolean()
    .default(false)
    .describe('Whether HTTP and gRPC probes of the kubelet are written, too. Default: false.'),
  providers: providerNames(0)
    .default([])
    .describe(
      'Names of the providers that receive it, in place of standard output. Lines about TCP connections are not sent to providers. Default: none.',
    ),
  namespaces: listSet(z.array(shaped(dnsLabel)).max(64))
    .default([])
    .describe('Namespaces of the workloads that write it, at most 64. Default: all.'),
  selector: z
    .object({
      matchLabels: matchLabels()
        .default({})
        .describe('Labels that a workload must have to write it. At most 16. Default: none.'),
    })
    .prefault({})
    .describe('Labels of the workloads that write it. Default: all workloads of the namespaces.'),
});

export const AccessLogs = listMap(z.array(AccessLog).max(8), 'name')
  .exactOptional()
  .describe(
    'Access logs, which sidecars write to their standard output. At most 8. Default: one, in JSON, of the requests and connections that failed or were refused. An empty list: none.',
  );
