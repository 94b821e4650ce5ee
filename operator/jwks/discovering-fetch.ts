// The keys of an issuer by its discovery document: two fetches, with the same bounds and the same trust. Pure but for the fetch that it is given.
import { readDiscovery } from './discovery.ts';
import type { FetchOutcome, KeySetFetch, TextFetch } from './key-set-fetch.ts';

/** Fetches also for sources with an issuer, whose uri is that of the document. */
export function createDiscoveringFetch(fetch: TextFetch): KeySetFetch {
  return async (source, signal) => {
    const { issuer, caBundle } = source;
    const first = await fetch(source, signal);
    if (issuer === null) return first;
    if (first.type === 'failed') return { ...first, from: 'document' };
    const { discovery, problem } = readDiscovery(first.text, issuer);
    if (discovery === null) return unusable(problem, first.text);
    const keys = await fetch({ uri: discovery.jwksUri, caBundle }, signal);
    if (keys.type === 'failed') return { ...keys, from: 'documentUri' };
    return { ...keys, from: 'documentUri', endpoints: discovery.endpoints };
  };
}

function unusable(problem: string, text: string): FetchOutcome {
  return { type: 'failed', from: 'document', problem, detail: `${Buffer.byteLength(text)} bytes` };
}
