// What is read of a Pod. Entry: pod.
import type { Container, Owner, Pod, Probe } from '../../../objects/objects.ts';
import {
  always,
  anyInteger,
  anyText,
  integer,
  isTrue,
  many,
  numberOrText,
  one,
  shared,
  text,
  trueOrFalse,
  within,
} from './fields.ts';
import { message } from './message.ts';
import { type Item, metadataFields, type Present, stored } from './stored.ts';

const probe = message<Probe>({
  ...within(1, {
    httpGet: one(
      2,
      message<Present<Probe['httpGet']>>({
        path: text(1),
        port: numberOrText(2),
        host: text(3),
        scheme: text(4),
        httpHeaders: many(
          5,
          message<Item<Present<Present<Probe['httpGet']>['httpHeaders']>>>({
            name: anyText(1),
            value: anyText(2),
          }),
        ),
      }),
    ),
    tcpSocket: one(3, message<Present<Probe['tcpSocket']>>({ port: numberOrText(1) })),
    grpc: one(4, message<Present<Probe['grpc']>>({ port: anyInteger(1) })),
  }),
  timeoutSeconds: integer(3),
});

const container = message<Container>({
  name: anyText(1),
  ports: many(
    6,
    message<Item<Present<Container['ports']>>>({
      name: text(1),
      containerPort: anyInteger(3),
      protocol: text(4),
    }),
  ),
  livenessProbe: one(10, probe),
  readinessProbe: one(11, probe),
  startupProbe: one(22, probe),
});

type PodStatus = Present<Pod['status']>;

const owner = message<Owner>({ kind: text(1), name: anyText(3), controller: trueOrFalse(6) });

export const pod = stored<Pod>('Pod', {
  // The pods of one controller share what is said of it.
  metadata: one(1, message<Pod['metadata']>({ ...metadataFields, ownerReferences: shared(many(13, owner)) })),
  spec: one(
    2,
    message<Pod['spec']>({
      containers: always(shared(many(2, container))),
      restartPolicy: text(3),
      serviceAccountName: text(8),
      nodeName: text(10),
      hostNetwork: isTrue(11),
      initContainers: shared(many(20, container)),
    }),
  ),
  status: one(
    3,
    message<PodStatus>({
      phase: text(1),
      conditions: shared(
        many(2, message<Item<Present<PodStatus['conditions']>>>({ type: anyText(1), status: anyText(2) })),
      ),
      podIP: text(6),
      podIPs: many(12, message<Item<Present<PodStatus['podIPs']>>>({ ip: anyText(1) })),
    }),
  ),
});
