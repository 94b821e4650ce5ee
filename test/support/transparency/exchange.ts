// One exchange over HTTP/1, byte by byte: a client and an application that say what a script tells them, and hear what comes. The same
// script is played to the application directly and through sidecars. Entry: startScriptedApplication, exchange.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { Closing } from '../data-plane/closing.ts';
import { type Message, readMessages } from './message.ts';

/** Words to say, or what has to be heard before the next words. Bytes are strings of latin1. */
export type Step = string | RegExp;

export interface Script {
  readonly client: readonly Step[];
  readonly application: readonly Step[];
  /** The application closes the connection after its last words: the end of the body. */
  readonly closes?: boolean;
  /** How long either end waits for what the script says it hears, in milliseconds. Default: for a minute. */
  readonly patienceMs?: number;
}

export interface Heard {
  readonly messages: readonly Message[];
  /** After a switch of protocols, or of a message without an end. */
  readonly rest: string;
}

export interface Transcript {
  readonly application: Heard;
  readonly client: Heard;
}

export interface ScriptedApplication {
  readonly port: number;
  /** The client's words go to `port`: the application's own, or that of a sidecar. */
  exchange(port: number, script: Script): Promise<Transcript>;
}

export async function startScriptedApplication(closing: Closing): Promise<ScriptedApplication> {
  const sockets = new Set<Socket>();
  let turn: ((socket: Socket, bytes: string) => void) | null = null;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.setEncoding('latin1').setNoDelay();
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (bytes: string) => turn?.(socket, bytes));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.add(async () => {
    for (const socket of sockets) socket.destroy();
    const closed = once(server, 'close');
    server.close();
    await closed;
  });
  const exchange = async (port: number, script: Script): Promise<Transcript> => {
    const application = new Player(script.application, 'application');
    turn = (socket, bytes) => {
      application.hears(bytes, socket, script.closes === true);
    };
    const client = new Player(script.client, 'client');
    const socket = connect({ host: '127.0.0.1', port }).setEncoding('latin1').setNoDelay();
    socket.on('error', () => undefined);
    socket.on('data', (bytes: string) => {
      client.hears(bytes, socket, false);
    });
    const method = String(script.client[0]).split(' ', 1)[0] ?? '';
    const isOver = (): boolean => isAnswered(client, method, socket);
    client.hears('', socket, false);
    const deadlineMs = performance.now() + (script.patienceMs ?? 60_000);
    await until(() => isOver() && application.isDone(), socket, deadlineMs);
    socket.destroy();
    turn = null;
    return {
      application: readMessages(application.heard, { kind: 'request', method, closed: true }),
      client: readMessages(client.heard, { kind: 'response', method, closed: socket.readableEnded }),
    };
  };
  return { port: (server.address() as AddressInfo).port, exchange };
}

/** Says its lines when their turn comes. */
class Player {
  readonly role: string;
  heard = '';
  #unheeded = '';
  readonly #steps: Step[];

  constructor(steps: readonly Step[], role: string) {
    this.#steps = [...steps];
    this.role = role;
  }

  hears(bytes: string, socket: Socket, closes: boolean): void {
    this.heard += bytes;
    this.#unheeded += bytes;
    for (let step = this.#steps[0]; step !== undefined; step = this.#steps[0]) {
      if (typeof step === 'string') socket.write(step, 'latin1');
      else {
        const match = step.exec(this.#unheeded);
        if (match === null) return;
        this.#unheeded = this.#unheeded.slice(match.index + match[0].length);
      }
      this.#steps.shift();
      if (this.#steps.length === 0 && closes) socket.end();
    }
  }

  isDone(): boolean {
    return this.#steps.length === 0;
  }
}

function isAnswered(client: Player, method: string, socket: Socket): boolean {
  if (socket.readableEnded || socket.destroyed) return true;
  if (!client.isDone()) return false;
  const { messages } = readMessages(client.heard, { kind: 'response', method, closed: false });
  return messages.some(({ start }) => !/ 1(?:0[^1]|[^0]\d) /.test(start));
}

async function until(condition: () => boolean, socket: Socket, deadlineMs: number): Promise<void> {
  while (!condition() && performance.now() < deadlineMs) {
    // oxlint-disable-next-line no-await-in-loop -- until something was heard
    await new Promise((resolve) => setTimeout(resolve, 1));
    if (socket.destroyed) return;
  }
}
