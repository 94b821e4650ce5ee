// Requests are answered once, by whoever is first; what cannot be answered is tried again, and told of.
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { X509Certificate } from 'node:crypto';
import { openStoredAuthority } from '../../../operator/certificates/stored-authority.ts';
import type { SigningTerms } from '../../../operator/certificates/pod-request.ts';
import {
  createPodSigner,
  type PodSigner,
  type WaitingRequest,
} from '../../../operator/certificates/pod-signer.ts';
import type {
  Denial,
  PodCertificate,
  PodCertificatePort,
  PodFacts,
  RequestSink,
} from '../../../operator/ports/pod-certificate-port.ts';
import { createLog } from '../../../operator/process/log.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { MemorySecrets } from '../../support/memory-secrets.ts';
import { until } from '../../support/until.ts';
import { samplePod, sampleRequest, stubOf } from './pod-request-samples.ts';
import { hourMs, startOfTest } from './support.ts';

class Port implements PodCertificatePort {
  sink: RequestSink | undefined;
  pods = new Map<string, PodFacts>([['reviews-v1', samplePod]]);
  readonly issued: PodCertificate[] = [];
  readonly denied: Denial[] = [];
  answer: () => 'written' | 'settled' = () => 'written';

  support: PodCertificatePort['support'] = () => Promise.resolve({ isServed: true, nodes: [] });
  publishTrust = (): Promise<void> => Promise.resolve();
  /** `shop/reviews-v1` */
  readonly lookedUp: string[] = [];
  pod = (namespace: string, name: string): Promise<PodFacts | undefined> => {
    this.lookedUp.push(`${namespace}/${name}`);
    return Promise.resolve(this.pods.get(name));
  };

  watch = (sink: RequestSink, signal: AbortSignal): Promise<void> => {
    this.sink = sink;
    return new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
  };

  issue = async (_: unknown, certificate: PodCertificate): Promise<'written' | 'settled'> => {
    const outcome = await Promise.resolve(this.answer());
    if (outcome === 'written') this.issued.push(certificate);
    return outcome;
  };

  deny = (_: unknown, denial: Denial): Promise<'written' | 'settled'> => {
    this.denied.push(denial);
    return Promise.resolve('written');
  };
}

const terms: SigningTerms = {
  trustDomain: 'cluster.local',
  ttlMs: 24 * hourMs,
  namespaces: new Set(['shop']),
};
let port: Port;
let clock: FakeClock;
let signer: PodSigner;
let authorityFails: Error | undefined;
let present: SigningTerms | null;
let told: readonly WaitingRequest[];
let answers: string[];

beforeEach(async () => {
  port = new Port();
  clock = new FakeClock(startOfTest);
  [authorityFails, present, told, answers] = [undefined, terms, [], []];
  const secrets = new MemorySecrets();
  signer = createPodSigner({
    port,
    openAuthority: () =>
      authorityFails === undefined
        ? openStoredAuthority({
            secrets,
            namespace: 'meshwright-system',
            secretName: 'meshwright-ca',
            trustDomain: 'cluster.local',
            now: () => clock.now(),
          })
        : Promise.reject(authorityFails),
    terms: () => present,
    clock,
    log: createLog('silent'),
    onAnswer: (answer) => void answers.push(answer),
    onChange: (waiting) => {
      told = waiting;
    },
  });
  await signer.start();
});
afterEach(() => signer.stop());

test('a certificate of the key in the request, as Kubernetes checks it', async () => {
  const { stub, publicKey } = await stubOf();

  port.sink?.waiting(sampleRequest({ stub }));
  await until('it is issued', () => answers.length === 1);

  const [issued] = port.issued;
  const leaf = new X509Certificate(issued?.chain ?? '');
  expect(leaf.publicKey.export({ type: 'spki', format: 'der' }).toString('base64')).toBe(publicKey);
  expect(leaf.subjectAltName).toBe('URI:spiffe://cluster.local/ns/shop/sa/reviews');
  expect(leaf.validFromDate).toEqual(issued?.notBefore);
  expect(leaf.validToDate).toEqual(issued?.notAfter);
  expect(leaf.validToDate.getTime() - leaf.validFromDate.getTime()).toBe(24 * hourMs);
  expect([answers, told]).toEqual([['issued'], []]);
});

