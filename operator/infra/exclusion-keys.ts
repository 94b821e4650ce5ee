// Annotations of pods that add to the exclusions of the Mesh: lists, separated by commas.

export const exclusionKeys = {
  inboundPorts: 'meshwright.dev/exclude-inbound-ports',
  outboundPorts: 'meshwright.dev/exclude-outbound-ports',
  outboundCidrs: 'meshwright.dev/exclude-outbound-cidrs',
} as const;
