// Calls again and again, each time on a connection of its own: `knock.ts <host> <port>` prints the status of each answer, and `none` if there was none.
import { Agent, request } from 'node:http';
import { setTimeout } from 'node:timers/promises';

const [, , host = '', port = ''] = process.argv;

const pauseMs = 2;

function knock(): Promise<string> {
  return new Promise((resolve) => {
    const outgoing = request({ host, port: Number(port), agent: new Agent({ keepAlive: false }) });
    outgoing.on('response', (response) => resolve(String(response.resume().statusCode)));
    outgoing.on('error', () => resolve('none'));
    outgoing.end();
  });
}

process.stdout.write('listening\n');
for (;;) {
  // oxlint-disable-next-line no-await-in-loop -- one after the other
  process.stdout.write(`${await knock()}\n`);
  // oxlint-disable-next-line no-await-in-loop -- as above
  await setTimeout(pauseMs);
}
