// The program of the init container in a network namespace of its own: rules of a real kernel.
import { describe, expect, test } from '@jest/globals';
import { execFile, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { interceptionRules } from '../../operator/infra/interception.ts';

/** A network namespace of its own, as root. */
const networks =
  spawnSync('unshare', ['-n', 'iptables', '-t', 'nat', '-L'], { stdio: 'ignore' }).status === 0;
if (!networks) process.stderr.write('NOT RUN: redirection needs root, unshare and iptables.\n');

(networks ? describe : describe.skip)('the init container', () => {
  const rules = {
    excludeInboundPorts: [9000],
    excludeOutboundPorts: [3306],
    excludeOutboundCidrs: ['10.9.0.0/16'],
    ports: { outbound: 15_001, inbound: 15_006, readiness: 15_021 },
  };
  const program = fileURLToPath(new URL('../../operator/intercept.ts', import.meta.url));
  const run = async (script: string, variables: Readonly<Record<string, string>> = {}): Promise<string> => {
    const env = {
      ...process.env,
      POD_IP: '10.0.0.5',
      HOST_IP: '10.0.0.1',
      MESHWRIGHT_RULES_IPV4: interceptionRules(4, rules),
      MESHWRIGHT_RULES_IPV6: interceptionRules(6, rules),
      MESHWRIGHT_OUTBOUND_PORT: '15001',
      INTERCEPT: `${process.execPath} ${program}`,
      ...variables,
    };
    const { stdout } = await promisify(execFile)('unshare', ['-n', 'sh', '-c', script], { env });
    return stdout;
  };

  test('puts the rules in force once, however often it runs', async () => {
    const stdout = await run(
      'ip link set lo up && $INTERCEPT && $INTERCEPT && iptables-save -t nat && ip6tables-save -t nat',
    );

    expect(stdout).toMatch(/IPv4 redirection is active/);
    expect(stdout.match(/-A PREROUTING -p tcp -j MESHWRIGHT_INBOUND/g)).toHaveLength(2);
    expect(stdout.match(/-A OUTPUT -p tcp -j MESHWRIGHT_OUTBOUND/g)).toHaveLength(2);
    expect(stdout.match(/--to-ports 15001$/gm)).toHaveLength(4);
  });

  test('fails the pod when connections are not redirected', async () => {
    const script = 'ip link set lo up && $INTERCEPT 2>&1 || echo failed';

    expect(await run(script, { MESHWRIGHT_OUTBOUND_PORT: '15002' })).toMatch(/not redirected.*\nfailed/s);
    expect(await run(script, { MESHWRIGHT_RULES_IPV4: '*nat\nnonsense\nCOMMIT\n' })).toMatch(
      /Cannot load the IPv4 rules.*\nfailed/s,
    );
  });

  test('leaves the network of a node alone', async () => {
    const script = 'ip link set lo up; $INTERCEPT 2>&1 || echo failed; iptables-save -t nat';

    const stdout = await run(script, { HOST_IP: '10.0.0.5' });

    expect(stdout).toMatch(/uses the host network.*failed/s);
    expect(stdout).not.toContain('MESHWRIGHT');
  });
});
