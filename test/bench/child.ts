// The other end of a child process of main.ts: what it is told to be, what it is asked.
import { once } from 'node:events';

/** The first message. Whoever takes it ends with its parent. */
export async function receiveOptions<T extends object>(): Promise<T> {
  process.on('disconnect', () => process.exit(0));
  const [options] = (await once(process, 'message')) as [T];
  return options;
}

/** From now on answers each message. `ready`: said at once. */
export function serve(perform: (command: never) => Promise<object>, ready: object): void {
  process.on('message', (command: unknown) => {
    void perform(command as never).then((answer) => process.send?.(answer));
  });
  process.send?.(ready);
}
