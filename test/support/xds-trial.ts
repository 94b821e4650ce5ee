// One random life of a client beside a session: steps as data, played and judged. A broken rule throws Broken, with the rule.
import { isCurrent, reportOf } from '../../operator/xds/session/report.ts';
import { anyName } from '../../operator/xds/session/returning.ts';
import type { FormerResource } from '../../operator/xds/session/proxy-report.ts';
import { versionOf } from '../../operator/xds/session/versions.ts';
import type { Send } from '../../operator/xds/session/events.ts';
import type { TypeUrl } from '../../operator/envoy/proto/type-urls.ts';
import type { Entry } from '../../operator/xds/snapshot/types.ts';
import { ModelClient, type Answer } from './model-client.ts';
import { SessionDriver, words } from './session-driver.ts';
import { CDS, ECDS, EDS, LDS, RDS, VHDS } from './xds-world.ts';

export type Variant = 'delta' | 'sotw';
export type TrialWorld = Readonly<Partial<Record<TypeUrl, readonly Entry[]>>>;

export type Step =
  | { readonly do: 'publish'; readonly world: TrialWorld }
  /** Subscribes to a name (again, if it is held) or lets go of it. */
  | { readonly do: 'name'; readonly type: TypeUrl; readonly name: string; readonly held: boolean }
  | { readonly do: 'wildcard'; readonly type: TypeUrl; readonly held: boolean }
  /** The client takes the oldest response that it has not seen, and answers it. */
  | { readonly do: 'answer' }
  | { readonly do: 'reconnect' }
  /** The client answers until nothing comes; then everything is judged. */
  | { readonly do: 'rest' };

/** A rule that did not hold. */
export class Broken extends Error {}

interface Wants {
  wildcard: boolean;
  readonly names: Set<string>;
  /** Named something on this stream: an empty list then is no wildcard. */
  hasNamed: boolean;
}

/** These name clusters. */
const users: readonly TypeUrl[] = [ECDS, RDS, VHDS, LDS];
/** These name what filters know. */
const callers: readonly TypeUrl[] = [RDS, VHDS, LDS];

/** Plays the steps; throws Broken at the first that breaks a rule. */
export function play(variant: Variant, steps: readonly Step[]): void {
  const trial = new Trial(variant);
  for (const step of steps) trial.take(step);
  trial.take({ do: 'rest' });
}

function tableOf(host: string): string {
  return host.slice(0, host.lastIndexOf('/'));
}

class Trial {
  private readonly variant: Variant;
  private readonly client: ModelClient;
  private driver: SessionDriver;
  private world: TrialWorld = {};
  private readonly wants = new Map<TypeUrl, Wants>();
  private readonly requested = new Set<TypeUrl>();
  /** Sent, and not yet seen by the client. */
  private readonly underWay: Send[] = [];
  private seen = 0;
  private chance = 0;
  /** Of the last response it accepted, for a new stream: state of the world only. */
  private readonly versions = new Map<TypeUrl, string>();
  /** What it runs from an earlier stream: state of the world says nothing of it to the server. */
  private inherited = new Set<Entry>();

  // Why something may be sent that the client has.
  private readonly owed = new Set<TypeUrl>();
  /** Type and name that it asked for, and was told nothing of since. */
  private readonly asked = new Set<string>();
  /** What each response told of that was asked for: the client may have had it, and forgotten. */
  private readonly answersTo = new Map<Send, ReadonlySet<string>>();
  private readonly doubtful = new Set<string>();
  /** Endpoints that may be sent again, and those that have to: of clusters that changed. */
  private readonly warming = new Set<string>();
  private readonly changed = new Set<string>();
  /** Virtual hosts that may be sent again, and those that have to: of route configurations that the client has not had. */
  private readonly refill = new Set<string>();
  private readonly dropped = new Set<string>();
  /** Virtual hosts that were published when their route configuration was sent. */
  private readonly due = new Map<Send, ReadonlySet<string>>();
  /** Type, name and version of which the client proved that it does not take them. */
  private readonly proven = new Set<string>();
  private readonly letGo = new Set<TypeUrl>();
  /** Virtual hosts that it was sent when it did not have their route configuration. */
  private readonly unplaced = new Set<string>();
  private isOverdue = false;
  private hasPublished = false;

