// Reasons to leave a workload alone.
import { describe, expect, test } from '@jest/globals';
import { preflight, type PreflightSubject } from '../../../operator/infra/preflight.ts';

const fine: PreflightSubject = {
  template: {
    hostNetwork: false,
    systems: [],
    podRunAsUser: undefined,
    containers: [{ name: 'app', runAsUser: undefined }],
  },
  foreignNames: [],
  namespaceLabels: {},
  kubernetesVersion: { major: 1, minor: 30 },
};
const running = (
  podRunAsUser: number | undefined,
  runAsUser: number | undefined,
): Partial<PreflightSubject> => ({
  template: { ...fine.template, podRunAsUser, containers: [{ name: 'app', runAsUser }] },
});
const enforcing = (level: string): Partial<PreflightSubject> => ({
  namespaceLabels: { 'pod-security.kubernetes.io/enforce': level },
});

describe('preflight', () => {
  const cases: readonly (readonly [string, Partial<PreflightSubject>, readonly string[]])[] = [
    ['a workload like any other', {}, []],
    ['Kubernetes 1.29', { kubernetesVersion: { major: 1, minor: 29 } }, ['KubernetesTooOld']],
    ['Kubernetes 2.0', { kubernetesVersion: { major: 2, minor: 0 } }, []],
    ['the network of the node', { template: { ...fine.template, hostNetwork: true } }, ['HostNetwork']],
    ['pods for Windows', { template: { ...fine.template, systems: ['windows'] } }, ['NotLinux']],
    ['pods for Linux', { template: { ...fine.template, systems: ['linux', 'linux'] } }, []],
    ['a namespace at baseline', enforcing('baseline'), ['PodSecurity']],
    ['a namespace at restricted', enforcing('restricted'), ['PodSecurity']],
    ['a namespace at privileged', enforcing('privileged'), []],
    ['a container that has our name', { foreignNames: ['mw-proxy'] }, ['NameTaken']],
    ['a container that runs as our user', running(undefined, 1337), ['RunsAsSidecarUser']],
    ['a pod that runs as our user', running(1337, undefined), ['RunsAsSidecarUser']],
    ['a container that does not, in a pod that does', running(1337, 1000), []],
  ];

  test.each(cases)('%s', (_name, parts, reasons) => {
    const refusals = preflight({ ...fine, ...parts });

    expect(refusals.map(({ reason }) => reason)).toEqual(reasons);
    for (const { message } of refusals) expect(message).toMatch(/\. .*\.$/);
  });

  test('all reasons are told, in a fixed order', () => {
    const refusals = preflight({ ...fine, ...enforcing('baseline'), foreignNames: ['mw-init', 'mw-certs'] });

    expect(refusals.map(({ reason }) => reason)).toEqual(['PodSecurity', 'NameTaken']);
    expect(refusals[1]?.message).toMatch(/already uses the names mw-init and mw-certs/);
  });
});
