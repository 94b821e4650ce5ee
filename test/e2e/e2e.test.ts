// The end-to-end tests: real pods, from deploy/install.yaml to the uninstall. One cluster for all topics: starting one
// costs more than most of them, and a user's cluster has a history, too. `-t <words>` runs some; README.md says more.
import { afterAll, beforeAll, describe } from '@jest/globals';
import { Figures } from './library/figures.ts';
import { setStage, stageNamespaces } from './library/stage.ts';
import { targetAvailable } from './library/target.ts';
import { leaveWorld, startWorld, type World } from './library/world.ts';
import { costs } from './topics/costs.ts';
import { dashboardSeen } from './topics/dashboard.ts';
import { identityHeld } from './topics/identity.ts';
import { leaderGone } from './topics/leader.ts';
import { meshOn, shop } from './topics/mesh-on.ts';
import { probesKept } from './topics/probes.ts';
import { rootReplaced } from './topics/root-rotation.ts';
import { certificatesReplaced } from './topics/rotation.ts';
import { strictWaits } from './topics/safe-strict.ts';
import { servicesOfEveryKind } from './topics/services.ts';
import { uninstalled } from './topics/uninstall.ts';
import { zeroLoss } from './topics/zero-loss.ts';

const available = await targetAvailable();
if (!available.available) process.stderr.write(`NOT RUN: ${available.reason}\n`);

(available.available ? describe : describe.skip)('end to end', () => {
  let world: World | undefined;
  const figures = new Figures();
  const current = (): World => {
    if (world === undefined) throw new Error('the cluster did not start');
    return world;
  };

  beforeAll(async () => {
    world = await startWorld(() => undefined);
    await setStage(world);
  }, 600_000);

  afterAll(async () => {
    if (world !== undefined) await leaveWorld(world, [...stageNamespaces, shop]);
    process.stderr.write(`Measured:\n${figures.text()}`);
  }, 120_000);

  // In this order: the later ones break more.
  meshOn(current, figures);
  identityHeld(current);
  strictWaits(current);
  certificatesReplaced(current, figures);
  servicesOfEveryKind(current);
  probesKept(current);
  dashboardSeen(current);
  costs(current, figures);
  zeroLoss(current, figures);
  leaderGone(current, figures);
  rootReplaced(current, figures);
  uninstalled(current);
});
