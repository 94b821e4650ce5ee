// The application of a Pod: answers with its name and what it saw. Run by network.ts: `app.ts <name> <port>`.
import { createServer } from 'node:http';

const [, , name = '', port = '0'] = process.argv;

createServer(({ url = '', headers }, response) => {
  response.setHeader('content-type', 'application/json').end(JSON.stringify({ app: name, url, headers }));
}).listen(Number(port), '::', () => process.stdout.write('listening\n'));
