// What a sidecar does when clients take its memory: those who say nothing go first, and before the container's limit is reached new ones are
// refused, because a sidecar that is killed serves nobody. The memory of a sidecar without a limit is watched as well, and nobody is refused.
// @see https://www.envoyproxy.io/docs/envoy/latest/configuration/operations/overload_manager/overload_manager
import type { Json } from './bootstrap-parts.ts';

const mebibyte = 1024 ** 2;

/** Of a container's limit, but at most an eighth: stacks, buffers of the kernel, and what comes between two looks at the heap. */
const besidesHeap = 32 * mebibyte;

/** Of a sidecar without a limit. More than the configuration of a mesh of 5,000 Services takes. */
const heapWithoutLimit = 1024 * mebibyte;

/** Shares of the heap that a sidecar may have. */
const silentGo = { from: 0.7, to: 0.8 } as const;
const nobodyComes = 0.95;

const monitor = 'envoy.resource_monitors.fixed_heap';
const overload = 'envoy.config.overload.v3';

/** @param memoryLimit of the container, as Kubernetes writes quantities; undefined: none */
export function overloadManager(memoryLimit: string | undefined): Json {
  const max_heap_size_bytes = memoryLimit === undefined ? heapWithoutLimit : heapWithin(memoryLimit);
  return {
    refresh_interval: '0.1s',
    resource_monitors: [
      {
        name: monitor,
        typed_config: typed('envoy.extensions.resource_monitors.fixed_heap.v3.FixedHeapConfig', {
          max_heap_size_bytes,
        }),
      },
    ],
    actions: [
      { name: 'envoy.overload_actions.reduce_timeouts', triggers: [pressure], typed_config: shorterTimeouts },
      // Without it the system does not get back what the silent had.
      { name: 'envoy.overload_actions.shrink_heap', triggers: [above(silentGo.from)] },
    ],
    ...(memoryLimit !== undefined && {
      loadshed_points: [
        { name: 'envoy.load_shed_points.tcp_listener_accept', triggers: [above(nobodyComes)] },
      ],
    }),
  };
}

/** At full pressure: as long as a client with something to say needs. Nothing that is in use ends. */
const shorterTimeouts = typed(`${overload}.ScaleTimersOverloadActionConfig`, {
  timer_scale_factors: [
    { timer: 'HTTP_DOWNSTREAM_CONNECTION_IDLE', min_timeout: '5s' },
    { timer: 'TRANSPORT_SOCKET_CONNECT', min_timeout: '3s' },
  ],
});

const pressure: Json = {
  name: monitor,
  scaled: { scaling_threshold: silentGo.from, saturation_threshold: silentGo.to },
};

function above(value: number): Json {
  return { name: monitor, threshold: { value } };
}

function heapWithin(memoryLimit: string): number {
  const bytes = bytesOf(memoryLimit);
  return Math.max(Math.floor(bytes - Math.min(bytes / 8, besidesHeap)), 1);
}

const factors: Readonly<Record<string, number>> = {
  m: 0.001,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 1024,
  Mi: mebibyte,
  Gi: 1024 ** 3,
  Ti: 1024 ** 4,
};

/** Of a quantity in one of the forms that a Mesh accepts (api/v1alpha1/sidecar.ts). */
function bytesOf(quantity: string): number {
  const [, amount = '0', unit = ''] = /^([0-9.]+)(m|[kMGT]|[KMGT]i)?$/.exec(quantity) ?? [];
  return Math.floor(Number(amount) * (factors[unit] ?? 1));
}

function typed(type: string, fields: Json): Json {
  return { '@type': `type.googleapis.com/${type}`, ...fields };
}
