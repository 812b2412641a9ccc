/**
 * One live namespace in its supervising thread: made from a plan, decided by its model, queried while it runs, summarised at
 * its end. Events come from one sensor, which it knows only by its interface.
 */
import type { MessagePort } from "node:worker_threads";
import type { RunRecord } from "@isoline/core/evidence";
import { hasMitigations, lensDigest, type MitigationPolicy } from "@isoline/core/identity";
import {
  type ActingProcess,
  closeDescriptor,
  descendantsOf,
  type LandlockRules,
  ModelMediator,
  type Sensor,
  signalAll,
  Standstill,
  takeDescriptor,
} from "@isoline/linux";
import { TrajectoryWriter } from "../store/trajectory-file.ts";
import { AskingSession } from "./asking-session.ts";
import { cells, type ControlBlock } from "./control-block.ts";
import { traitsOf } from "./drivers/traits.ts";
import { departuresFrom, recount } from "./explaining.ts";
import { hostsOf } from "./hosts.ts";
import { Gravest } from "./gravest.ts";
import type { Hardware } from "./hardware.ts";
import type { NamespaceIntegrity } from "./integrity.ts";
import { hardwareOf } from "./in-hardware.ts";
import { answersWithoutIntegrity } from "./integrity-unasked.ts";
import { landlockOf } from "./kernel-rules.ts";
import type { Amended, CountedSnapshot } from "./live.ts";
import type { LastFindings, SupervisorMessage } from "./messages.ts";
import { loadModel } from "./load-model.ts";
import type { Model } from "./model.ts";
import { Observations } from "./observations.ts";
import { OwnModel } from "./own-model.ts";
import type { Plan } from "./plan.ts";
import { counted, isAmong, listed } from "./processes.ts";
import type { DepartureReport, Loss, RunReport } from "./report.ts";
import {
  type Amendment,
  type Answers,
  answered,
  isAboutIntegrity,
  type Reply,
  type Request,
  type RequestOf,
} from "./requests.ts";
import { contourText, LearntContour } from "./saving.ts";
import { assertNoMitigations, UntrustedMitigations } from "./trust-mitigations.ts";
import { standingOf } from "./standing.ts";

/** The engine has the contour, and it is at the other end of a wire. */
const FIXED: Amended = {
  refused: "not-comparable",
  message:
    "its engine runs elsewhere (--engine), where a live contour is not amended; end it, and start it under the other contour",
};

/** Reasons of losses that are kept in the evidence. */
const MOST_REASONS = 100;

export class Session {
  readonly model: Model;
  readonly mediator: ModelMediator;
  /** What the kernel is to refuse by itself. */
  readonly landlock: LandlockRules | undefined;
  /** What trust decides about processors, if the policy says anything about that. */
  readonly mitigations: MitigationPolicy | undefined;
  /** Where the namespace is recorded in hardware. */
  readonly hardware: Hardware | undefined;
  readonly #untrusted: UntrustedMitigations | undefined;
  readonly #gravest = new Gravest();
  readonly #plan: Plan;
  readonly #observations: Observations;
  readonly #trajectory: TrajectoryWriter | undefined;
  readonly #output: LearntContour | undefined;
  /** Where the engine runs in this process: a person may be asked, and the contour amended. */
  readonly #asking: AskingSession | undefined;
  readonly #standstill = new Standstill();
  readonly #block: ControlBlock;
  readonly #pointsBefore: number;
  #sensor: Sensor | undefined;
  /** Loaded on request: most namespaces have none, and start sooner. */
  #integrity: NamespaceIntegrity | undefined;

