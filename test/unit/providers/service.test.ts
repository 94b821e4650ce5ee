// Logs and spans come in: who sends is asked before the message is read, and how much.
import { EventEmitter } from 'node:events';
import { status } from '@grpc/grpc-js';
import { expect, test } from '@jest/globals';
import { type SignalHost, signalServices } from '../../../operator/providers/service.ts';

const source = {
  workload: 'Pod/shop/a',
  kind: 'Pod',
  namespace: 'shop',
  name: 'a',
  serviceAccount: 'a',
  spiffeId: 'spiffe://cluster.local/ns/shop/sa/a',
};

/** What is answered, and what the host was asked. */
function send(
  host: Partial<SignalHost>,
  ...messages: readonly Buffer[]
): { readonly code: status | null; readonly asked: readonly string[] } {
  const asked: string[] = [];
  const note = <A extends readonly unknown[], R>(what: string, answer: (...args: A) => R) => {
    return (...args: A): R => {
      asked.push(what);
      return answer(...args);
    };
  };
  const [logs] = signalServices({
    senderOf: note('sender', host.senderOf ?? (() => ({ sender: 'a' }))),
    allow: note('pace', host.allow ?? (() => true)),
    sourceOf: note('source', host.sourceOf ?? (() => source)),
    take: note('take', () => undefined),
    refused: () => undefined,
  });
  const call = Object.assign(new EventEmitter(), { getPeer: () => '10.0.0.1:1' });
  let code: status | null = null;
  const answer = logs?.implementation['Export'] as unknown as (
    it: typeof call,
    done: (error: { readonly code: status } | null) => void,
  ) => void;
  answer(call, (error) => {
    code = error?.code ?? status.OK;
  });
  for (const message of messages) call.emit('data', message);
  call.emit('end');
  return { code, asked };
}

const empty = Buffer.alloc(0);
const garbage = Buffer.from('garbage');

test.each<readonly [string, Partial<SignalHost>, readonly Buffer[], status, readonly string[]]>([
  ['a sidecar', {}, [empty], status.OK, ['sender', 'pace', 'source', 'take']],
  [
    'a stranger, whose message is not read',
    { senderOf: () => ({ code: status.PERMISSION_DENIED, reason: 'nobody' }) },
    [garbage],
    status.PERMISSION_DENIED,
    ['sender'],
  ],
  [
    'a sidecar that sends without end, whose message is not read',
    { allow: () => false },
    [garbage],
    status.RESOURCE_EXHAUSTED,
    ['sender', 'pace'],
  ],
  [
    'a sidecar that says that it is another',
    { sourceOf: () => ({ code: status.PERMISSION_DENIED, reason: 'another' }) },
    [empty],
    status.PERMISSION_DENIED,
    ['sender', 'pace', 'source'],
  ],
  ['garbage', {}, [garbage], status.INVALID_ARGUMENT, ['sender', 'pace']],
  ['too much', {}, [Buffer.alloc(8 * 1024 * 1024 + 1)], status.INVALID_ARGUMENT, ['sender', 'pace']],
  ['no message', {}, [], status.INVALID_ARGUMENT, ['sender']],
  ['two messages', {}, [empty, empty], status.INVALID_ARGUMENT, ['sender', 'pace', 'source', 'take']],
])('%s', (_what, host, messages, code, asked) => {
  expect(send(host, ...messages)).toEqual({ code, asked });
});
