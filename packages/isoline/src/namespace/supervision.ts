/**
 * One namespace's model while it lives: contour, engine and mediator, made from a plan, asked while it runs, summed up
 * at its end.
 */
import {
  canonicalPolicy,
  type Circumstances,
  Contour,
  contourSince,
  DEFAULT_POLICY,
  Engine,
  type Event,
  explainEvent,
  formatAct,
  IsolineError,
  iso1,
  type Judgement,
  lensDigest,
  type Mark,
  markOf,
  Neighbourhood,
  parsePolicy,
  type Policy,
  type Task,
  why,
} from "@isoline/core";
import {
  compileLandlock,
  type LandlockRules,
  ModelMediator,
  type Sensor,
  setOpenFileLimit,
  signalEveryone,
  takeDescriptor,
} from "@isoline/linux";
import { loadContour, saveContour } from "../store/contour-file.ts";
import { Output } from "../store/output.ts";
import { TrajectoryWriter } from "../store/trajectory-file.ts";
import { addToContour } from "./adding.ts";
import { type ControlBlock, cells, countsIn } from "./control-block.ts";
import { ContentNotes } from "./content-notes.ts";
import type { NamespaceIntegrity } from "./integrity.ts";
import {
  isAboutIntegrity,
  type DepartureReport,
  type Join,
  type IntegrityRequest,
  type LiveEvent,
  type ProcessReport,
  type Report,
  type Request,
  type Snapshot,
  NOT_INSPECTED,
} from "./messages.ts";
import type { Plan } from "./plan.ts";

/** Each is explained, and meanwhile the workload waits. */
const DEPARTURES_AT_ONCE = 100;
/**
 * Some 400 000 keys while points are learnt, and 100 000 afterwards: what is decided more often the kernel half decides by itself.
 */
const BPF_KNOWN_BYTES = { learn: 16 * 2 ** 20, watch: 4 * 2 ** 20, enforce: 4 * 2 ** 20 } as const;

export class Supervision {
  readonly mediator: ModelMediator;
  readonly #plan: Plan;
  readonly #policy: Policy;
  readonly #contour: Contour;
  readonly #engine: Engine;
  readonly #learnt: Neighbourhood;
  readonly #counts: { events: number; attempts: number; novel: number };
  readonly #block: ControlBlock;
  readonly #follow: (event: LiveEvent) => void;
  readonly #trajectory: TrajectoryWriter | undefined;
  /** Where a learnt contour goes; taken hold of before the workload starts. */
  readonly #output: Output | undefined;
  /** Loaded when somebody asks for it: most namespaces have none, and start the sooner. */
  #integrity: NamespaceIntegrity | undefined;
  readonly #pointsBefore: number;
  /** What was there before this run, where others may add to it meanwhile. */
  readonly #mark: Mark | undefined;
  #landlock: LandlockRules | undefined;
  #sensor: Sensor | undefined;
  #followed = false;
  readonly #contents = new ContentNotes();
  #guesses = 0;

  private constructor(
    plan: Plan,
    block: ControlBlock,
    contour: Contour,
    policy: Policy,
    follow: (event: LiveEvent) => void,
  ) {
    this.#plan = plan;
    this.#block = block;
    this.#contour = contour;
    this.#policy = policy;
    this.#follow = follow;
    this.#pointsBefore = contour.size;
    this.#lastSize = contour.size;
    if (plan.mode === "learn" && contour.size > 0) contour.beginRun();
    this.#mark = plan.adds === true ? markOf(contour) : undefined;
    this.#engine = new Engine({ contour, mode: plan.mode, reaction: policy.reaction });
    this.#learnt = new Neighbourhood(contour);
    this.#output = plan.output === undefined ? undefined : Output.open(plan.output);
    this.#trajectory = plan.trajectory === undefined ? undefined : new TrajectoryWriter(plan.trajectory);
    this.#counts = countsIn(block);
    this.mediator = new ModelMediator({
      engine: this.#engine,
      policy,
      launch: plan.places,
      counts: this.#counts,
      knownBytes: plan.sensor === "bpf" ? BPF_KNOWN_BYTES[plan.mode] : undefined,
      onDecision: (event, judgement, circumstances) => this.#decided(event, judgement, circumstances),
    });
  }

  /** Loads and checks everything a plan names, so that what is wrong is said before the workload starts. */
  static async prepare(plan: Plan, block: ControlBlock, follow: (event: LiveEvent) => void): Promise<Supervision> {
    const known = plan.contour === undefined ? undefined : await loadContour(plan.contour, iso1, plan.signed);
    const policy = policyFor(plan, known);
    const contour = known ?? Contour.create({ profile: iso1, policy: canonicalPolicy(policy) });
    const supervision = new Supervision(plan, block, contour, policy, follow);
    if (plan.integrity !== undefined) await supervision.loadIntegrity();
    if (plan.landlock) supervision.#landlock = compileLandlock(contour, plan.places);
    return supervision;
  }

