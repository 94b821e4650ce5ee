// Secrets that are ours by label; any other is never written, and read only if the Mesh names it. Entry: createSecrets.
// Their contents never enter an error or a log. No owner references: with them, deleting the Mesh or its definition
// would take away Secrets that running workloads still mount.
import { z } from 'zod';
import type { SecretData, SecretPort } from '../../ports/platform.ts';
import type { ApiCaller } from './http/api-client.ts';
import { isApiError } from './http/api-error.ts';
import { resourcePath } from './kinds.ts';
import { isSameValue } from '../../values/same-value.ts';
import { fieldManager, managedByLabel } from '../../values/own-names.ts';

const conflictAttempts = 5;
const secretKind = { group: '', version: 'v1', plural: 'secrets' } as const;
const query = { fieldManager };

const texts = z.record(z.string(), z.string());
const Secret = z.object({
  metadata: z.object({
    resourceVersion: z.string(),
    labels: texts.optional(),
    annotations: texts.optional(),
  }),
  data: texts.optional(),
});
type Secret = z.infer<typeof Secret>;

interface Place {
  readonly namespace: string;
  readonly name: string;
}

export interface SecretsOptions {
  /** The operator's own namespace: made when the first Secret goes there and it does not exist. */
  readonly ownNamespace: string;
}

export function createSecrets(api: ApiCaller, options: SecretsOptions): SecretPort {
  const places = { api, ownNamespace: options.ownNamespace };
  return {
    read: async (namespace, name) => {
      const secret = await find(api, { namespace, name });
      return secret === undefined ? undefined : decode(secret);
    },
    readBrought: async (namespace, name) => {
      const secret = await get(api, { namespace, name });
      return secret === undefined ? undefined : decode(secret);
    },
    create: async (namespace, name, data, labels) => {
      try {
        await post(places, { namespace, name }, wantedOf(data, labels));
        return 'created';
      } catch (error) {
        if (isApiError(error, 409)) return 'exists';
        throw error;
      }
    },
    replace: async (namespace, name, { before, data, labels }) => {
      const place = { namespace, name };
      const present = await find(api, place);
      if (present === undefined || !isSameValue(decode(present), before)) return 'changed';
      try {
        await replace(api, place, { wanted: wantedOf(data, labels), present });
        return 'replaced';
      } catch (error) {
        if (isApiError(error, 409) || isApiError(error, 404)) return 'changed';
        throw error;
      }
    },
    write: async (namespace, name, data, labels) => {
      await put(places, { namespace, name }, { wanted: wantedOf(data, labels), left: conflictAttempts });
    },
  };
}

interface Wanted {
  readonly type: string;
  readonly data: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
}

function wantedOf(data: SecretData, labels: Readonly<Record<string, string>>): Wanted {
  return { type: typeOf(data), data: encode(data), labels: { ...labels, [managedByLabel]: fieldManager } };
}

interface Target extends SecretsOptions {
  readonly api: ApiCaller;
}

async function put(
  target: Target,
  place: Place,
  { wanted, left }: { wanted: Wanted; left: number },
): Promise<void> {
  const present = await find(target.api, place);
  try {
    if (present === undefined) await post(target, place, wanted);
    else await replace(target.api, place, { wanted, present });
  } catch (error) {
    // Somebody was faster, or took it away: look again.
    const moved = isApiError(error, 409) || (present !== undefined && isApiError(error, 404));
    if (!moved || left <= 1) throw error;
    await put(target, place, { wanted, left: left - 1 });
  }
}

async function post(
  { api, ownNamespace }: Target,
  place: Place,
  { type, data, labels }: Wanted,
): Promise<void> {
  const body = { apiVersion: 'v1', kind: 'Secret', metadata: { ...place, labels }, type, data };
  const request = { method: 'POST', path: resourcePath(secretKind, place.namespace), query, body } as const;
  try {
    await api.call(request);
  } catch (error) {
    if (!isApiError(error, 404) || place.namespace !== ownNamespace) throw error;
    await createNamespace(api, ownNamespace);
    await api.call(request);
  }
}

async function createNamespace(api: ApiCaller, name: string): Promise<void> {
  const body = {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels: { [managedByLabel]: fieldManager } },
  };
  try {
    await api.call({ method: 'POST', path: '/api/v1/namespaces', query, body });
  } catch (error) {
    if (!isApiError(error, 409)) throw error;
  }
}

/** Labels and annotations that others added are kept. */
async function replace(
  api: ApiCaller,
  place: Place,
  change: { wanted: Wanted; present: Secret },
): Promise<void> {
  const { resourceVersion, annotations } = change.present.metadata;
  const labels = { ...change.present.metadata.labels, ...change.wanted.labels };
  const metadata = { ...place, resourceVersion, labels, annotations };
  const { type, data } = change.wanted;
  await api.call({
    method: 'PUT',
    path: pathOf(place),
    query,
    body: { apiVersion: 'v1', kind: 'Secret', metadata, type, data },
  });
}

/** undefined if there is none; rejects if it is not ours. */
async function find(api: ApiCaller, place: Place): Promise<Secret | undefined> {
  const secret = await get(api, place);
  if (secret === undefined || secret.metadata.labels?.[managedByLabel] === fieldManager) return secret;
  throw new Error(
    `Secret ${place.namespace}/${place.name} does not belong to Meshwright and was not changed. ` +
      `Delete or rename it, or let Meshwright take it over with the label ${managedByLabel}=${fieldManager}.`,
  );
}

async function get(api: ApiCaller, place: Place): Promise<Secret | undefined> {
  try {
    return Secret.parse(await api.call({ method: 'GET', path: pathOf(place) }));
  } catch (error) {
    if (isApiError(error, 404)) return undefined;
    throw error;
  }
}

function pathOf({ namespace, name }: Place): string {
  return `${resourcePath(secretKind, namespace)}/${encodeURIComponent(name)}`;
}

/** The API server checks that a Secret of type kubernetes.io/tls has both files. */
function typeOf(data: SecretData): string {
  return 'tls.crt' in data && 'tls.key' in data ? 'kubernetes.io/tls' : 'Opaque';
}

function encode(data: SecretData): Record<string, string> {
  return Object.fromEntries(
    Object.entries(data).map(([file, text]) => [file, Buffer.from(text, 'utf8').toString('base64')]),
  );
}

function decode(secret: Secret): SecretData {
  const files = Object.entries(secret.data ?? {});
  return Object.fromEntries(
    files.map(([file, content]) => [file, Buffer.from(content, 'base64').toString('utf8')]),
  );
}
