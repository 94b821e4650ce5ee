// What is read of the kinds of Kubernetes that are sent as protobuf: the same as convert.ts takes from their JSON. Entry: readers.
// The numbers are those of the generated.proto files of k8s.io/api and k8s.io/apimachinery; they never change their meaning.
import type {
  ConfigMap,
  CronJob,
  DaemonSet,
  Deployment,
  Endpoint,
  EndpointSlice,
  LabelSelector,
  Namespace,
  PodTemplate,
  Service,
  ServiceAccount,
  ServicePort,
  StatefulSet,
  StoredObject,
} from '../../../objects/objects.ts';
import {
  always,
  anyInteger,
  anyText,
  isTrue,
  many,
  numberOrText,
  one,
  shared,
  text,
  textMap,
  texts,
  trueOrFalse,
} from './fields.ts';
import { message, type ReadMessage } from './message.ts';
import { pod } from './pod.ts';
import { annotations, type Item, labels, metadata, type Present, stored } from './stored.ts';

const service = stored<Service>('Service', {
  metadata,
  spec: one(
    2,
    message<Service['spec']>({
      ports: many(
        1,
        message<ServicePort>({
          name: text(1),
          protocol: text(2),
          port: anyInteger(3),
          targetPort: numberOrText(4),
          appProtocol: anyText(6),
        }),
      ),
      selector: textMap(2),
      clusterIP: text(3),
      type: text(4),
      publishNotReadyAddresses: isTrue(13),
      clusterIPs: texts(18),
    }),
  ),
});

const endpointSlice = stored<EndpointSlice>('EndpointSlice', {
  metadata,
  endpoints: always(
    many(
      2,
      message<Endpoint>({
        addresses: always(texts(1)),
        conditions: shared(
          one(
            2,
            message<Present<Endpoint['conditions']>>({
              ready: trueOrFalse(1),
              serving: trueOrFalse(2),
              terminating: trueOrFalse(3),
            }),
          ),
        ),
        targetRef: one(
          4,
          message<Present<Endpoint['targetRef']>>({ kind: text(1), namespace: text(2), name: text(3) }),
        ),
        nodeName: anyText(6),
        zone: anyText(7),
      }),
    ),
  ),
  ports: always(
    shared(
      many(
        3,
        message<Item<Present<EndpointSlice['ports']>>>({
          name: anyText(1),
          protocol: anyText(2),
          port: anyInteger(3),
          appProtocol: anyText(4),
        }),
      ),
    ),
  ),
  addressType: anyText(4),
});

const selector = message<LabelSelector>({
  matchLabels: textMap(1),
  matchExpressions: many(
    2,
    message<Item<Present<LabelSelector['matchExpressions']>>>({
      key: anyText(1),
      operator: anyText(2),
      values: texts(3),
    }),
  ),
});

const template = message<PodTemplate>({
  metadata: one(1, message<Present<PodTemplate['metadata']>>({ labels, annotations })),
  spec: one(2, message<Present<PodTemplate['spec']>>({ serviceAccountName: text(8) })),
});

/** Where the selector is in the spec; the template comes next. */
function workloadSpec(selectorNumber: number): ReadMessage<Deployment['spec']> {
  return message<Deployment['spec']>({
    selector: one(selectorNumber, selector),
    template: one(selectorNumber + 1, template),
  });
}

type CronJobSpec = CronJob['spec'];

/** Reads an object that the API server sent as protobuf, without what surrounds it. */
export const readers: {
  readonly [K in StoredObject['kind']]?: ReadMessage<Extract<StoredObject, { kind: K }>>;
} = {
  Namespace: stored<Namespace>('Namespace', { metadata }),
  ServiceAccount: stored<ServiceAccount>('ServiceAccount', { metadata }),
  Service: service,
  EndpointSlice: endpointSlice,
  Pod: pod,
  Deployment: stored<Deployment>('Deployment', { metadata, spec: one(2, workloadSpec(2)) }),
  StatefulSet: stored<StatefulSet>('StatefulSet', { metadata, spec: one(2, workloadSpec(2)) }),
  DaemonSet: stored<DaemonSet>('DaemonSet', { metadata, spec: one(2, workloadSpec(1)) }),
  CronJob: stored<CronJob>('CronJob', {
    metadata,
    spec: one(
      2,
      message<CronJobSpec>({
        jobTemplate: one(
          5,
          message<CronJobSpec['jobTemplate']>({
            spec: one(2, message<CronJobSpec['jobTemplate']['spec']>({ template: one(6, template) })),
          }),
        ),
      }),
    ),
  }),
  ConfigMap: stored<ConfigMap>('ConfigMap', { metadata, data: { ...textMap(2), absent: {} } }),
};