  /** Makes the integrity view, with what the plan says about it. */
  async loadIntegrity(): Promise<void> {
    if (this.#integrity !== undefined) return;
    const { NamespaceIntegrity } = await import("./integrity.ts");
    this.#integrity = new NamespaceIntegrity(this.#plan.integrity, {
      lost: (reason, process) => this.mediator.lost(reason, process),
      pids: () => Array.from(this.#sensor?.processes ?? [], ({ pid }) => pid),
      contourState: () => this.#contour.state(),
      sensor: this.#plan.sensor,
      onActive: (view) => {
        this.mediator.inspector = view;
      },
    });
  }

  /** False for what needs the integrity view where it is not loaded yet; the bpf sensor has no use for one. */
  canAnswer(request: Request): boolean {
    return this.#integrity !== undefined || this.#plan.sensor !== "seccomp" || !isAboutIntegrity(request);
  }

  /** Whether a process that is not trusted may do nothing any more. */
  get bars(): boolean {
    return (
      this.#policy.reaction === "deny-all" || this.#policy.reaction === "kill" || this.#policy.reaction === "freeze"
    );
  }

  get points(): number {
    return this.#contour.size;
  }

  get contour(): Contour {
    return this.#contour;
  }

  landlockRules(): LandlockRules | undefined {
    return this.#landlock;
  }

