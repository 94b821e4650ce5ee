// Asks the admin port of the sidecar in a Pod: `admin.ts <port> <path>`; prints what it answers.
import { call } from '../data-plane/callers.ts';

const [, , port = '', path = ''] = process.argv;
process.stdout.write((await call(Number(port), { path })).body);
