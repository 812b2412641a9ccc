/** All of a verifier but its door: it owns nodes, judges evidence, watches who is alive, and lets administrators act. */
import { performance } from "node:perf_hooks";
import type { ChallengeKeys } from "../challenge/challenge.ts";
import {
  CONTOUR_CAME,
  type Connection,
  noteInterval,
  notedInterval,
  type State,
  VerdictQueue,
} from "../store/index.ts";
import type { SvidAuthority } from "../svid/index.ts";
import { Administration } from "./administration.ts";
import { Attestation, type SignResult } from "./attestation.ts";
import { Enrolment } from "./enrolment.ts";
import { Epochs, type SignEpoch } from "./epochs.ts";
import { FairTurns } from "./fair-turns.ts";
import { Identities } from "./identities.ts";
import { KeptLogs } from "./kept-logs.ts";
import { Lease } from "./lease.ts";
import { isWatched } from "./owned-node.ts";
import { Ownership } from "./ownership.ts";
import { NOTED_LONGER_SECONDS, Pace, type Timing } from "./pace.ts";
import { ReplayedLedgers } from "./replayed-ledgers.ts";
import { Retirement } from "./retirement.ts";
import { Rules } from "./rules.ts";
import type { Trusted } from "./trusted.ts";
import { Watch } from "./watch.ts";

const ADOPTING_MS = 1000;
const LOOK_MS = 10_000;

export interface FleetParts {
  readonly store: Connection;
  readonly challenges: ChallengeKeys;
  readonly trusted: Trusted;
  readonly timing: Timing;
  /** Days of silence after which a node is collected; undefined: never. */
  readonly collectAfter?: number | undefined;
  readonly sign: SignResult;
  readonly signEpoch: SignEpoch;
  /** Undefined: no SVIDs are issued. */
  readonly authority?: SvidAuthority | undefined;
  readonly appraised?: (state: State, isNews: boolean) => void;
  /** Told how many nodes were collected or retired. */
  readonly left?: (which: "collected" | "retired", nodes: number) => void;
  /** Told what failed that should not, and is tried again. */
  readonly failed?: (fault: unknown) => void;
  /** Told lines that an operator should read. */
  readonly noted?: (line: string) => void;
}

export class Fleet {
  readonly store: Connection;
  readonly challenges: ChallengeKeys;
  readonly pace: Pace;
  readonly lease: Lease;
  readonly ownership: Ownership;
  readonly rules: Rules;
  readonly epochs: Epochs;
  readonly watch: Watch;
  readonly logs: KeptLogs;
  readonly turns = new FairTurns();
  readonly attestation: Attestation;
  readonly enrolment: Enrolment;
  readonly administration: Administration;
  readonly retirement: Retirement;
  readonly identities: Identities | undefined;
  readonly #heard = new Set<() => void>();
  #looking: Promise<void> | undefined;
  #lookingAtPace: NodeJS.Timeout | undefined;
  #used = performance.eventLoopUtilization();

