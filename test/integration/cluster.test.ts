// The one-node cluster by itself: pods of images made here, service addresses, names, the way to and from this
// machine, and that nothing of it stays.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, readdir, readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { claim, release, removeLeftovers } from '../cluster/claim.ts';
import { type Cluster, startCluster } from '../cluster/cluster.ts';
import { must } from '../cluster/command.ts';
import { layoutOf } from '../cluster/layout.ts';
import { clusterAvailable } from '../cluster/prepare.ts';
import { iptablesImage, iptablesImageName, nodeImage, nodeImageName } from '../cluster/standard-images.ts';
import { poll } from '../support/kubernetes/poll.ts';

const available = await clusterAvailable();
if (!available.available) process.stderr.write(`NOT RUN: ${available.reason}\n`);
const suite = available.available ? describe : describe.skip;

const startMs = 300_000;
const testMs = 300_000;

/** Answers each request with the address that it came from. */
const echoServer = `
  require('node:http')
    .createServer((request, response) => response.end('you are ' + request.socket.remoteAddress))
    .listen(8080)`;

const echo = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'echo' } },
  {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'echo', namespace: 'echo' },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: 'echo' } },
      template: {
        metadata: { labels: { app: 'echo' } },
        spec: {
          containers: [
            {
              name: 'app',
              image: nodeImageName,
              args: ['-e', echoServer],
              ports: [{ containerPort: 8080 }],
              readinessProbe: { httpGet: { port: 8080 }, periodSeconds: 1 },
            },
          ],
        },
      },
    },
  },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'echo', namespace: 'echo' },
    spec: { selector: { app: 'echo' }, ports: [{ port: 80, targetPort: 8080 }] },
  },
];

/** A pod that runs to its end. */
function oneShot(name: string, container: Readonly<Record<string, unknown>>): unknown {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'echo', labels: { app: name } },
    spec: { restartPolicy: 'Never', containers: [{ name: 'app', ...container }] },
  };
}

suite('a one-node cluster', () => {
  let before: string;
  let cluster: Cluster;

  beforeAll(async () => {
    before = await must(['iptables-save']);
    cluster = await startCluster({ images: [nodeImage(), iptablesImage()] });
    await apply(echo);
    await cluster.mustKubectl(['rollout', 'status', 'deployment/echo', '--namespace=echo', '--timeout=180s']);
  }, startMs);

  afterAll(async () => {
    await cluster.stop();
  }, testMs);

  async function apply(objects: readonly unknown[]): Promise<void> {
    const list = { apiVersion: 'v1', kind: 'List', items: objects };
    await cluster.mustKubectl(['apply', '--filename=-'], JSON.stringify(list));
  }

  /** Runs a pod to its end and returns what it printed. */
  async function outputOf(name: string, container: Readonly<Record<string, unknown>>): Promise<string> {
    await apply([oneShot(name, container)]);
    const pod = `pod/${name}`;
    const phase = ['get', pod, '--namespace=echo', '--output=jsonpath={.status.phase}'];
    const ended = async (): Promise<string | undefined> => {
      const now = await cluster.mustKubectl(phase);
      return now === 'Succeeded' || now === 'Failed' ? now : undefined;
    };
    await poll(ended, { intervalMs: 200, deadlineMs: 180_000 });
    return await cluster.mustKubectl(['logs', pod, '--namespace=echo']);
  }

  /** kube-proxy and the name server hear of a Service, and that its pods are ready, a moment after `kubectl rollout status`. */
  async function fetchInPod(name: string, url: string): Promise<string> {
    const script = `
      const ask = () => fetch('${url}').catch(() => new Promise((resolve) => setTimeout(resolve, 100)).then(ask));
      ask().then((answer) => answer.text()).then((body) => process.stdout.write(body))`;
    return await outputOf(name, { image: nodeImageName, args: ['-e', script] });
  }

  test(
    'a pod calls a Service by its name, and the server sees the pod',
    async () => {
      const answer = await fetchInPod('caller', 'http://echo/');

      const caller = await cluster.mustKubectl([
        'get',
        'pod/caller',
        '--namespace=echo',
        '--output=jsonpath={.status.podIP}',
      ]);
      expect(answer).toBe(`you are ::ffff:${caller}`);
    },
    testMs,
  );

  test(
    'this machine and the pods are neighbours: each is seen at its own address',
    async () => {
      const server = createServer((request: IncomingMessage, response) => {
        response.end(`you are ${request.socket.remoteAddress}`);
      });
      const port = await listen(server);

      const [fromPod, fromHost] = await Promise.all([
        fetchInPod('to-host', `http://${cluster.hostAddress}:${port}/`),
        fetch(`http://${await cluster.podIp('echo', 'app=echo')}:8080/`).then((answer) => answer.text()),
      ]);

      server.close();
      const pod = await cluster.mustKubectl([
        'get',
        'pod/to-host',
        '--namespace=echo',
        '--output=jsonpath={.status.podIP}',
      ]);
      expect({ fromPod, fromHost }).toEqual({
        fromPod: `you are ${pod}`,
        fromHost: `you are ::ffff:${cluster.hostAddress}`,
      });
    },
    testMs,
  );

  test(
    'kubectl exec runs a command in a pod and hands its output and its input through',
    async () => {
      const command = ['exec', '--stdin', '--namespace=echo', 'deployment/echo', '--', '/bin/cat'];

      const { code, stdout } = await cluster.kubectl(command, 'as it was sent');

      expect({ code, stdout }).toEqual({ code: 0, stdout: 'as it was sent' });
    },
    testMs,
  );

  test(
    'a container with NET_ADMIN redirects the traffic of its pod',
    async () => {
      const rules = ['*nat', '-A OUTPUT -p tcp --dport 9 -j REDIRECT --to-ports 10', 'COMMIT', ''].join('\n');
      const script = `printf '${rules.replaceAll('\n', '\\n')}' | iptables-restore && iptables-save -t nat`;

      const output = await outputOf('rules', {
        image: iptablesImageName,
        args: ['-c', script],
        securityContext: { capabilities: { drop: ['ALL'], add: ['NET_ADMIN', 'NET_RAW'] } },
      });

      const shown = output.split('\n').filter((line) => line.startsWith('-A'));
      expect(shown).toEqual(['-A OUTPUT -p tcp -m tcp --dport 9 -j REDIRECT --to-ports 10']);
    },
    testMs,
  );

  test(
    'a second cluster of the same number is refused',
    async () => {
      const message = new RegExp(`Cluster ${cluster.index} is in use by process ${process.pid}`);

      await expect(startCluster({ index: cluster.index })).rejects.toThrow(message);
    },
    testMs,
  );

  test(
    'after the stop no process, mount, interface, route, rule, cgroup or file of it is left',
    async () => {
      await cluster.stop();

      const { stateDir, lockFile } = layoutOf(cluster.index);
      expect(await leftOf(cluster.index)).toEqual([]);
      expect(await must(['iptables-save'])).toBe(before);
      await expect(access(stateDir)).rejects.toThrow('ENOENT');
      await expect(access(lockFile)).rejects.toThrow('ENOENT');
    },
    testMs,
  );
});

