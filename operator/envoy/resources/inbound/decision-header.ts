// Names the rule that decided on responses, if a policy asks for it. As a filter in front of the rules: refusals pass it on their way
// back, while what a route says about headers is not heard by them.
import { setHeader } from '../header.ts';
import { decisionHeader } from '../names.ts';
import { effectiveRule, engineResult, rbacMetadata, rulesPrefix } from '../rbac-metadata.ts';
import { extension, type NamedExtension } from '../typed-config.ts';

const deniedBy = rbacMetadata(rulesPrefix.DENY + effectiveRule.enforced);
const allowedBy = rbacMetadata(rulesPrefix.ALLOW + effectiveRule.enforced);
/** Where no Allow rule matched, there is no id. */
const result = rbacMetadata(rulesPrefix.ALLOW + engineResult.enforced);

export const decisionOnResponse: NamedExtension = extension(
  'envoy.filters.http.header_mutation.decision',
  'envoy.extensions.filters.http.header_mutation.v3.HeaderMutation',
  {
    mutations: {
      response_mutations: [
        // Of the application.
        { remove: decisionHeader },
        { append: setHeader(decisionHeader, deniedBy + allowedBy) },
        { append: { header: { key: decisionHeader, value: result }, append_action: 'ADD_IF_ABSENT' } },
      ],
    },
  },
);
