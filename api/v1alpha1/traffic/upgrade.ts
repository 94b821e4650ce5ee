// Protocols to which a connection may switch.
import { z } from 'zod';
import { listSet } from '../../schema.ts';

/** Those that sidecars pass at all: see docs/transparency.md. */
export const upgradeTokens = [
  'WebSocket',
  'SPDY/3.1',
  'tcp',
  'connect-udp',
  'connect-ip',
  'PTTH/1.0',
  'RTSP/1.0',
  'raw',
  'ssh',
  'yamux',
  'ts2021',
  'tailscale-control-protocol',
  'derp',
] as const;

export const upgrades = listSet(z.array(z.enum(upgradeTokens)).max(upgradeTokens.length));