  attach(sensor: Sensor): void {
    this.#sensor = sensor;
    this.mediator.findProcessesWith(sensor);
    let limit = this.#plan.sensor !== "bpf" ? this.#plan.openFiles : undefined;
    // The first call of the first process is its execve: it still waits, so it starts with the limit it should have.
    this.mediator.onFreeze = () => Atomics.store(this.#block, cells.frozen, 1);
    this.mediator.onBirth = (process) => {
      if (limit !== undefined) setOpenFileLimit(process.pid, limit);
      limit = undefined;
    };
  }

  answer(request: Request): unknown {
    switch (request.ask) {
      case "snapshot":
        return this.#snapshot();
      case "trust":
        this.#sensor?.sweep();
        return this.#processes().filter((process) => request.pid === undefined || process.pid === request.pid);
      case "seal":
        this.#engine.seal();
        return this.#snapshot();
      case "follow":
        this.#followed = request.on;
        return true;
      case "contour":
        return { points: this.#contour.size, state: this.#contour.state(), measurement: this.#contour.measurement() };
      case "departures":
        return this.#departures(request.from, request.from + DEPARTURES_AT_ONCE);
      case "join":
        return this.#join(request);
      case "signal":
        this.#sensor?.sweep();
        return signalEveryone(this.#sensor?.processes ?? [], request.signal);
      case "abandon":
        this.mediator.missed("isoline was told to end, and processes were left that could not be ended");
        return true;
      case "stop":
        return true;
      default:
        return this.#integrity?.answer(request) ?? withoutIntegrity(request);
    }
  }

  #join({ pid, started, listener: descriptor, names }: Join): boolean {
    this.mediator.name(names);
    const listener = descriptor === undefined ? undefined : takeDescriptor(pid, descriptor);
    return (listener === undefined || listener >= 0) && this.#sensor?.join({ pid, started, listener }) === true;
  }

  /** Writes what was learnt and sums up. */
  finish(kernel: Report["kernel"]): Omit<Report, "departures" | "pauses"> {
    this.mediator.conclude();
    for (const [rule, times] of Object.entries(this.mediator.firings())) {
      if (times > 0 && this.#plan.mode === "learn") this.#contour.fired(rule, times);
    }
    this.#save();
    this.#trajectory?.close();
    const integrity = this.#integrity?.finish() ?? null;
    const { off, refused } = this.#engine.tally;
    return {
      mode: this.#engine.mode,
      events: this.#counts.events,
      points: this.#contour.size,
      added: this.#contour.size - this.#pointsBefore,
      attempts: this.#counts.attempts,
      off,
      refused,
      kept: this.mediator.kept,
      measurement: this.#contour.measurement(),
      state: this.#contour.state(),
      lens: lensDigest(this.#policy),
      profile: this.#contour.profile.name,
      policy: this.#contour.policyDigest,
      incomplete: this.#losses(),
      content: this.#contents.all,
      moreContent: this.#contents.more,
      racy: this.mediator.racyCalls(),
      guesses: this.#guesses,
      firings: this.mediator.firings(),
      landlock: this.#landlock?.notes ?? [],
      kernel,
      integrity,
    };
  }

  /** All that are kept, explained. */
  *departuresInPages(): Generator<readonly DepartureReport[]> {
    for (let from = 0; ; from += DEPARTURES_AT_ONCE) {
      const page = this.#departures(from, from + DEPARTURES_AT_ONCE);
      if (page.length === 0) return;
      yield page;
    }
  }

  #save(): void {
    const { mode, output: path } = this.#plan;
    const output = this.#output;
    if (mode !== "learn" || path === undefined || output === undefined) return;
    if (this.#mark === undefined) saveContour(output, this.#contour);
    else addToContour(path, output, contourSince(this.#contour, this.#mark));
    output.close();
  }

  #decided(event: Event, judgement: Judgement, circumstances: Circumstances): void {
    const { block } = { block: this.#block };
    block[cells.points] = this.#contour.size;
    block[cells.departures] = this.#engine.tally.off;
    if (circumstances.guessedLineage) this.#guesses += 1;
    if (circumstances.content) this.#contents.add(circumstances.content);
    const novel = judgement.verdict !== "on" || this.#contour.size > this.#lastSize;
    if (novel && judgement.verdict === "on") this.#lastSize = this.#contour.size;
    if (novel) this.#trajectory?.write(event, this.#lineage(event, circumstances));
    if (this.#followed) this.#follow(this.#live(event, judgement, circumstances, novel));
  }
  #lastSize: number;

  /** Of a task that is not on the contour, what is known of it. */
  #lineage({ actor }: Event, { task }: Circumstances): readonly Task[] {
    const known = this.#contour.taskChain(actor.task);
    return known.length > 0 || task === undefined ? known : [...this.#contour.taskChain(task.parent), task];
  }

  #live(event: Event, judgement: Judgement, circumstances: Circumstances, novel: boolean): LiveEvent {
    const base = {
      sequence: circumstances.sequence,
      pid: circumstances.pid,
      chain: circumstances.chain,
      verdict: judgement.verdict,
      refused: judgement.refuse,
      novel,
      act: formatAct(event),
      ...(circumstances.content ? { content: circumstances.content } : {}),
    };
    return judgement.verdict === "off"
      ? { ...base, why: explainEvent(event, this.#learnt, circumstances).sentence }
      : base;
  }

  #snapshot(): Snapshot {
    this.#sensor?.sweep();
    const { off, refused, novel } = this.#engine.tally;
    return {
      mode: this.#engine.mode,
      events: this.#counts.events,
      points: this.#contour.size,
      novel,
      attempts: this.#counts.attempts,
      off,
      refused,
      processes: this.#processes(),
      incomplete: this.#losses(),
    };
  }

  #processes(): ProcessReport[] {
    return Array.from(this.#sensor?.processes ?? [], (process) => {
      const standing = this.#engine.trust.trustOf(process.handle);
      const { chain } = process.identity;
      return standing.trusted
        ? { pid: process.pid, chain, trusted: true }
        : { pid: process.pid, chain, trusted: false, cause: standing.cause.what };
    });
  }

  #losses(): { reason: string; count: number }[] {
    return Array.from(this.#engine.losses, ([reason, count]) => ({ reason, count }));
  }

  #departures(from: number, to: number): DepartureReport[] {
    return this.#engine.forensics.departures.slice(from, to).map((departure) => ({
      point: departure.point,
      why: why(departure, this.#learnt, this.#engine.forensics).sentence,
      act: formatAct(departure.event),
      chain: departure.first.chain,
      pid: departure.first.pid,
      sequence: departure.first.sequence,
      count: departure.count,
      refused: departure.refused,
      ...(departure.first.content ? { content: departure.first.content } : {}),
    }));
  }
}

/** What is answered where nothing is looked at. */
function withoutIntegrity(request: IntegrityRequest): unknown {
  switch (request.ask) {
    case "ima-policy":
      return "";
    case "ima-list":
      return new Uint8Array();
    case "ima-counts":
      return { entries: 0, violations: 0 };
    case "load-ima-policy":
    case "measure-critical-data":
      return { refused: "not-inspected", message: NOT_INSPECTED };
  }
}

/** The policy a run keeps to: a contour's own, the one asked for, or the default; a contour is never read through another lens. */
function policyFor(plan: Plan, contour: Contour | undefined): Policy {
  const asked = plan.policy === undefined ? undefined : parsePolicy(JSON.parse(plan.policy));
  if (!contour) return asked ?? DEFAULT_POLICY;
  const own = parsePolicy(JSON.parse(contour.policy));
  if (asked && canonicalPolicy(asked) !== contour.policy) {
    throw new IsolineError(
      "not-comparable",
      `the contour was learnt under another policy (its digest: ${contour.policyDigest}); leave --lens out to go on under that one, or learn anew without --merge`,
    );
  }
  return own;
}
