import { expect, test } from '@jest/globals';
import { readSettings, type Settings, SettingsError } from '../../../operator/process/settings.ts';

interface Given {
  readonly rule: string;
  readonly argv: string[];
  readonly env?: Record<string, string>;
}

const defaults: Settings = {
  help: false,
  platform: { kind: 'kubernetes', kubeconfig: undefined, sourceAddresses: 'seen', injection: null },
  namespace: 'meshwright-system',
  podAddress: undefined,
  xdsAddress: { host: '0.0.0.0', port: 15_012 },
  adminAddress: { host: '127.0.0.1', port: 8080 },
  jwksAllowAddresses: [],
  metadataServer: 'http://metadata.google.internal',
  logLevel: 'info',
  skipChecks: [],
  readyFile: undefined,
};
const files: Settings = {
  ...defaults,
  platform: { kind: 'files', files: 'in', state: 'out', deletionGraceMs: 2_000 },
  xdsAddress: { host: '127.0.0.1', port: 0 },
};
const onFiles = ['--platform', 'files', '--files', 'in', '--state', 'out'];

const good: (Given & { settings: Settings })[] = [
  { rule: 'nothing as kubernetes with its defaults', argv: [], settings: defaults },
  {
    rule: 'a pod as reached by the name of its Service',
    argv: ['--namespace=mesh', '--init-image=ours:1', '--sidecar-image=envoy:1'],
    env: { KUBERNETES_SERVICE_HOST: '10.96.0.1', POD_IP: '10.0.0.9' },
    settings: {
      ...defaults,
      platform: {
        kind: 'kubernetes',
        kubeconfig: undefined,
        sourceAddresses: 'seen',
        injection: {
          xds: { host: 'meshwright.mesh.svc', port: 15_012 },
          sidecarImage: 'envoy:1',
          initImage: 'ours:1',
        },
      },
      namespace: 'mesh',
      podAddress: '10.0.0.9',
    },
  },
  { rule: 'the files platform as listening on a free loopback port', argv: onFiles, settings: files },
  {
    rule: 'everything that can be set',
    argv: [
      '--kubeconfig=/etc/kube',
      '--source-addresses=hidden',
      '--sidecar-xds=xds.example:443',
      '--sidecar-image=envoy:1',
      '--init-image=ours:1',
      '--pod-address=10.0.0.9',
      '--namespace',
      'mesh',
      '--xds-address',
      '10.0.0.1:1',
      '--admin-address=[::1]:0',
      '--jwks-allow-addresses',
      '127.0.0.0/8',
      '--jwks-allow-addresses=::1/128',
      '--log-level',
      'debug',
      '--skip-check',
      're2',
      '--ready-file',
      '/tmp/ready',
    ],
    env: { GCE_METADATA_HOST: '127.0.0.1:988' },
    settings: {
      help: false,
      platform: {
        kind: 'kubernetes',
        kubeconfig: '/etc/kube',
        sourceAddresses: 'hidden',
        injection: {
          xds: { host: 'xds.example', port: 443 },
          sidecarImage: 'envoy:1',
          initImage: 'ours:1',
        },
      },
      namespace: 'mesh',
      podAddress: '10.0.0.9',
      xdsAddress: { host: '10.0.0.1', port: 1 },
      adminAddress: { host: '::1', port: 0 },
      jwksAllowAddresses: ['127.0.0.0/8', '::1/128'],
      metadataServer: 'http://127.0.0.1:988',
      logLevel: 'debug',
      skipChecks: ['re2'],
      readyFile: '/tmp/ready',
    },
  },
  {
    rule: 'POD_NAMESPACE as the own namespace',
    argv: [],
    env: { POD_NAMESPACE: 'mesh' },
    settings: { ...defaults, namespace: 'mesh' },
  },
  {
    rule: 'an empty POD_NAMESPACE as none',
    argv: [],
    env: { POD_NAMESPACE: '' },
    settings: defaults,
  },
  {
    rule: 'an option rather than the environment',
    argv: ['--namespace=a'],
    env: { POD_NAMESPACE: 'b' },
    settings: { ...defaults, namespace: 'a' },
  },
  {
    rule: 'the last of an option given twice',
    argv: ['--log-level=warn', '--log-level=error'],
    settings: { ...defaults, logLevel: 'error' },
  },
  {
    rule: 'a check skipped twice as skipped once',
    argv: ['--skip-check=re2', '--skip-check=re2'],
    settings: { ...defaults, skipChecks: ['re2'] },
  },
  {
    rule: 'how long an object must be missing',
    argv: [...onFiles, '--deletion-grace=1m30s'],
    settings: { ...files, platform: { kind: 'files', files: 'in', state: 'out', deletionGraceMs: 90_000 } },
  },
  {
    rule: 'an address on the files platform rather than its default',
    argv: [...onFiles, '--xds-address=0.0.0.0:1'],
    settings: { ...files, xdsAddress: { host: '0.0.0.0', port: 1 } },
  },
  { rule: 'help in spite of mistakes', argv: ['--help', '--nope'], settings: { ...defaults, help: true } },
];

