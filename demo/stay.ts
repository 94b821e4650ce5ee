// After the scenes: tells what there is to try, and prints the table again whenever a status changes.
import { setTimeout as delay } from 'node:timers/promises';
import type { PolicyState } from './mesh/policies.ts';
import type { Workspace } from './mesh/workspace.ts';
import type { Stage } from './scenes/stage.ts';
import { formatTable } from './screen/table.ts';

const lookEveryMs = 250;
/** Between calls of the product page that show something on the dashboard. */
const trafficPauseMs = 200;

/** Runs until the signal aborts; rejects with its reason. */
export async function stay(stage: Stage, workspace: Workspace): Promise<never> {
  invite(stage, workspace);
  stage.startTraffic(trafficPauseMs);
  const { policies, signal } = stage.parts;
  let shown = '';
  // oxlint-disable no-await-in-loop -- it looks again and again until it is told to stop
  for (;;) {
    signal.throwIfAborted();
    const states = await policies.states(Date.now());
    const fingerprint = fingerprintOf(states);
    if (fingerprint !== shown && states.every(({ row }) => row.accepted !== '')) {
      shown = fingerprint;
      await show(stage, states);
    }
    await delay(lookEveryMs);
  }
}

async function show(stage: Stage, states: readonly PolicyState[]): Promise<void> {
  stage.screen.blank();
  stage.screen.paragraph(new Date().toTimeString().slice(0, 8));
  await stage.table();
  for (const { complaints } of states) for (const complaint of complaints) stage.screen.quote(complaint);
}

/** Everything that is shown, but the age. */
function fingerprintOf(states: readonly PolicyState[]): string {
  return JSON.stringify(states, (key, value: unknown) => (key === 'ageMs' ? undefined : value));
}

function invite(stage: Stage, workspace: Workspace): void {
  const { screen } = stage;
  const { operator, workloads } = stage.parts;
  screen.heading('Your turn: everything stays up until Ctrl-C');
  screen.fact(
    `Edit the YAML in ${workspace.mesh} and watch the table below: it is printed again whenever a status changes. Statuses in full: ${workspace.state}/status`,
  );
  screen.fact('Call the shop as the visitor:');
  screen.example(`curl http://127.0.0.1:${stage.portTo('productpage')}/`);
  screen.example(`curl -H 'x-group: testers' http://127.0.0.1:${stage.portTo('productpage')}/`);
  screen.example(`curl http://127.0.0.1:${stage.portTo('ratings')}/    # refused by securitypolicy/ratings`);
  screen.fact(
    'See who calls whom, live (a visitor calls about ten times a second), and which policies hold where:',
  );
  screen.example(`http://127.0.0.1:${operator.ports.admin}/dashboard/`);
  screen.fact('Look into the operator:');
  screen.example(
    `curl http://127.0.0.1:${operator.ports.admin}/debug/proxies    # also /metrics, /debug/ir, /debug/snapshot`,
  );
  screen.fact(
    `Look into the sidecars (/config_dump, /stats, /clusters); their access logs are ${workspace.logs}/*.access.log`,
  );
  screen.table(
    formatTable(
      ['WORKLOAD', 'INBOUND', 'ADMIN'],
      workloads.map(({ name, application }) => [
        name,
        String(application?.inboundPort ?? '-'),
        `http://127.0.0.1:${stage.sidecar(name).adminPort}`,
      ]),
    ),
  );
}
