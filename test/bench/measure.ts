// What a server process tells of itself: CPU time, memory, how late its timers fire, a CPU profile.
import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { MeasureCommand, ServerUsage } from './protocol.ts';

const resolutionMs = 5;

/** Returns what answers. It measures from now on, and keeps the process alive. */
export function measuring(): (command: MeasureCommand) => Promise<object> {
  const loop = monitorEventLoopDelay({ resolution: resolutionMs });
  loop.enable();
  const inspector = new Session();
  let peakRssMb = 0;
  setInterval(() => {
    peakRssMb = Math.max(peakRssMb, process.memoryUsage.rss() / 2 ** 20);
  }, 20);

  const usage = (): ServerUsage => {
    const { user, system } = process.cpuUsage();
    const { rss, heapUsed, external } = process.memoryUsage();
    const result = {
      cpuMs: (user + system) / 1000,
      rssMb: rss / 2 ** 20,
      peakRssMb,
      heapMb: heapUsed / 2 ** 20,
      externalMb: external / 2 ** 20,
      loopP99Ms: loop.percentile(99) / 1e6 - resolutionMs,
      loopMaxMs: loop.max / 1e6 - resolutionMs,
    };
    loop.reset();
    peakRssMb = 0;
    return result;
  };
  const profile = async (file: string | null): Promise<void> => {
    if (file === null) {
      inspector.connect();
      await inspector.post('Profiler.enable');
      await inspector.post('Profiler.start');
      return;
    }
    const result = await inspector.post('Profiler.stop');
    inspector.disconnect();
    writeFileSync(file, JSON.stringify(result.profile));
  };
  return async (command) => {
    if (command.type === 'usage') return usage();
    if (command.type === 'collect-garbage') globalThis.gc?.();
    else await profile(command.file);
    return {};
  };
}