test.each(good)('reads $rule', ({ argv, env, settings }) => {
  expect(readSettings(argv, env ?? {})).toEqual(settings);
});

const address = 'write host:port with a port from 0 to 65535, for example 127.0.0.1:8080 or [::1]:8080.';
const namespace =
  'which is no name of a namespace: use at most 63 lower-case letters, digits and hyphens, with a letter or digit at both ends.';
const bad: (Given & { problems: string[] })[] = [
  {
    rule: 'an option that does not exist',
    argv: ['--nope'],
    problems: ['Unknown option --nope. See --help.'],
  },
  {
    rule: 'an argument without an option',
    argv: ['x'],
    problems: ['Unexpected argument "x". Remove it, or see --help.'],
  },
  {
    rule: 'an option without its value',
    argv: ['--log-level'],
    problems: ['Option --log-level needs a value. Write --log-level=<value>.'],
  },
  {
    rule: 'an option followed by another one instead of its value',
    argv: ['--kubeconfig', '--namespace=a'],
    problems: ['Option --kubeconfig needs a value. Write --kubeconfig=<value>.'],
  },
  {
    rule: 'an unknown platform, and no mistakes that follow from it',
    argv: ['--platform=vm', '--files=x'],
    problems: ['Option --platform is "vm": choose one of kubernetes, files.'],
  },
  {
    rule: 'an unknown level',
    argv: ['--log-level=loud'],
    problems: ['Option --log-level is "loud": choose one of trace, debug, info, warn, error, fatal, silent.'],
  },
  {
    rule: 'an unknown check',
    argv: ['--skip-check=all'],
    problems: ['Option --skip-check is "all": choose re2.'],
  },
  {
    rule: 'an address without a port',
    argv: ['--xds-address=localhost'],
    problems: [`Option --xds-address is "localhost": ${address}`],
  },
  {
    rule: 'a port out of range',
    argv: ['--admin-address=localhost:65536'],
    problems: [`Option --admin-address is "localhost:65536": ${address}`],
  },
  {
    rule: 'an IPv6 address without brackets',
    argv: ['--admin-address=::1:80'],
    problems: [`Option --admin-address is "::1:80": ${address}`],
  },
  {
    rule: 'a namespace that cannot be',
    argv: ['--namespace=A_b'],
    problems: [`Option --namespace is "A_b", ${namespace}`],
  },
  {
    rule: 'a namespace that cannot be, from the environment',
    argv: [],
    env: { POD_NAMESPACE: '-' },
    problems: [`POD_NAMESPACE is "-", ${namespace}`],
  },
  {
    rule: 'a grace that is no duration',
    argv: [...onFiles, '--deletion-grace=2 seconds'],
    problems: [
      'Option --deletion-grace is "2 seconds": Write a duration as whole numbers with the units h, m, s or ms, such as 250ms, 3s or 1m30s.',
    ],
  },
  {
    rule: 'the files platform without folders',
    argv: ['--platform=files'],
    problems: [
      'The files platform needs --files <folder>: the YAML to watch.',
      'The files platform needs --state <folder>: where it keeps statuses and certificates.',
    ],
  },
  {
    rule: 'an option of the other platform',
    argv: ['--files=in'],
    problems: ['Option --files is for --platform files: remove it, or choose that platform.'],
  },
  {
    rule: 'a kubeconfig on the files platform',
    argv: [...onFiles, '--kubeconfig=x'],
    problems: ['Option --kubeconfig is for --platform kubernetes: remove it, or choose that platform.'],
  },
  {
    rule: 'several mistakes, all told at once',
    argv: ['--nope', '--log-level=loud', '--xds-address=x'],
    problems: [
      'Unknown option --nope. See --help.',
      `Option --xds-address is "x": ${address}`,
      'Option --log-level is "loud": choose one of trace, debug, info, warn, error, fatal, silent.',
    ],
  },
];

test.each(bad)('refuses $rule', ({ argv, env, problems }) => {
  expect(problemsOf(() => readSettings(argv, env ?? {}))).toEqual(problems);
});

function problemsOf(read: () => unknown): readonly string[] {
  try {
    read();
    return [];
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
}
