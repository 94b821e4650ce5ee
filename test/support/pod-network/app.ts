// The application of a Pod: answers with its name and what it saw, at /slow after two seconds. Run by network.ts: `app.ts <name> <port>`.
import { createServer } from 'node:http';

const [, , name = '', port = '0'] = process.argv;

const slowMs = 2_000;

const server = createServer(({ url = '', headers }, response) => {
  const answer = (): void => {
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ app: name, url, headers }));
  };
  if (url !== '/slow') return answer();
  const timer = setTimeout(answer, slowMs);
  response.on('close', () => clearTimeout(timer));
});
// A sidecar keeps idle connections for longer: closing them first would race with the next request.
server.keepAliveTimeout = 0;
server.listen(Number(port), '::', () => process.stdout.write('listening\n'));
