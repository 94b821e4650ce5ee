// The whole operator, on a Kubernetes API server. Entry of a child process of main.ts.
import { runComponents } from '../../operator/process/lifecycle.ts';
import { createLog } from '../../operator/process/log.ts';
import { createOperator } from '../../operator/wiring/operator.ts';
import { readSettings } from '../../operator/process/settings.ts';
import { setUpEngine } from '../../operator/process/engine.ts';
import { receiveOptions, serve } from './child.ts';
import { measuring } from './measure.ts';
import { monotonicMs, type Listening, type OperatorOptions } from './protocol.ts';

setUpEngine();
const { kubeconfig } = await receiveOptions<OperatorOptions>();
const listen = ['--xds-address', '127.0.0.1:0', '--admin-address', '127.0.0.1:0'];
const settings = readSettings(['--kubeconfig', kubeconfig, ...listen, '--log-level', 'warn'], {});
const log = createLog(settings.logLevel);
const measure = measuring();

const startedAtMs = monotonicMs();
const operator = createOperator(settings, log, { name: 'bench', nonce: 'bench' });
await runComponents(operator.components, { log, signal: new AbortController().signal });
await Promise.race([operator.whenReady, operator.failed]);
operator.failed.catch((error: unknown) => {
  log.error({ error }, 'the operator failed');
  process.exit(1);
});
const ready: Listening = { port: operator.ports().xdsPort, startMs: monotonicMs() - startedAtMs };
serve(measure, ready);