  constructor(variant: Variant) {
    this.variant = variant;
    this.driver = new SessionDriver(variant);
    this.client = new ModelClient({
      variant,
      isBad: (entry) => entry.version.startsWith('bad'),
      covers: (type, name) => this.covers(type, name),
      random: () => (this.chance = (this.chance * 7 + 3) % 11) / 11,
    });
  }

  take(step: Step): void {
    if (step.do === 'publish') this.publish(step.world);
    else if (step.do === 'name') this.name(step.type, step.name, step.held);
    else if (step.do === 'wildcard') this.wildcard(step.type, step.held);
    else if (step.do === 'answer') this.answer();
    else if (step.do === 'reconnect') this.reconnect();
    else this.rest();
    this.judgeReport();
  }

  private publish(world: TrialWorld): void {
    this.hasPublished = true;
    this.world = world;
    for (const key of this.proven) {
      const [type = '', name = '', version] = key.split(' ');
      if (this.published(type as TypeUrl, name)?.version !== version) this.proven.delete(key);
    }
    this.driver.publish(world);
    this.judgeSends();
  }

  private name(type: TypeUrl, name: string, held: boolean): void {
    const wants = this.wanted(type);
    if (!held && !wants.names.delete(name)) return;
    if (!held && this.variant === 'sotw') this.letGo.add(type);
    if (held) wants.names.add(name);
    else if (!wants.wildcard) this.forget(type, name);
    this.subscribe(type, held ? { subscribe: [name] } : { unsubscribe: [name] });
  }

  private wildcard(type: TypeUrl, held: boolean): void {
    const wants = this.wanted(type);
    if (wants.wildcard === held) return;
    // In state of the world an empty list is the wildcard until something was named: it cannot be taken back.
    if (this.variant === 'sotw' && !held && !wants.hasNamed) return;
    wants.wildcard = held;
    this.versions.delete(type);
    if (!held) {
      this.letGo.add(type);
      // No Envoy lets go of its virtual hosts and takes them back while they are under way.
      if (type === VHDS) this.due.clear();
      const proven = [...this.proven].filter((key) => key.startsWith(`${type} `));
      for (const name of [...this.client.of(type).keys(), ...proven.map((key) => key.split(' ')[1] ?? '')])
        if (!wants.names.has(name)) this.forget(type, name);
    }
    this.subscribe(type, held ? { subscribe: ['*'] } : { unsubscribe: ['*'] });
  }

  private forget(type: TypeUrl, name: string): void {
    this.client.of(type).delete(name);
    for (const key of this.proven) if (key.startsWith(`${type} ${name} `)) this.proven.delete(key);
  }

  private subscribe(
    type: TypeUrl,
    change: { readonly subscribe?: readonly string[]; readonly unsubscribe?: readonly string[] },
  ): void {
    this.owed.add(type);
    // In its first request delta says what it has, and hears only of what differs.
    const isKept = (name: string): boolean =>
      this.variant === 'delta' && !this.requested.has(type) && this.client.of(type).has(name);
    for (const name of change.subscribe ?? [])
      if (name !== '*' && !isKept(name)) this.asked.add(`${type} ${name}`);
    // With the wildcard held it waits for word of what it lets go of by name.
    for (const name of change.unsubscribe ?? []) {
      if (this.wanted(type).wildcard && name !== '*') this.asked.add(`${type} ${name}`);
      else this.asked.delete(`${type} ${name}`);
    }
    this.request(type, change);
  }

