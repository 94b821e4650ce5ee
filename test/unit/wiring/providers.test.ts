// Access logs come in by the service, are believed of the workload that the certificate proves, and go to the providers of the Mesh.
import { EventEmitter } from 'node:events';
import { status } from '@grpc/grpc-js';
import { afterEach, expect, test } from '@jest/globals';
import { systemClock } from '../../../operator/process/clock.ts';
import { createMetrics } from '../../../operator/process/metrics.ts';
import { readSettings } from '../../../operator/process/settings.ts';
import { logsRequest } from '../../../operator/providers/otlp-schema.ts';
import { createBoard } from '../../../operator/wiring/board.ts';
import { createProviders } from '../../../operator/wiring/providers.ts';
import { MemorySecrets } from '../../support/memory-secrets.ts';
import { sampleAccessLog, sampleMesh, sampleWorkload, spiffeId } from '../../support/mesh-samples.ts';
import { rememberingLog } from '../../support/remembering-log.ts';
import { until } from '../../support/until.ts';

const settings = readSettings(['--platform', 'files', '--files', 'f', '--state', 's'], {});
const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(ends.splice(0).map((end) => end()));
});

function logs(node: string): Buffer {
  const pair = (key: string, stringValue: string): object => ({ key, value: { stringValue } });
  const resource = { attributes: [pair('node_name', node), pair('log_name', 'all')] };
  const scopeLogs = [{ logRecords: [{ attributes: [pair('path', '/a')] }] }];
  return Buffer.from(
    logsRequest.encode(logsRequest.fromObject({ resourceLogs: [{ resource, scopeLogs }] })).finish(),
  );
}

function start(): {
  readonly board: ReturnType<typeof createBoard>;
  readonly metrics: ReturnType<typeof createMetrics>;
  /** What a message of that node, with that certificate, is answered. */
  readonly send: (account: string, bytes: Buffer) => status;
} {
  const board = createBoard();
  const metrics = createMetrics();
  const { component } = createProviders(board, {
    settings,
    clock: systemClock,
    metrics,
    platform: { secrets: new MemorySecrets() },
    log: rememberingLog().log,
  });
  ends.push(async () => {
    metrics.close();
    await component.stop();
  });
  board.identities.set(new Map([['ExternalWorkload/shop/server', sampleWorkload('server')]]));
  const ir = sampleMesh({});
  // Nobody listens there.
  const provider = {
    name: 'p',
    type: 'OpenTelemetry',
    endpoint: 'http://127.0.0.1:1',
    protocol: 'HTTP',
    metrics: true,
  } as const;
  const accessLogs = [{ ...sampleAccessLog, providers: ['p'] }];
  board.translation.set({
    ...board.translation.get(),
    ir: { ...ir, settings: { ...ir.settings, providers: [provider], accessLogs } },
  });
  const send = (account: string, bytes: Buffer): status => {
    const call = Object.assign(new EventEmitter(), {
      getPeer: () => '127.0.0.1:1',
      getAuthContext: () => ({ sslPeerCertificate: { subjectaltname: `URI:${spiffeId(account)}` } }),
    });
    let code = status.OK;
    const [service] = board.signalServices.get();
    const answer = service?.implementation['Export'] as unknown as (
      it: typeof call,
      done: (error: { readonly code: status } | null) => void,
    ) => void;
    answer(call, (error) => {
      code = error?.code ?? status.OK;
    });
    call.emit('data', bytes);
    call.emit('end');
    return code;
  };
  return { board, metrics, send };
}

test.each([
  ['its own', 'server', logs('ExternalWorkload~shop~server~'), status.OK],
  ['another', 'caller', logs('ExternalWorkload~shop~server~'), status.PERMISSION_DENIED],
  ['nobody', 'server', logs('ExternalWorkload~shop~nobody~'), status.PERMISSION_DENIED],
  ['none', 'server', logs(''), status.INVALID_ARGUMENT],
  ['garbage', 'server', Buffer.from('garbage'), status.INVALID_ARGUMENT],
])('a message that says it is from %s', (_, account, bytes, expected) => {
  const { send } = start();

  expect(send(account, bytes)).toBe(expected);
});

test('a provider that is not there is told, and what is for it is counted', async () => {
  const { board, metrics, send } = start();
  expect(board.providerReports.get()).toEqual([{ name: 'p', trouble: null, dropped: 0 }]);

  send('server', logs('ExternalWorkload~shop~server~'));
  await until('a report', () => board.providerReports.get()[0]?.trouble !== null);

  await Promise.all(ends.splice(0).map((end) => end()));
  expect(await metrics.render()).toContain(
    'meshwright_telemetry_signals_total{provider="p",type="logs",result="dropped"} 1',
  );
});
