// To which pods the API server adds a sidecar, beyond what selectors can say: expressions of CEL. Pure. Entry: matchConditions.
import { certificateVolume } from '../values/pod-certificates.ts';
import { sidecarUser } from './interception.ts';
import { ownContainers } from './pod-names.ts';

/** Pods of service accounts with longer names get no sidecar: CEL cannot compute the hash in the names of their Secrets. */
export const mostAccountCharacters = 240;

/** Of nodes. */
export const osLabel = 'kubernetes.io/os';

const [initName, proxyName] = ownContainers.map((name) => JSON.stringify(name));
const initContainers = 'object.spec.?initContainers.orValue([])';
const allContainers = `${initContainers} + object.spec.containers`;
const isOurs = `c.name in [${initName}, ${proxyName}]`;

/** All have to hold. Variables are not known here. */
export const matchConditions = [
  { name: 'not-host-network', expression: '!object.spec.?hostNetwork.orValue(false)' },
  // A static pod of a kubelet runs whatever the API server says.
  {
    name: 'not-mirror',
    expression: "!object.metadata.?annotations[?'kubernetes.io/config.mirror'].hasValue()",
  },
  {
    name: 'linux',
    expression:
      "object.spec.?os.?name.orValue('linux') == 'linux' && " +
      `object.spec.?nodeSelector[?'${osLabel}'].orValue('linux') == 'linux'`,
  },
  {
    name: 'not-the-sidecars-user',
    expression:
      `!(${allContainers}).exists(c, !(${isOurs}) && ` +
      `c.?securityContext.?runAsUser.orValue(object.spec.?securityContext.?runAsUser.orValue(0)) == ${sidecarUser})`,
  },
  {
    name: 'account-has-a-secret',
    expression: `object.spec.?serviceAccountName.orValue('default').size() <= ${mostAccountCharacters}`,
  },
  // The API server would refuse a second one of a name; templates with these get no sidecar either.
  {
    name: 'names-are-free',
    expression:
      `!object.spec.containers.exists(c, ${isOurs}) && ` +
      `(${initContainers}.filter(c, ${isOurs}).size() == ${ownContainers.length} || ` +
      `!(${initContainers}.exists(c, ${isOurs}) || object.spec.?volumes.orValue([]).exists(v, v.name == ${JSON.stringify(certificateVolume)})))`,
  },
  {
    name: 'not-yet-first',
    expression:
      `!(object.spec.?initContainers[?0].?name.orValue('') == ${initName} && ` +
      `object.spec.?initContainers[?1].?name.orValue('') == ${proxyName})`,
  },
];
