// Calls from within a Pod: `caller.ts <host> <port> <path> <count> <headers as JSON>`, one connection after the other;
// prints their statuses and bodies as one JSON array. Run by network.ts.
import { call } from '../data-plane/callers.ts';

const [, , host = '', port = '', path = '/', count = '1', headers = '{}'] = process.argv;
const options = { host, path, headers: JSON.parse(headers) as Readonly<Record<string, string>> };
const answers: unknown[] = [];
for (let done = 0; done < Number(count); done += 1) {
  // oxlint-disable-next-line no-await-in-loop -- one after the other
  const { status, body } = await call(Number(port), options);
  answers.push({ status, body });
}
process.stdout.write(JSON.stringify(answers));