  private request(
    type: TypeUrl,
    change: { readonly subscribe?: readonly string[]; readonly unsubscribe?: readonly string[] },
    answer: Partial<Answer> = {},
  ): void {
    const isFirst = !this.requested.has(type);
    this.requested.add(type);
    if (this.variant === 'delta') {
      const kept = isFirst ? [...this.client.of(type)] : [];
      const initialVersions = new Map(kept.map(([name, entry]) => [name, entry.version]));
      this.driver.request(type, { ...change, initialVersions, ...answer });
    } else {
      const versionInfo = this.versions.get(type) ?? '';
      this.driver.sotw(type, { names: this.list(type), versionInfo, ...answer });
    }
    this.judgeSends();
  }

  /** State of the world: all that is wanted now. */
  private list(type: TypeUrl): readonly string[] {
    const wants = this.wanted(type);
    const names = [...wants.names];
    const list = wants.wildcard && (wants.hasNamed || names.length > 0) ? ['*', ...names] : names;
    wants.hasNamed ||= list.length > 0;
    return list;
  }

  private reconnect(): void {
    // What was under way it never saw.
    this.underWay.length = 0;
    this.driver = new SessionDriver(this.variant);
    this.seen = 0;
    for (const notes of [
      this.owed,
      this.asked,
      this.doubtful,
      this.warming,
      this.changed,
      this.refill,
      this.dropped,
      this.proven,
      this.letGo,
    ])
      notes.clear();
    this.inherited = new Set([...this.client.runs.values()].flatMap((entries) => [...entries.values()]));
    const again = [...this.requested];
    this.requested.clear();
    if (this.hasPublished) this.driver.publish(this.world);
    for (const type of again) {
      const wants = this.wanted(type);
      wants.hasNamed = false;
      const { wildcard, names } = wants;
      if (!wildcard && names.size === 0) continue;
      this.subscribe(type, { subscribe: wildcard && names.size > 0 ? ['*', ...names] : [...names] });
    }
  }

  private answer(): boolean {
    const send = this.underWay.shift();
    if (send === undefined) return false;
    const keys = this.namesInDoubt(send);
    const answer = this.takenBy(send);
    if (answer.error === null) {
      const isWhole = this.variant === 'sotw' && (send.typeUrl === LDS || send.typeUrl === CDS);
      const cleared = isWhole ? this.inDoubt(send.typeUrl).map((it) => `${send.typeUrl} ${it}`) : keys;
      for (const key of cleared) this.doubtful.delete(key);
      this.versions.set(send.typeUrl, versionOf(send.resources));
    } else {
      for (const key of keys) this.doubtful.add(key);
      // What it runs now is no version of ours, and a new stream has to begin without one.
      this.versions.delete(send.typeUrl);
      this.prove(send);
    }
    this.request(send.typeUrl, {}, answer);
    return true;
  }

  /** What the client answers. With a new route configuration it starts without virtual hosts, whatever it was sent of them before. */
  private takenBy(send: Send): Answer {
    const before = new Set(this.client.of(RDS).keys());
    const answer = this.client.take(send);
    const isNew = (table: string): boolean => this.client.of(RDS).has(table) && !before.has(table);
    if (send.typeUrl === RDS)
      for (const name of this.due.get(send) ?? [])
        if (isNew(tableOf(name)) && this.client.of(VHDS).has(name)) this.dropped.add(name);
    if (send.typeUrl === VHDS && answer.error === null)
      for (const { name } of send.resources) this.dropped.delete(name);
    this.notePlaces(send, answer, isNew);
    return answer;
  }

  private notePlaces(send: Send, { error }: Answer, isNew: (table: string) => boolean): void {
    const hosts = [...this.client.of(VHDS).keys()];
    if (send.typeUrl === RDS)
      for (const name of hosts)
        if (isNew(tableOf(name)) || !this.client.of(RDS).has(tableOf(name))) this.unplaced.add(name);
    for (const { name } of send.typeUrl === VHDS && error === null ? send.resources : [])
      if (this.client.of(RDS).has(tableOf(name))) this.unplaced.delete(name);
      else this.unplaced.add(name);
  }