  constructor(parts: FleetParts) {
    const { store, challenges, trusted, timing, sign, signEpoch, authority, appraised, failed, noted } = parts;
    const { db, urgent } = store;
    this.store = store;
    this.challenges = challenges;
    this.pace = new Pace(timing, noted);
    this.lease = new Lease(urgent, { lost: () => this.#lost(), renewed: () => this.#renewed() });
    this.ownership = new Ownership(db, this.lease, (node) => this.watch.watch(node));
    this.rules = new Rules(db, trusted);
    this.epochs = new Epochs(urgent, this.lease, signEpoch);
    const verdicts = new VerdictQueue(db, (name) => this.ownership.present(name)?.accepted?.canisters.length ?? 0);
    this.watch = new Watch(verdicts, this.lease, this.ownership, this.pace, failed);
    const longest = this.pace.patience(timing.dueAtMost);
    this.logs = new KeptLogs(longest);
    const { lease, ownership, rules, epochs, watch, logs, turns, pace } = this;
    const ledgers = new ReplayedLedgers(longest);
    this.attestation = new Attestation({
      ...{ verdicts, lease, ownership, rules, challenges, epochs, watch, logs, ledgers, turns, pace, sign },
      ...(appraised !== undefined && { appraised }),
    });
    this.enrolment = new Enrolment(db, rules, ownership);
    this.administration = new Administration(db, ownership, rules, epochs);
    this.retirement = new Retirement({
      ...{ db, lease, ownership, watch, logs, ledgers, failed },
      ...{ days: parts.collectAfter, patience: () => this.pace.patience(this.pace.presumed), left: parts.left },
    });
    this.identities = authority && new Identities(authority, { ownership, rules, challenges, pace });
  }

  async start(): Promise<void> {
    await this.store.listen((channel, message) => {
      if (channel === "isoline_rules") this.#heardOfRules(message);
      else if (channel === "isoline_release") void this.ownership.release(message).catch(() => {});
      else if (channel === "isoline_gone") this.retirement.heard(message);
      // Read again with each renewal of the lease, so nothing rests on this reading.
      else if (channel === "isoline_epoch") void this.epochs.read().catch(() => {});
      else for (const heard of this.#heard) heard();
    });
    await this.epochs.read();
    await this.lease.begin();
    await this.#hearPace();
    await this.#adopt();
    this.watch.start();
    this.#lookingAtPace = setInterval(() => this.#lookAtPace(), LOOK_MS).unref();
  }

  /** Gives everything back, so that another verifier goes on at once. */
  async stop(): Promise<void> {
    this.watch.stop();
    clearInterval(this.#lookingAtPace);
    await Promise.all([this.#looking, this.retirement.stop()]);
    await this.ownership.releaseAll();
    await this.lease.end();
    await this.store.close();
  }

  /** Calls back when there are new changes, until the function that it returns is called. */
  onChange(heard: () => void): () => void {
    this.#heard.add(heard);
    return () => this.#heard.delete(heard);
  }

  #heardOfRules(message: string): void {
    if (message === CONTOUR_CAME) this.rules.contourCame();
    else this.rules.changed();
  }

  #lost(): void {
    this.ownership.forgetAll(this.lease.ended);
    this.watch.clear();
    this.retirement.waitForNodes();
  }

  /**
   * What takes long is begun and not waited for. The next renewal would come too late: the verifier lost all of its nodes to the others,
   * or to itself, and had even more to take over.
   */
  async #renewed(): Promise<void> {
    this.#looking ??= this.#look().finally(() => (this.#looking = undefined));
    this.retirement.begin();
    await this.epochs.read();
  }

  /** What does not succeed is tried again after the next renewal. */
  async #look(): Promise<void> {
    await this.#hearPace().catch(() => {});
    await this.#adopt().catch(() => {});
    await this.rules.compare().catch(() => {});
  }

  #lookAtPace(): void {
    const used = performance.eventLoopUtilization();
    const { active, idle } = performance.eventLoopUtilization(used, this.#used);
    this.#used = used;
    const nodes = new Map<string, number>();
    for (const { tenant, state } of this.ownership.all())
      if (isWatched(state)) nodes.set(tenant, (nodes.get(tenant) ?? 0) + 1);
    this.pace.look({ active, passed: active + idle, turns: this.turns.takeSpent(), nodes });
    // What takes long may go on in the look that follows a renewal, and what is noted has to stay so. Tried again there.
    void this.#hearPace().catch(() => {});
  }

  /** A verifier that takes nodes over does not know what they were told. So what they are told is noted before that. */
  async #hearPace(): Promise<void> {
    const { pace, store } = this;
    const { slowest, timing } = pace;
    const most = pace.patience(timing.dueAtMost) + NOTED_LONGER_SECONDS;
    if (slowest > timing.due) {
      const asked = performance.now();
      await noteInterval(store.urgent, slowest, pace.patience(slowest) + NOTED_LONGER_SECONDS, most);
      pace.noted(slowest, asked);
    }
    pace.heard(await notedInterval(store.urgent, most));
  }

  /** Goes on while there is more to take over, but not for long: rules may have changed meanwhile. */
  async #adopt(): Promise<void> {
    for (const until = performance.now() + ADOPTING_MS; ; ) {
      if ((await this.ownership.adopt()) || performance.now() > until) return;
    }
  }
}
