// Suites in the order of Jest, but those that take longest first: one that begins last would leave the other worker without work.
import Sequencer from '@jest/test-sequencer';

/** A minute or more, longest first (`make test` prints how long each took). */
const longest = [
  'integration/demo.test.ts',
  'integration/cert-manager.test.ts',
  'integration/cert-manager-traffic.test.ts',
  'integration/platform-files-audit.test.ts',
  'integration/examples-traffic.test.ts',
  'integration/injection-policy-operator.test.ts',
  'integration/platform-files-strict.test.ts',
  'integration/platform-files-restart.test.ts',
  'integration/status-storm.test.ts',
];

// oxlint-disable-next-line import/no-default-export -- Jest asks for it
export default class LongestFirst extends Sequencer {
  sort(tests) {
    const rank = ({ path }) => {
      const place = longest.findIndex((name) => path.endsWith(`/test/${name}`));
      return place === -1 ? longest.length : place;
    };
    // oxlint-disable-next-line unicorn/no-array-sort -- no method of an array
    return super.sort(tests).toSorted((one, other) => rank(one) - rank(other));
  }
}