  private inDoubt(type: TypeUrl): readonly string[] {
    const keys = [...this.doubtful].filter((key) => key.startsWith(`${type} `));
    return keys.map((key) => key.slice(type.length + 1));
  }

  /** What is listed in state of the world as the client runs it stays so, whatever else is refused. */
  private namesInDoubt(send: Send): readonly string[] {
    const held = this.client.of(send.typeUrl);
    const isKept = ({ name, version }: Entry): boolean =>
      this.variant === 'sotw' &&
      !this.inherited.has(held.get(name) as Entry) &&
      (send.typeUrl === LDS || send.typeUrl === CDS) &&
      held.get(name)?.version === version &&
      !this.doubtful.has(`${send.typeUrl} ${name}`) &&
      this.answersTo.get(send)?.has(`${send.typeUrl} ${name}`) !== true;
    const names = send.resources.filter((it) => !isKept(it)).map((it) => it.name);
    return [...names, ...this.client.leaving(send)].map((name) => `${send.typeUrl} ${name}`);
  }

  /** Envoy names bad listeners and clusters; of other types only a lone resource is proven. */
  private prove(send: Send): void {
    if (send.resources.length > 1 && send.typeUrl !== LDS && send.typeUrl !== CDS) return;
    for (const { name, version } of send.resources)
      if (
        version.startsWith('bad') &&
        this.published(send.typeUrl, name)?.version === version &&
        this.covers(send.typeUrl, name)
      )
        this.proven.add(`${send.typeUrl} ${name} ${version}`);
  }

  private rest(): void {
    for (let responses = 0; ; responses += 1) {
      if (responses > 500) throw new Broken('a client that answers comes to rest');
      if (this.answer()) {
        this.judgeReport();
        continue;
      }
      this.isOverdue = true;
      this.driver.nowMs += 5_000;
      this.driver.wake();
      this.judgeSends();
      this.isOverdue = false;
      if (this.underWay.length === 0) break;
    }
    this.judgeRest();
  }

  private judgeSends(): void {
    const sends = this.driver.effects.flatMap((it) => (it.type === 'send' ? [it] : []));
    for (const send of sends.slice(this.seen)) {
      this.seen += 1;
      this.judgeSend(send);
      this.underWay.push(send);
      // While a culprit is looked for, the answer comes in parts.
      if (this.inDoubt(send.typeUrl).length === 0) this.owed.delete(send.typeUrl);
    }
  }

  private judgeSend(send: Send): void {
    const { typeUrl: type } = send;
    const held = this.client.of(type);
    const news = send.resources.filter((it) => held.get(it.name)?.version !== it.version);
    const told = [...send.resources.map((it) => it.name), ...send.removed];
    // A list that leaves out what is in doubt says again that it is to go.
    const isTold = (name: string): boolean => this.variant === 'delta' || told.includes(name);
    const unlisted = type === LDS || type === CDS ? this.inDoubt(type).filter((it) => !isTold(it)) : [];
    const followsTable = new Set(type === VHDS ? told.filter((name) => this.refill.has(name)) : []);
    const isAgain = [...told, ...unlisted].some(
      (name) =>
        this.doubtful.has(`${type} ${name}`) ||
        (type === EDS && this.warming.has(name)) ||
        (type === VHDS && this.refill.delete(name)),
    );
    const isAnswer = this.answers(send, told);
    const takesAway = this.client.leaving(send).some((n) => held.has(n) || this.doubtful.has(`${type} ${n}`));
    if (type === CDS) this.judgeLeaving(send);
    if (news.length === 0 && !isAgain && !isAnswer && !takesAway && !this.owed.has(type))
      throw new Broken(`nothing is sent without a reason: ${words(send)}`);
    for (const { name, version } of send.resources) {
      if (this.proven.has(`${type} ${name} ${version}`))
        throw new Broken(`what was refused is not sent again: ${words(send)}`);
    }
    if (type === EDS) this.noteEndpoints(told);
    if (type === CDS) this.noteClusters(send, news, isAnswer);
    if (type === RDS) this.noteTables(send, told);
    if (users.includes(type)) {
      for (const it of news)
        if (!this.goesBack(type, it)) this.judgeClusters(send, it, followsTable.has(it.name));
    }
    if (callers.includes(type) && news.some((it) => !this.goesBack(type, it))) this.judgeFilters(send);
    if (this.isOverdue && (type !== CDS || news.length > 0))
      throw new Broken(`only the removal of clusters waits for the limit: ${words(send)}`);
  }

