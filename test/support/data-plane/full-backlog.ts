// A port that nobody can connect to and that nobody refuses: the backlog is full and nothing is accepted. Entry: startFullBacklog.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Closing } from './closing.ts';

/** Writes its port, and then never comes back to its event loop. */
const program = `
const server = require('node:net').createServer();
server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
  require('node:fs').writeSync(1, String(server.address().port));
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
});`;

export async function startFullBacklog(closing: Closing): Promise<number> {
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  closing.add(async () => {
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  });
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  const port = Number(said.toString());
  // As many as the kernel takes of a backlog of one.
  const fillers = Array.from({ length: 2 }, () => connect({ port, host: '127.0.0.1' }));
  closing.add(async () => {
    for (const socket of fillers) socket.destroy();
  });
  await Promise.all(fillers.map((socket) => once(socket, 'connect')));
  return port;
}