suite('the namespaces of a cluster', () => {
  test(
    'end with the process that made them, also when it is killed, and the next claim removes the rest',
    async () => {
      const { index, pid } = await makeNamespacesInAnotherProcess();
      const layout = layoutOf(index);
      expect((await leftOf(index)).join('\n')).toContain(`${layout.stateDir}/witness`);

      process.kill(pid, 'SIGKILL');

      const gone = async (): Promise<true | undefined> => {
        const left = await leftOf(index);
        return left.every((line) => line === layout.cgroup) ? true : undefined;
      };
      await poll(gone, { intervalMs: 50, deadlineMs: 60_000 });
      await claim(index);
      await removeLeftovers(layout);
      await release(layout);
      expect(await leftOf(index)).toEqual([]);
    },
    testMs,
  );
});

/** A process that holds namespaces, with a program in them that names the cluster's folder. */
async function makeNamespacesInAnotherProcess(): Promise<{ index: number; pid: number }> {
  const folder = join(import.meta.dirname, '..', 'cluster');
  const script = `
    import { mkdir, writeFile } from 'node:fs/promises';
    import { spawn } from 'node:child_process';
    import { createCgroups } from '${folder}/cgroups.ts';
    import { claim } from '${folder}/claim.ts';
    import { createNamespaces } from '${folder}/namespaces.ts';
    import { findPrograms } from '${folder}/programs.ts';
    const layout = await claim();
    await mkdir(layout.logDir, { recursive: true });
    await writeFile(layout.stateDir + '/witness', '');
    const { enter } = await createNamespaces(layout, (await findPrograms()).node + '/pause');
    await createCgroups(layout.cgroup);
    const [program, ...args] = enter(['tail', '-f', layout.stateDir + '/witness']);
    spawn(program, args, { stdio: 'ignore' }).once('spawn', () => process.stdout.write(layout.index + '\\n'));`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [firstLine] = (await once(child.stdout, 'data')) as [Buffer];
  return { index: Number(firstLine.toString()), pid: child.pid ?? 0 };
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '0.0.0.0');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** What names one of the cluster's folders, interfaces or cgroups. */
async function leftOf(index: number): Promise<string[]> {
  const { stateDir, links, cgroup } = layoutOf(index);
  const [mounts, routes, interfaces, hierarchies, commandLines] = await Promise.all([
    readFile('/proc/self/mounts', 'utf8'),
    must(['ip', 'route']),
    must(['ip', '-brief', 'link']),
    readdir('/sys/fs/cgroup'),
    processes(),
  ]);
  const cgroups = await Promise.all(
    ['.', ...hierarchies].map((hierarchy) => readdir(`/sys/fs/cgroup/${hierarchy}`).catch(() => [])),
  );
  const names = new Set([stateDir, ...Object.values(links), cgroup]);
  const lines = [mounts, routes, interfaces].flatMap((output) => output.split('\n'));
  return [...lines, ...cgroups.flat(), ...commandLines].filter(
    (line) => line.includes(`${stateDir}/`) || line.split(/[\s@]+/).some((word) => names.has(word)),
  );
}

async function processes(): Promise<string[]> {
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  return await Promise.all(
    ids.map(async (id) => {
      const commandLine = await readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '');
      return commandLine.replaceAll('\0', ' ');
    }),
  );
}