  private noteEndpoints(told: readonly string[]): void {
    for (const name of told) {
      this.warming.delete(name);
      this.changed.delete(name);
    }
  }

  private noteTables(send: Send, tables: readonly string[]): void {
    const hosts = (this.world[VHDS] ?? []).filter(({ name }) => tables.includes(tableOf(name)));
    for (const { name } of hosts) this.refill.add(name);
    const covered = hosts.filter(({ name }) => this.covers(VHDS, name));
    this.due.set(send, new Set(covered.map(({ name }) => name)));
  }

  private noteClusters(send: Send, news: readonly Entry[], isAnswer: boolean): void {
    for (const { name } of send.resources) {
      const isNew = news.some((it) => it.name === name);
      // Whoever asks for a cluster again may have forgotten its endpoints, too.
      const warms = isNew || isAnswer || this.doubtful.has(`${CDS} ${name}`) || this.owed.has(CDS);
      if (warms && this.wanted(EDS).names.has(name)) this.warming.add(name);
      if (isNew && this.wanted(EDS).names.has(name)) this.changed.add(name);
    }
  }

  /** What is listed to go back to, as nobody knows what a refused response has changed, was there before. */
  private goesBack(type: TypeUrl, { name, version }: Entry): boolean {
    if (this.variant === 'delta') return false;
    const isOther = this.published(type, name)?.version !== version;
    return isOther || (type === LDS && this.doubtful.has(`${type} ${name}`));
  }

  /** Whether it tells the client of something that it asked for. A list in state of the world tells of what is not there, too. */
  private answers(send: Send, told: readonly string[]): boolean {
    const { typeUrl: type } = send;
    const isWhole = this.variant === 'sotw' && (type === LDS || type === CDS);
    const names = [...this.asked].flatMap((key) =>
      key.startsWith(`${type} `) ? [key.slice(type.length + 1)] : [],
    );
    const isTold = (name: string): boolean =>
      told.includes(name) || (isWhole && this.published(type, name) === undefined);
    const answered = names.filter(isTold).map((name) => `${type} ${name}`);
    for (const key of answered) this.asked.delete(key);
    this.answersTo.set(send, new Set(answered));
    return answered.length > 0;
  }

  private judgeClusters(send: Send, entry: Entry, followsTable: boolean): void {
    if (!this.requested.has(CDS)) return;
    for (const name of entry.clusters) {
      // Without it the client had no virtual host at all.
      if (followsTable && this.published(CDS, name)?.version.startsWith('bad') === true) continue;
      const isToHave = this.covers(CDS, name) && this.published(CDS, name) !== undefined;
      if (isToHave && !this.client.of(CDS).has(name))
        throw new Broken(`a cluster is there before what needs it: ${words(send)} needs ${name}`);
    }
  }

  private judgeFilters(send: Send): void {
    const isBad = (type: TypeUrl, name: string): boolean =>
      this.published(type, name)?.version.startsWith('bad') === true;
    const missing = (this.world[ECDS] ?? []).find(
      ({ name, version, clusters }) =>
        this.requested.has(ECDS) &&
        this.covers(ECDS, name) &&
        this.client.of(ECDS).get(name)?.version !== version &&
        !isBad(ECDS, name) &&
        !clusters.some((it) => isBad(CDS, it)),
    );
    if (missing !== undefined && !this.isOverdue)
      throw new Broken(`a filter is configured before what names it: ${words(send)}, not ${missing.name}`);
  }

