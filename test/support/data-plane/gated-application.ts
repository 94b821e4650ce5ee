// An application that answers when it is told to. Entry: startGated.
import type { Closing } from './closing.ts';
import { startApplication } from './applications.ts';

export interface GatedApplication {
  readonly port: number;
  /** Resolves when so many requests that are not answered yet are there. */
  holds(count: number): Promise<void>;
  /** Answers all of them. */
  open(): void;
}

export async function startGated(closing: Closing): Promise<GatedApplication> {
  const held = new Set<() => void>();
  const waiting = new Set<() => void>();
  const open = (): void => {
    for (const answer of held) answer();
    held.clear();
  };
  const port = await startApplication('gated', closing, (_seen, response) => {
    held.add(() => response.end('open'));
    for (const look of waiting) look();
  });
  closing.add(async () => {
    open();
  });
  const holds = async (count: number): Promise<void> => {
    await new Promise<void>((resolve) => {
      const look = (): void => {
        if (held.size < count) return;
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
    });
  };
  return { port, holds, open };
}
