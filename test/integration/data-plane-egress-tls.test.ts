// Requests in plaintext that the sidecar encrypts on their way to a host outside the mesh: whose certificate it believes, and that nothing leaves
// in plaintext if it believes none.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { AllowedHostIr, OriginationIr } from '../../operator/ir/allowed-host.ts';
import { Closing } from '../support/data-plane/closing.ts';
import { makeHostAuthority } from '../support/data-plane/host-certificates.ts';
import { hostPorts, OutsideWorld } from '../support/data-plane/outside-world.ts';
import { podNetworkAvailable } from '../support/pod-network/network.ts';
import type { Outcome } from '../support/pod-network/outgoing.ts';

const available = await podNetworkAvailable();
if (!available.available) process.stderr.write(`NOT RUN: ${available.reason}\n`);
const suite = available.available ? describe : describe.skip;

const api = { name: 'api.example.com', address: '10.1.0.101' };
const other = { name: 'other.example.com', address: '10.1.0.102' };

suite('TLS that the sidecar begins', () => {
  const closing = new Closing();
  let world: OutsideWorld;

  beforeAll(async () => {
    world = await OutsideWorld.start(
      { [api.name]: api.address, [other.name]: other.address },
      { allowedHosts: [] },
      closing,
    );
  });
  afterAll(() => closing.close());

  const originating = (parts: Partial<OriginationIr>, host = api.name): AllowedHostIr => ({
    host,
    port: hostPorts.plain,
    protocol: 'HTTP',
    tls: { port: hostPorts.tls, sni: host, caBundle: null, ...parts },
  });
  const program = (parts: Partial<OriginationIr>): Promise<void> =>
    world.program({ allowedHosts: [originating(parts)] });
  const ask = (host = api.name, path = '/'): Promise<Outcome> =>
    world.attempt({ protocol: 'HTTP', address: other.address, port: hostPorts.plain, host, path });
  const seen = ({ status, body = '' }: Outcome): object => {
    if (status !== 200) throw new Error(`status ${status}: ${body}`);
    return JSON.parse(body) as object;
  };

  test('believes the public CAs, by the name of the host, and tells the host that the caller came over TLS', async () => {
    await program({});

    expect(seen(await ask())).toMatchObject({
      host: api.name,
      tls: true,
      sni: api.name,
      authority: api.name,
      headers: { 'x-forwarded-proto': 'https' },
    });
    expect(seen(await ask(`${api.name}:80`))).toMatchObject({ host: api.name, tls: true, sni: api.name });
  });

  test('believes the CA that it is given', async () => {
    await program({ caBundle: world.authority.root });

    expect(seen(await ask())).toMatchObject({ host: api.name, tls: true });
  });

  test('asks for another server name, which the certificate must be for', async () => {
    await program({ sni: `www.${api.name}` });

    expect(seen(await ask())).toMatchObject({ host: api.name, tls: true, sni: `www.${api.name}` });
  });

  test.each([
    [
      'of another CA',
      '/another-ca',
      async (): Promise<Partial<OriginationIr>> => ({ caBundle: (await makeHostAuthority()).root }),
    ],
    ['for another name', '/another-name', async (): Promise<Partial<OriginationIr>> => ({ sni: other.name })],
  ])('a certificate %s gets a 503, and nothing in plaintext', async (_, path, parts) => {
    await program(await parts());
    const before = (await world.seenInPlaintext(api.name)).length;

    expect(await ask(api.name, path)).toMatchObject({ status: 503 });

    const line = await world.sidecar.logged({
      path,
      response_flags: 'UF',
      upstream_cluster: `egress/${api.name}/80`,
    });
    expect(line['upstream_failure']).toContain('CERTIFICATE_VERIFY_FAILED');
    expect((await world.seenInPlaintext(api.name)).length).toBe(before);
  });

  test('a bundle that is no certificate gets a 502, and nothing in plaintext, also below a wildcard', async () => {
    const wildcard = { ...originating({}, '*.example.com'), tls: null };
    await world.program({ allowedHosts: [wildcard, { ...originating({}), tls: 'unusable' }] });
    const before = (await world.seenInPlaintext(api.name)).length;

    expect(await ask()).toMatchObject({ status: 502 });
    expect(seen(await ask(other.name))).toMatchObject({ host: other.name, tls: false });
    expect((await world.seenInPlaintext(api.name)).length).toBe(before);
  });

  test('of two hosts, one is encrypted and the other is not', async () => {
    await world.program({
      allowedHosts: [originating({}), { ...originating({}, other.name), tls: null }],
    });

    expect(seen(await ask())).toMatchObject({ host: api.name, tls: true });
    expect(seen(await ask(other.name))).toMatchObject({ host: other.name, tls: false });
  });

  test('another Host header than one of the list is refused, whatever the host would serve', async () => {
    await program({});

    expect(await ask(other.name)).toMatchObject({ status: 502 });
  });
});
