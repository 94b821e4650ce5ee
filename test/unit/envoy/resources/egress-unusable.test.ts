// A host whose certificate could not be checked: nobody may call it, neither by a wildcard nor as an unknown host, which would be in plaintext.
import { describe, expect, test } from '@jest/globals';
import { buildEgress } from '../../../../operator/envoy/resources/egress/build.ts';
import { admittedHosts } from '../../../../operator/envoy/resources/egress/allow-list.ts';
import { egressPorts } from '../../../../operator/envoy/resources/egress/listeners.ts';
import type { EgressSettings } from '../../../../operator/envoy/resources/egress/settings.ts';
import { egressRoutes } from '../../../../operator/envoy/resources/names.ts';
import type { AllowedHostIr } from '../../../../operator/ir/allowed-host.ts';
import { meshOrigin } from '../../../support/mesh-samples.ts';

const unusable: AllowedHostIr = { host: 'api.example.com', port: 80, protocol: 'HTTP', tls: 'unusable' };
const wildcard: AllowedHostIr = { host: '*.example.com', port: 80, protocol: 'HTTP', tls: null };

describe.each(['AllowAny', 'RegistryOnly'] as const)('in mode %s', (outboundMode) => {
  test.each([
    ['alone', [unusable]],
    ['below a wildcard', [wildcard, unusable]],
  ])('%s, it has a virtual host that only refuses, and nothing to connect to', (_, allowedHosts) => {
    const origin = meshOrigin;
    const settings: EgressSettings = { outboundMode, allowedHosts, origin, learnsHosts: false };

    const resources = buildEgress(settings, 'PEM');

    expect(egressPorts(settings)).toEqual([{ port: 80, readsHttp: true }]);
    const routes = resources.find(({ name }) => name === egressRoutes(80))?.message;
    expect(routes).toMatchObject({
      virtual_hosts: expect.arrayContaining([
        {
          name: 'api.example.com',
          domains: ['api.example.com', 'api.example.com:80'],
          routes: [
            {
              name: 'not-allowed',
              match: { prefix: '/' },
              direct_response: { status: 502, body: { inline_string: expect.stringContaining('caBundle') } },
            },
          ],
        },
      ]),
    });
    expect(resources.map(({ name }) => name).filter((name) => name.includes('api.example.com'))).toEqual([]);
    expect(Object.keys(admittedHosts([unusable], null))).toEqual([]);
  });
});
