// The methods by which a replica tells the leader of its proxies (Report), and passes on what they say and hear of quotas (Quotas:
// quota-message.ts, as it comes). Of Report: the leader speaks first: an empty message is a credit,
// and each allows one batch (messages.ts), so that no more is on its way than the leader keeps up with.
import type { ServiceDefinition } from '@grpc/grpc-js';
import { bytesMethod } from '../xds/server/service.ts';

export const reportPath = '/meshwright.v1.Replicas/Report';

export const quotasPath = '/meshwright.v1.Replicas/Quotas';

export const credit = Buffer.alloc(0);

export const replicasService: ServiceDefinition = {
  Report: bytesMethod(reportPath),
  Quotas: bytesMethod(quotasPath),
};

/** A batch is due at least so often, in milliseconds: an empty one if there is nothing to tell. */
export const heartbeatMs = 3000;
/** Who is silent for so long is gone, in milliseconds. */
export const silenceMs = 10_000;