  private constructor(
    plan: Plan,
    block: ControlBlock,
    model: Model,
    hardware: Hardware | undefined,
    say: (message: SupervisorMessage) => void,
  ) {
    this.#plan = plan;
    this.hardware = hardware;
    this.#block = block;
    this.model = model;
    this.#pointsBefore = model.points;
    this.#output = LearntContour.of(plan, () => model.finalContour());
    this.#trajectory = plan.trajectory === undefined ? undefined : new TrajectoryWriter(plan.trajectory);
    this.#observations = new Observations(model, block, this.#trajectory, (event) => say({ kind: "event", event }));
    this.#observations.followed = plan.followed === true;
    this.landlock = plan.landlock ? landlockOf(plan, model) : undefined;
    this.#asking = model instanceof OwnModel ? new AskingSession(plan, model, say) : undefined;
    this.mitigations = hasMitigations(model.policy) ? model.policy.mitigations : undefined;
    this.#untrusted = this.mitigations && UntrustedMitigations.of(this.mitigations);
    this.mediator = new ModelMediator({
      engine: model.engine,
      policy: model.policy,
      launch: plan.places,
      counts: this.#observations.counts,
      hosts: hostsOf(plan, model, (name) => say({ kind: "look-up", name })),
      knownBytes: traitsOf(plan.sensor).knownBytes(plan),
      taskOnContour: (id) => model.contour.task(id),
      asking: this.#asking?.asking,
      witness: hardware,
      onDecision: (event, judgement, circumstances) => this.#observations.decided(event, judgement, circumstances),
      onUntrusted: this.#untrusted && ((process) => this.#fell(process)),
      onRepeat: ({ departure }) => this.#observations.departed(departure),
    });
    this.#asking?.attach(this.mediator, this.landlock, () => {
      this.hardware?.amended();
      this.#sensor?.amended?.();
      this.#markProgress();
    });
    this.mediator.onFreeze = () => Atomics.store(block, cells.frozen, 1);
  }

  /** Loads and checks everything that a plan names, so that errors are reported before the workload starts. */
  static async prepare(
    plan: Plan,
    block: ControlBlock,
    say: (message: SupervisorMessage) => void,
    recorder?: MessagePort,
  ): Promise<Session> {
    const model = await loadModel(plan, (why) => say({ kind: "engine-lost", why }));
    if (plan.forStranger === true) assertNoMitigations(model.policy);
    const hardware = await hardwareOf(plan, model, recorder);
    try {
      const session = new Session(plan, block, model, hardware, say);
      if (plan.integrity !== undefined) await session.loadIntegrity();
      return session;
    } catch (fault) {
      // A birth without an end would make the whole node unverifiable until it boots anew.
      hardware?.tellEnd(0);
      throw fault;
    }
  }

  /** From now on events come from this sensor. */
  attach(sensor: Sensor): void {
    this.#sensor = sensor;
    this.mediator.findProcessesWith(sensor);
  }

  /** Makes the integrity view as the plan describes it. */
  async loadIntegrity(): Promise<void> {
    if (this.#integrity !== undefined) return;
    const { NamespaceIntegrity } = await import("./integrity.ts");
    this.#integrity = new NamespaceIntegrity(this.#plan.integrity, {
      lost: (reason, process) => this.mediator.lost(reason, process),
      pids: () => Array.from(this.#processes, ({ pid }) => pid),
      contourState: () => this.model.state().state,
      ...{ sensor: this.#plan.sensor, isForStranger: this.#plan.forStranger === true },
      onActive: (view) => {
        this.mediator.inspector = view;
      },
    });
  }

  /** False for a request that a file has to be read for, or that needs the integrity view before it is loaded. */
  canAnswer(request: Request): boolean {
    if (request.ask === "amend") return false;
    return this.#integrity !== undefined || !traitsOf(this.#plan.sensor).inspectsLate || !isAboutIntegrity(request);
  }

  /** Goes on under the contour in a file. */
  async amend(amendment: Amendment): Promise<Amended> {
    return this.#asking?.amend(amendment) ?? FIXED;
  }

  answer<R extends Request>(request: R): Reply<R> {
    return answered({ ...this.#answers, ...(this.#integrity?.answers ?? answersWithoutIntegrity) }, request);
  }

  readonly #answers: Omit<Answers, keyof typeof answersWithoutIntegrity> = {
    snapshot: () => this.#snapshot(),
    trust: ({ pid }) => {
      this.#sensor?.sweep();
      return listed(this.#processes, this.model.engine.trust, pid);
    },
    member: ({ pid }) => {
      this.#sensor?.sweep();
      return isAmong(this.#processes, pid) || this.#sensor?.isMember?.(pid) === true;
    },
    "own-member": ({ pid }) => {
      this.#sensor?.sweep();
      return this.#sensor?.has?.(pid) ?? isAmong(this.#processes, pid);
    },
    seal: () => {
      this.model.engine.seal();
      return this.#snapshot();
    },
    follow: ({ on }) => {
      this.#observations.followed = on;
      return true;
    },
    contour: () => this.model.state(),
    "contour-text": ({ most }) => contourText(this.model.finalContour(), most),
    attest: ({ binds }) => {
      const register = this.hardware?.standing ?? null;
      const standing = standingOf(this.#plan, this.model, this.#snapshot(), binds, register);
      return { ...standing, tracepoints: this.#sensor?.isToldAfterwards };
    },
    checkpoint: () => {
      this.#markProgress();
      return this.#output?.checkpoint(this.#record()) ?? false;
    },
    departures: ({ from }) => this.#departuresFrom(from),
    recount: () => recount(this.model, (departure) => this.#observations.timesOf(departure)),
    join: (joined) => this.#join(joined),
    settle: ({ id, how, by }) => this.#asking?.settle(id, how, by) ?? { settled: false },
    "sweep-questions": () => this.#asking?.sweep() ?? true,
    amend: () => ({ refused: "namespace-lost", message: "a contour is read while the thread is out of the kernel" }),
    standstill: ({ on }) => this.#stand(on),
    keep: ({ device, inode }) => this.#sensor?.keep?.(device, inode) ?? false,
    "looked-up": ({ name, found }) => {
      this.mediator.hosts?.lookedUp(name, found);
      return true;
    },
    signal: ({ signal }) => {
      this.#sensor?.sweep();
      return this.#sensor === undefined ? 0 : signalAll(this.#sensor, signal);
    },
    "look-for-end": () => this.#sensor?.lookForEnd?.() ?? false,
    abandon: ({ why }) => {
      this.mediator.missed(why);
      return true;
    },
  };

  /** Every recorded departure, with its explanation. */
  *departuresInPages(): Generator<readonly DepartureReport[]> {
    for (let from = 0, page = this.#departuresFrom(0); page.length > 0; page = this.#departuresFrom(from)) {
      yield page;
      from += page.length;
    }
  }

  /** Nothing of the workload was started: its register has nothing to say. */
  neverRan(): void {
    this.hardware?.tellEnd(0);
  }

  /** No call comes any more. In a thread that others share, `finish` comes when the end is recorded, or late. */
  ending(): void {
    this.#asking?.finish();
    this.mediator.forgetVerdicts();
    this.hardware?.tellEnd(this.#observations.counts.events);
  }

  /** Writes what was learnt and makes the report. */
  finish(kernel: RunReport["kernel"]): LastFindings {
    const { engine, policy } = this.model;
    const { points, state, measurement, profile, policy: policyDigest } = this.model.state();
    const { mediator } = this;
    const tpm = this.hardware?.end(this.#observations.counts.events) ?? null;
    this.#untrusted?.close();
    const firings = mediator.firings();
    // A command that could not be started has taught nothing, and what is in the file may be a contour.
    if (Atomics.load(this.#block, cells.workload) >= 0) this.#output?.save(this.#record());
    const untold = this.#trajectory?.close() ?? [];
    const { counts, contents, guesses } = this.#observations;
    const { off, refused } = engine.tally;
    return {
      mode: engine.mode,
      events: counts.events,
      points,
      added: points - this.#pointsBefore,
      attempts: counts.attempts,
      off,
      refused,
      kept: mediator.kept,
      measurement,
      state,
      lens: lensDigest(policy),
      profile,
      policy: policyDigest,
      incomplete: [...this.#losses(), ...untold],
      content: contents.all,
      moreContent: contents.more,
      racy: mediator.racyCalls(),
      guesses,
      firings,
      ...(this.#untrusted && { mitigations: this.#untrusted.report({}) }),
      kernel,
      integrity: this.#integrity?.finish() ?? null,
      tpm,
    };
  }

  #markProgress(): void {
    this.hardware?.checkpoint(this.#observations.counts.events);
  }

  /** A process lost its trust, and the call that cost it its trust still waits. */
  #fell({ pid, handle }: ActingProcess): void {
    const trusted = () => {
      const known = [...this.#processes];
      const isTrusted = (other: ActingProcess) =>
        this.model.engine.trust.isTrusted(other.handle) && other.handle !== handle;
      const pids = known.filter(isTrusted).map((other) => other.pid);
      return [
        ...pids,
        ...descendantsOf(
          pids,
          known.map((other) => other.pid),
        ),
      ];
    };
    const missing = this.#untrusted?.fell(pid, trusted);
    if (missing !== undefined) this.mediator.missed(missing);
  }

  /** Everything was said. */
  close(): void {
    this.hardware?.close();
    this.model.close();
  }

  #departuresFrom(from: number): DepartureReport[] {
    return departuresFrom(this.model, from, (departure) => this.#observations.timesOf(departure));
  }

  /** Stops every process while a person is asked at the terminal, or has them go on. */
  #stand(on: boolean): boolean {
    if (on) {
      Atomics.store(this.#block, cells.standing, 1);
      return this.#sensor === undefined || this.#standstill.begin(this.#sensor);
    }
    this.#standstill.end();
    Atomics.store(this.#block, cells.standing, 0);
    return true;
  }

  #join({ pid, started, listener: descriptor, names }: RequestOf<"join">): boolean {
    const listener = descriptor === undefined ? undefined : takeDescriptor(pid, descriptor);
    if (listener !== undefined && listener < 0) return false;
    const isIn = this.#sensor?.join({ pid, started, listener }) === true;
    if (isIn) this.mediator.name(names);
    else if (listener !== undefined) closeDescriptor(listener);
    return isIn;
  }

  #snapshot(): CountedSnapshot {
    this.#sensor?.sweep();
    const { engine, points } = this.model;
    const { events, attempts } = this.#observations.counts;
    const { off, refused, novel } = engine.tally;
    const gravest = this.#gravest.among(engine.forensics.departures);
    return {
      mode: engine.mode,
      events,
      points,
      novel,
      attempts,
      off,
      refused,
      ...(gravest && { gravest }),
      ...counted(this.#processes, engine.trust),
      everUntrusted: engine.trust.everUntrusted,
      ...{ departures: engine.forensics.departures.length, incomplete: this.#losses() },
    };
  }

  get #processes(): Iterable<ActingProcess> {
    return this.#sensor?.processes ?? [];
  }

  /** What the evidence says of this run. */
  #record(): RunRecord | undefined {
    const { run, sensor } = this.#plan;
    const incomplete = Object.fromEntries(
      this.#losses()
        .slice(0, MOST_REASONS)
        .map(({ reason, count }) => [reason, count]),
    );
    return run && { ...run, sensor, lens: lensDigest(this.model.policy), incomplete };
  }

  #losses(): Loss[] {
    return Array.from(this.model.engine.losses, ([reason, count]) => ({ reason, count }));
  }
}
