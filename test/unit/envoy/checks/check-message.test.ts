// The checks that run on a message before publication. That Envoy agrees is tested in test/integration/messages.test.ts.
import { describe, expect, test } from '@jest/globals';
import { checkMessage, checkNames } from '../../../../operator/envoy/checks/check-message.ts';
import { rules } from '../../../../operator/envoy/checks/rules.ts';
import type { Rules } from '../../../../operator/envoy/proto/descriptor.ts';
import { knownMessages, shapeOf } from '../../../../operator/envoy/proto/shapes.ts';
import { typeUrl } from '../../../../operator/envoy/proto/type-urls.ts';
import { brokenMessages, goodMessages } from '../../../support/envoy/judged-messages.ts';

test.each(goodMessages)('finds nothing in %s', (_name, type, message) => {
  expect(checkMessage(type, message)).toEqual([]);
});

test.each(brokenMessages)('finds %s', (_name, type, message, problems) => {
  expect(checkMessage(type, message)).toEqual(problems);
});

/** All rules of a set as `kind.rule`, with those of items, keys and values. */
function namesOf(set: Rules): readonly string[] {
  return Object.entries(set).flatMap(([kind, kindRules]) =>
    Object.entries(kindRules as Rules).flatMap(([name, value]) =>
      ['items', 'keys', 'values'].includes(name) ? namesOf(value as Rules) : [`${kind}.${name}`],
    ),
  );
}

function isHandled(rule: string): boolean {
  const [kind = '', name = ''] = rule.split('.');
  return name === 'required' || rules[kind]?.[name] !== undefined;
}

test('every rule that occurs in the messages we know is handled', () => {
  const fields = knownMessages().flatMap((name) => Array.from(shapeOf(name).fields.values()));
  const occurring = new Set(fields.flatMap((field) => namesOf(field.rules ?? {})));

  expect([...occurring].filter((rule) => !isHandled(rule))).toEqual([]);
  expect(occurring.size).toBeGreaterThan(30);
});

describe('a check that is switched off', () => {
  const message = {
    name: 'a',
    domains: ['a'],
    routes: [{ match: { safe_regex: { regex: '((' } }, route: {} }],
  };

  test('finds nothing, while the others still do', () => {
    const all = checkMessage(typeUrl.virtualHost, message);
    const without = checkMessage(typeUrl.virtualHost, message, new Set(['regex']));

    expect(without).toEqual(all.filter((problem) => !problem.includes('RE2')));
    expect(all.length).toBe(without.length + 1);
  });

  test('is one of these', () => {
    expect(checkNames).toEqual(['constraints', 'regex', 'addresses', 'durations', 'duplicates']);
  });
});

test('looks into what comes in an Any, and past what it does not know', () => {
  const options = {
    a: { '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions' },
    b: { '@type': 'unknown/Type' },
  };

  expect(checkMessage(typeUrl.cluster, { name: 'a', typed_extension_protocol_options: options })).toEqual([
    'typed_extension_protocol_options["a"]: one of explicit_http_config, use_downstream_protocol_config, auto_config must be set',
  ]);
});

test('takes a DNS name in the endpoints of a DNS cluster only', () => {
  const endpoint = { address: { socket_address: { address: 'db.example', port_value: 1 } } };
  const assignment = { cluster_name: 'a', endpoints: [{ lb_endpoints: [{ endpoint }] }] };
  const check = (type: string): number =>
    checkMessage(typeUrl.cluster, { name: 'a', type, load_assignment: assignment }).length;

  expect([check('STRICT_DNS'), check('LOGICAL_DNS'), check('STATIC')]).toEqual([0, 0, 1]);
});
