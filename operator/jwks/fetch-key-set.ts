// One fetch of a key set: GET over https, to an address that was checked, within bounds of time and size. Entry: createKeySetFetch.
import { lookup, Resolver } from 'node:dns/promises';
import type { LookupAddress } from 'node:dns';
import type { IncomingMessage } from 'node:http';
import https from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import type { Clock } from '../process/clock.ts';
import { type AddressRange, isAllowedAddress } from './fetch-address.ts';
import type { FetchOutcome, TextFetch } from './key-set-fetch.ts';

/** From the look-up of the name to the last byte. */
const timeoutMs = 5_000;
const maxBytes = 256 * 1024;
const maxHeaderBytes = 16 * 1024;

export interface KeySetFetchOptions {
  /** Addresses that are fetched from though they are neither public nor private, such as loopback ones. */
  readonly allowed: readonly AddressRange[];
  readonly clock: Pick<Clock, 'after'>;
  /** Addresses of a host that is no address. Default: DNS. */
  readonly resolve?: Resolve;
}

/** The promise never rejects. */
export function createKeySetFetch({ allowed, clock, resolve = resolveByDns }: KeySetFetchOptions): TextFetch {
  return async ({ uri, caBundle }, ending) => {
    const late = new AbortController();
    const cancel = clock.after(timeoutMs, () => late.abort(new FetchError('unanswered', 'timeout')));
    const signal = AbortSignal.any([late.signal, ending]);
    try {
      const url = new URL(uri);
      const host = url.hostname.replace(/^\[|\]$/g, '');
      const addresses = isIP(host) === 0 ? await resolved(host, resolve, signal) : [host];
      if (!addresses.every((address) => isAllowedAddress(address, allowed)))
        throw new FetchError('address', addresses.join());
      const text = await get(url, { addresses, caBundle, signal });
      return { type: 'fetched', text };
    } catch (error) {
      return failureOf(signal.aborted && !(error instanceof FetchError) ? signal.reason : error);
    } finally {
      cancel();
    }
  };
}

const problems = {
  unresolved: 'The name of its host cannot be resolved. Check the URI.',
  address:
    'The address of its host is not allowed: it is a loopback, link-local or otherwise special one. Check the URI, or see --jwks-allow-addresses.',
  unanswered: 'It does not answer. Check the URI, and whether the operator may connect to it.',
  untrusted: 'Its certificate is not trusted. Set caBundle to its CA, or check the certificate.',
  redirect: 'It redirects, and redirects are not followed. Write the URI that it leads to.',
  status: 'It does not answer with status 200. Check the URI.',
  size: `Its answer is larger than ${maxBytes / 1024} KiB. Check the URI.`,
} as const;

class FetchError extends Error {
  readonly problem: string;

  constructor(kind: keyof typeof problems, detail: string) {
    super(detail);
    this.problem = problems[kind];
  }
}

function failureOf(error: unknown): FetchOutcome {
  if (error instanceof FetchError) return { type: 'failed', problem: error.problem, detail: error.message };
  const hasCode = typeof error === 'object' && error !== null && 'code' in error;
  const code = hasCode ? String(error.code) : String(error);
  return { type: 'failed', problem: problems[isOfTls(code) ? 'untrusted' : 'unanswered'], detail: code };
}

/** @see https://nodejs.org/api/tls.html#x509-certificate-error-codes */
function isOfTls(code: string): boolean {
  return /CERT|VERIFY|ISSUER|CRL|SELF_SIGNED|ALTNAME|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH|HOSTNAME_MISMATCH/.test(
    code,
  );
}

type Resolve = (host: string, signal: AbortSignal) => Promise<readonly string[]>;

/** A look-up that cannot be cancelled is not waited for. */
async function resolved(host: string, resolve: Resolve, signal: AbortSignal): Promise<readonly string[]> {
  const aborted = new Promise<never>((_take, reject) => {
    signal.addEventListener('abort', () => reject(new FetchError('unresolved', 'timeout')), { once: true });
  });
  const found = await Promise.race([resolve(host, signal), aborted]).catch((error: unknown) => {
    throw new FetchError('unresolved', String(error));
  });
  if (found.length === 0) throw new FetchError('unresolved', 'no address');
  return found;
}

/**
 * Names of Services are resolved as a pod does it, which takes a thread; all others by DNS alone, since servers of a stranger's that
 * answer late would take all threads of the process.
 */
async function resolveByDns(host: string, signal: AbortSignal): Promise<readonly string[]> {
  if (host.endsWith('.svc') || !host.includes('.'))
    return (await lookup(host, { all: true })).map(({ address }) => address);
  const resolver = new Resolver({ timeout: timeoutMs / 2, tries: 2 });
  signal.addEventListener('abort', () => resolver.cancel(), { once: true });
  const answers = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
  return answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
}

interface Connection {
  /** Checked: it connects to none but these, whatever DNS says by then. */
  readonly addresses: readonly string[];
  readonly caBundle: string | null;
  readonly signal: AbortSignal;
}

async function get(url: URL, { addresses, caBundle, signal }: Connection): Promise<string> {
  const response = await new Promise<IncomingMessage>((take, reject) => {
    const request = https.get(
      url,
      {
        // A connection of its own, closed after the response.
        agent: false,
        lookup: lookupOf(addresses),
        ...(caBundle !== null && { ca: caBundle }),
        rejectUnauthorized: true,
        maxHeaderSize: maxHeaderBytes,
        headers: { accept: 'application/jwk-set+json, application/json', 'user-agent': 'meshwright' },
        signal,
      },
      take,
    );
    request.on('error', reject);
  });
  try {
    return await textOf(response);
  } finally {
    response.destroy();
  }
}

async function textOf(response: IncomingMessage): Promise<string> {
  const { statusCode = 0 } = response;
  if (statusCode >= 300 && statusCode < 400) throw new FetchError('redirect', String(statusCode));
  if (statusCode !== 200) throw new FetchError('status', String(statusCode));
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) throw new FetchError('size', `${size} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function lookupOf(addresses: readonly string[]): LookupFunction {
  const all: LookupAddress[] = addresses.map((address) => ({ address, family: isIP(address) }));
  return (_host, options, callback) => {
    const [first] = all;
    if (options.all === true) callback(null, all);
    else callback(null, first?.address ?? '', first?.family ?? 0);
  };
}