test('while the authority cannot be opened the request waits, is told of, and is signed afterwards', async () => {
  authorityFails = new Error('no answer');
  port.sink?.waiting(sampleRequest({ stub: (await stubOf()).stub }));
  await until('it is told of', () => told.length === 1);
  expect(told).toEqual([
    {
      pod: 'shop/reviews-v1',
      createdMs: startOfTest,
      why: 'The certificate authority cannot be opened: no answer.',
    },
  ]);

  authorityFails = undefined;
  await until('the signer sleeps', () => clock.pending > 0);
  await clock.pass(30_000);
  await until('it is issued', () => answers.length === 1);

  expect([port.denied, told]).toEqual([[], []]);
});

test('an answer that the API server does not take is tried again, and never becomes a denial', async () => {
  let failures = 2;
  port.answer = () => {
    failures -= 1;
    if (failures >= 0) throw new Error('the API server is away');
    return 'written';
  };
  port.sink?.waiting(sampleRequest({ stub: (await stubOf()).stub }));
  await until('it is told of', () => told.length === 1);

  for (const seconds of [1, 2, 4]) {
    await until('the signer sleeps', () => clock.pending > 0 || answers.length === 1);
    await clock.pass(seconds * 2000);
  }
  await until('it is issued', () => answers.length === 1);

  expect([port.denied, told]).toEqual([[], []]);
});

test('what another operator has answered is no answer of this one', async () => {
  let asked = 0;
  port.answer = () => {
    asked += 1;
    return 'settled';
  };
  port.sink?.waiting(sampleRequest({ stub: (await stubOf()).stub }));
  await until('it was asked', () => asked === 1);

  expect([answers, told]).toEqual([[], []]);
});

test('a namespace that joins the mesh: its requests are looked at again', async () => {
  present = { ...terms, namespaces: new Set() };
  port.sink?.waiting(sampleRequest({ stub: (await stubOf()).stub }));
  await until('the signer sleeps', () => clock.pending > 0);
  expect([answers, told]).toEqual([[], []]);

  present = terms;
  signer.recheck();
  await until('it is issued', () => answers.length === 1);

  expect(port.issued).toHaveLength(1);
});

test('an invented request is denied, and one that is gone is forgotten', async () => {
  const { stub } = await stubOf();
  port.sink?.waiting(sampleRequest({ stub, serviceAccount: 'payments' }));
  await until('it is denied', () => answers.length === 1);
  present = null;
  const late = sampleRequest({ stub, name: 'req-2', uid: 'request-2' });
  port.sink?.waiting(late);
  await until('it is told of', () => told.length === 1);
  port.sink?.settled(late);

  expect(answers).toEqual(['denied']);
  expect(port.denied).toMatchObject([{ reason: 'PodMismatch' }]);
  expect(told).toEqual([]);
});

test('a request that is made anew under its name, while the former one is answered, is answered, too', async () => {
  const { stub } = await stubOf();
  const anew = sampleRequest({ stub, uid: 'request-2' });
  let asked = 0;
  port.answer = () => {
    asked += 1;
    if (asked > 1) return 'written';
    port.sink?.waiting(anew);
    return 'settled';
  };
  port.sink?.waiting(sampleRequest({ stub }));
  await until('the former one is answered', () => asked === 1);
  await until('the new one is issued', () => answers.length === 1);

  expect(port.issued).toHaveLength(1);
});

test('requests of pods outside of the mesh cost those of the mesh no look at the API server', async () => {
  const { stub } = await stubOf();
  for (let index = 0; index < 20; index += 1) {
    port.sink?.waiting(sampleRequest({ stub, namespace: 'other', name: `req-${index}` }));
  }
  port.sink?.waiting(sampleRequest({ stub }));
  await until('it is issued', () => answers.length === 1);
  await until('the signer sleeps', () => clock.pending > 0);

  expect(port.lookedUp).toEqual(['shop/reviews-v1']);
});