  /** A cluster must not go before what needs it was replaced, unless the server cannot know. */
  private judgeLeaving(send: Send): void {
    // State of the world can keep only what it can list: of a refused response that is nothing.
    const isUnsure = (name: string): boolean =>
      this.variant === 'sotw' && this.doubtful.has(`${CDS} ${name}`);
    const held = this.client.of(CDS);
    const leaving = new Set(this.client.leaving(send).filter((name) => held.has(name) && !isUnsure(name)));
    for (const type of users.filter((it) => this.requested.has(it))) {
      for (const entry of this.client.of(type).values()) {
        const needed = entry.clusters.find((name) => leaving.has(name));
        const isUnknown = this.variant === 'sotw' && this.inherited.has(entry);
        const isToldNot = type === ECDS || (this.variant === 'sotw' && type === RDS);
        const isUntold = isToldNot && !this.published(type, entry.name);
        const isToStay = this.published(type, entry.name)?.version === entry.version;
        if (needed !== undefined && !isUnknown && !isUntold && !isToStay)
          throw new Broken(`a cluster stays as long as it is needed: ${words(send)}, by ${entry.name}`);
      }
    }
  }

  private judgeRest(): void {
    if (!this.hasPublished) return;
    const { rejected, lagging, atRest } = reportOf(this.driver.session);
    if (!atRest) throw new Broken('at rest the report says so');
    for (const it of rejected)
      if (!this.published(it.typeUrl, it.name)?.version.startsWith('bad'))
        throw new Broken(`only what the client refuses is reported as rejected: ${it.name}`);
    const refused = new Set(rejected.map((it) => `${it.typeUrl} ${it.name}`));
    // A cluster stays while something that was refused, or waits for a refused cluster, may need it.
    const isHeldUp = lagging.some((it) => users.includes(it.typeUrl));
    for (const type of this.requested) {
      const excused = new Set(lagging.filter((it) => it.typeUrl === type).map((it) => it.name));
      for (const name of excused) this.judgeLagging(type, name, refused);
      this.judgeRunning(type, excused, isHeldUp);
    }
    const isAllRequested = [CDS, LDS, VHDS].every((it) => this.requested.has(it) || !this.world[it]);
    if (isAllRequested && isCurrent(this.driver.session) !== (lagging.length === 0))
      throw new Broken(`current is what lacks nothing: ${lagging.map((it) => it.name).join(' ')}`);
    if (this.variant === 'delta') this.judgeAnswers(refused, isHeldUp);
    this.judgeTables(refused);
    for (const name of this.changed) {
      const isToCome = this.published(EDS, name) !== undefined && this.covers(EDS, name);
      const runs = this.client.of(CDS).get(name);
      const isChanged = runs !== undefined && runs.version === this.published(CDS, name)?.version;
      if (isToCome && isChanged && !refused.has(`${EDS} ${name}`))
        throw new Broken(`a changed cluster gets its endpoints: ${name}`);
    }
  }

  /** Delta: whoever asks is told at least that there is no such thing. */
  private judgeAnswers(refused: ReadonlySet<string>, isHeldUp: boolean): void {
    for (const key of this.asked) {
      const [type, name = ''] = key.split(' ') as [TypeUrl, string?];
      const needs = this.published(type, name)?.clusters ?? [];
      const isHeld = (type === CDS && isHeldUp) || needs.some((it) => refused.has(`${CDS} ${it}`));
      // What it is to go back to may need a cluster that was refused.
      if (this.covers(type, name) && !isHeld && !refused.has(key))
        throw new Broken(`who asks is answered: ${name}`);
    }
  }

