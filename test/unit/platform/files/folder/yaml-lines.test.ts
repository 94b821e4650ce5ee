import { expect, test } from '@jest/globals';
import { lineOfField } from '../../../../../operator/platform/files/folder/yaml-lines.ts';

const text = `apiVersion: v1
metadata: {name: a, labels: {app.kubernetes.io/name: b}}
spec:
  targetRefs:
  - kind: Service
    name: a
  - {kind: Service,
     name: b}
  authorization: &x
    rules:
    - name: one
    - name: two
      action: Alow
      to:
      - paths: ["/a", "/b"]
  "quoted": 1
  text: |
    spec:
      mtls: 1
  mtls: *x
`;

test.each([
  ['spec.authorization.rules[1].action is "Alow". Use one of Allow, Deny.', 12],
  ['spec.authorization.rules[1].to[0].paths[1] is wrong.', 14],
  ['spec.targetRefs[1].name: it is wrong.', 7],
  ['spec.targetRefs[1].port is missing. Add it.', 6],
  ['metadata.labels[app.kubernetes.io/name] is wrong.', 1],
  ['spec.quoted is an unknown field.', 15],
  ['spec.mtls.mode is missing. Add it.', 19],
  ['spec: Name each target once.', 2],
])('a sentence is about the line of its field, or of the nearest one above: %s', (sentence, line) => {
  expect(lineOfField(text, sentence)).toBe(line);
});

test.each(['Something else is wrong.', '', `${'a.'.repeat(100_000)}b is wrong.`])(
  'a sentence that names no field of the document has no line',
  (sentence) => {
    expect(lineOfField(text, sentence)).toBeUndefined();
  },
);

test('a text that cannot be parsed has no lines', () => {
  expect(lineOfField('spec: [', 'spec is wrong.')).toBeUndefined();
});
