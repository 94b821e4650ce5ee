// What the init container of a meshed pod runs: loads the redirection rules and proves that they are in force, or
// fails, and with it the pod. A program of its own: it imports nothing of the operator.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import { text } from 'node:stream/consumers';

interface Rules {
  readonly family: 4 | 6;
  /** Of the chains below, for iptables-restore. */
  readonly text: string;
}

const jumps = [
  ['PREROUTING', 'MESHWRIGHT_INBOUND'],
  ['OUTPUT', 'MESHWRIGHT_OUTBOUND'],
] as const;

/** The rules redirect this one for the self-test: where nobody listens, but every pod has a route to. */
const probe = { 4: { host: '127.0.0.1', port: 1 }, 6: { host: '::1', port: 1 } } as const;
const connectTimeoutMs = 2000;

async function main(): Promise<void> {
  refuseHostNetwork();
  await intercept({ family: 4, text: variable('MESHWRIGHT_RULES_IPV4') });
  await interceptIpv6({ family: 6, text: variable('MESHWRIGHT_RULES_IPV6') });
}

/** The rules would redirect the traffic of the whole node. */
function refuseHostNetwork(): void {
  if (variable('POD_IP') !== variable('HOST_IP')) return;
  throw new Error('This pod uses the host network, so its traffic cannot be redirected. Remove hostNetwork.');
}

/** A pod without an IPv6 address that others reach may be on a kernel that cannot redirect IPv6, and needs not. */
async function interceptIpv6(rules: Rules): Promise<void> {
  const addresses = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
  const ipv6 = addresses.filter(({ family }) => family === 'IPv6');
  if (ipv6.length === 0) return;
  try {
    await intercept(rules);
  } catch (error) {
    if (ipv6.some(({ internal, scopeid = 0 }) => !internal && scopeid === 0)) throw error;
    process.stdout.write(`IPv6 is not redirected; this pod has no IPv6 address. ${String(error)}\n`);
  }
}

async function intercept(rules: Rules): Promise<void> {
  const backEnd = await load(rules);
  await check(rules.family, backEnd);
  process.stdout.write(`IPv${rules.family} redirection is active (${backEnd})\n`);
}

/** With nf_tables, or where the kernel has none, the tables of old. Returns which. */
async function load(rules: Rules): Promise<string> {
  const failures: string[] = [];
  for (const backEnd of ['nft', 'legacy']) {
    // The second only if the first cannot work here.
    // oxlint-disable-next-line no-await-in-loop
    const failure = await loadWith(backEnd, rules);
    if (failure === undefined) return backEnd;
    failures.push(`${backEnd}: ${failure}`);
  }
  throw new Error(`Cannot load the IPv${rules.family} rules: ${failures.join('; ')}`);
}

async function loadWith(backEnd: string, rules: Rules): Promise<string | undefined> {
  const command = program(rules.family, backEnd);
  const restored = await run([`${command}-restore`, '--noflush'], rules.text);
  if (restored.code !== 0) return restored.output;
  for (const [from, to] of jumps) {
    const rule = [from, '-p', 'tcp', '-j', to];
    // The network of a pod outlives its containers: the jump may be there from before.
    // oxlint-disable-next-line no-await-in-loop
    if ((await run([command, '-t', 'nat', '-C', ...rule])).code === 0) continue;
    // oxlint-disable-next-line no-await-in-loop -- added only where the check before did not find it
    const added = await run([command, '-t', 'nat', '-A', ...rule]);
    if (added.code !== 0) return added.output;
  }
  return undefined;
}

/** Outbound by a real connection that has to arrive here; inbound, which cannot be made from inside, by its rule. */
async function check(family: 4 | 6, backEnd: string): Promise<void> {
  const [from, to] = jumps[0];
  const inbound = await run([program(family, backEnd), '-t', 'nat', '-C', from, '-p', 'tcp', '-j', to]);
  if (inbound.code !== 0) throw new Error(`The inbound IPv${family} rule is not active: ${inbound.output}`);
  const server = createServer((socket) => socket.destroy());
  server.listen(Number(variable('MESHWRIGHT_OUTBOUND_PORT')), family === 4 ? '0.0.0.0' : '::');
  await once(server, 'listening');
  try {
    await reach(family, server);
  } finally {
    server.close();
  }
}

async function reach(family: 4 | 6, server: Server): Promise<void> {
  const socket = connect({ ...probe[family], family });
  const timer = setTimeout(() => socket.destroy(new Error('no answer')), connectTimeoutMs);
  try {
    await Promise.all([once(socket, 'connect'), once(server, 'connection')]);
  } catch (cause) {
    throw new Error(`Outbound IPv${family} connections are not redirected.`, { cause });
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}

function program(family: 4 | 6, backEnd: string): string {
  return `${family === 4 ? 'iptables' : 'ip6tables'}-${backEnd}`;
}

async function run(
  [command = '', ...args]: readonly string[],
  input = '',
): Promise<{ readonly code: number; readonly output: string }> {
  // The root file system is read-only, and iptables wants a lock file.
  // oxlint-disable-next-line node/no-process-env -- PATH for the child, nothing is read from it
  const env = { ...process.env, XTABLES_LOCKFILE: '/dev/shm/xtables.lock' };
  const child = spawn(command, args, { env, stdio: ['pipe', 'ignore', 'pipe'] });
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  try {
    const [output] = await Promise.all([text(child.stderr), once(child, 'close')]);
    return { code: child.exitCode ?? 1, output: output.trim() };
  } catch (error) {
    return { code: 127, output: String(error) };
  }
}

function variable(name: string): string {
  // oxlint-disable-next-line node/no-process-env -- a program of its own: the pod template sets these
  const value = process.env[name];
  if (value === undefined || value === '') throw new Error(`The variable ${name} is not set.`);
  return value;
}

main().catch((error: unknown) => {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = 1;
});

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message} (${messageOf(error.cause)})`;
}