  private judgeTables(refused: ReadonlySet<string>): void {
    for (const name of this.dropped) {
      const host = this.published(VHDS, name);
      const isHeld =
        refused.has(`${VHDS} ${name}`) || host?.clusters.some((it) => refused.has(`${CDS} ${it}`));
      if (host !== undefined && this.covers(VHDS, name) && isHeld !== true)
        throw new Broken(`a new route configuration gets its virtual hosts: ${name}`);
    }
  }

  /** At rest only what was refused lacks, and what needs a refused cluster. */
  private judgeLagging(type: TypeUrl, name: string, refused: ReadonlySet<string>): void {
    const needs = this.published(type, name)?.clusters ?? [];
    if (!refused.has(`${type} ${name}`) && !needs.some((it) => refused.has(`${CDS} ${it}`)))
      throw new Broken(`everything that is not refused arrives: ${name}`);
  }

  private judgeRunning(type: TypeUrl, excused: ReadonlySet<string>, isHeldUp: boolean): void {
    for (const entry of this.world[type] ?? []) {
      if (!this.covers(type, entry.name) || excused.has(entry.name)) continue;
      const runs = this.client.of(type).get(entry.name)?.version;
      if (runs !== entry.version)
        throw new Broken(`it runs what is published: ${entry.name}@${entry.version}, not @${runs}`);
    }
    const isToldRemovals = type !== ECDS && (this.variant === 'delta' || type === LDS || type === CDS);
    for (const name of isToldRemovals ? this.client.of(type).keys() : []) {
      if (this.published(type, name) === undefined && !(type === CDS && isHeldUp))
        throw new Broken(`it runs nothing else: ${name}`);
    }
  }

  /** At any time: what it runs that is not as published is in the report, with the object that made it. */
  private judgeReport(): void {
    if (!this.hasPublished) return;
    const { lagging, former } = reportOf(this.driver.session);
    for (const [type, entries] of this.client.runs) {
      for (const it of this.world[type] ?? []) {
        const isAsPublished = entries.get(it.name)?.version === it.version;
        if (isAsPublished || !this.requested.has(type) || !this.covers(type, it.name)) continue;
        if (!lagging.some(({ typeUrl, name }) => typeUrl === type && name === it.name))
          throw new Broken(`what it does not run is lag: ${it.name}@${it.version}`);
      }
      for (const runs of entries.values()) this.judgeFormer(type, runs, former);
    }
  }

  private judgeFormer(type: TypeUrl, runs: Entry, former: readonly FormerResource[]): void {
    const next = this.published(type, runs.name);
    if (next?.version === runs.version) return;
    // No Envoy lets go of these and takes them back while they are under way.
    if (this.letGo.has(type)) return;
    // Virtual hosts without their route configuration serve nobody.
    if (type === VHDS && this.unplaced.has(runs.name)) return;
    // State of the world says nothing of what a client kept, and not that something is gone that is asked for by name.
    const isUntold = this.variant === 'sotw' && type !== LDS && type !== CDS;
    if (isUntold && (next === undefined || this.inherited.has(runs))) return;
    const isKnown = former.some(
      ({ typeUrl, name, origins }) =>
        typeUrl === type &&
        (name === runs.name || name === anyName) &&
        (origins === null || origins.some(({ generation }) => generation === runs.origins[0]?.generation)),
    );
    if (!isKnown) throw new Broken(`what it runs from earlier is reported: ${runs.name}@${runs.version}`);
  }

  private published(type: TypeUrl, name: string): Entry | undefined {
    return this.world[type]?.find((it) => it.name === name);
  }

  private wanted(type: TypeUrl): Wants {
    const known = this.wants.get(type) ?? { wildcard: false, names: new Set(), hasNamed: false };
    this.wants.set(type, known);
    return known;
  }

  private covers(type: TypeUrl, name: string): boolean {
    const { wildcard, names } = this.wanted(type);
    return wildcard || names.has(name);
  }
}
