/**
 * Connects a sensor to the model: levels the acts of the sensor, lets the engine decide, stores the verdict under the raw key,
 * and carries out the reaction that the engine demands.
 */
import { randomBytes } from "node:crypto";
import type { Digest } from "@isoline/core/digest";
import { type Circumstances, type EnginePort, type Judgement, KnownKeys, SUPERVISOR } from "@isoline/core/engine";
import type { Actor, Event } from "@isoline/core/event";
import {
  type Call,
  type CanisterPlaces,
  Classes,
  deriveTask,
  type Image,
  Leveller,
  NamePaths,
  type Observation,
  programName,
  rulesAt,
  type Task,
} from "@isoline/core/identity";
import { EPERM } from "../abi/errno.ts";
import { type Asking, HELD } from "./asking.ts";
import { Falls } from "./falls.ts";
import { isMissed } from "./files/content.ts";
import { KnownTasks } from "./known-tasks.ts";
import { mayPass } from "./passing-verdicts.ts";
import { type LocalEnd, type LocalSocket, OwnPorts } from "./own-ports.ts";
import { NOWHERE, type Reach, relationOf } from "./relation.ts";
import { Tools } from "./tools.ts";
import { UNIDENTIFIED } from "./unidentified.ts";
import type { ActingProcess, ActingThread, Identity } from "./acting.ts";
import type { Act, KeyBytes, Mediator, Verdict } from "./mediation.ts";
import type { HostNames } from "./names/host-names.ts";
import type { FileInspector } from "./inspection.ts";
import type { MediatorCounts, ModelMediatorOptions } from "./mediator-options.ts";
import { Witnessing } from "./witness.ts";

const MISSED = "content that counts was changed, gone, withheld or being written while it was read";

const SIGKILL = 9;
const SIGSTOP = 19;

export class ModelMediator implements Mediator {
  readonly content: "executed" | "read";
  readonly allowsIoUring: boolean;
  readonly tools: Tools;
  /** The inspector of files, if there is one. */
  inspector: FileInspector | undefined;
  readonly hosts: HostNames | undefined;
  readonly #engine: EnginePort;
  readonly #leveller: Leveller;
  readonly #classes: Classes;
  readonly #programs: NamePaths;
  readonly #known: KnownKeys;
  readonly #ports: OwnPorts;
  readonly #counts: MediatorCounts;
  readonly #onDecision: ModelMediatorOptions["onDecision"];
  readonly #onRepeat: ModelMediatorOptions["onRepeat"];
  readonly #tasks: KnownTasks;
  readonly #guessed = new Set<number>();
  /** Only where the loss of trust has consequences outside of the engine. */
  readonly #falls: Falls | undefined;
  /** Undefined where no person is asked. */
  readonly asking: Asking | undefined;
  readonly witnessing: Witnessing;
  readonly #racy = new Map<string, number>();
  #kept = 0;
  /** Whether the last verdict holds for every act with its key, as long as the mode does not change. */
  wasLasting = false;
  /** Called for each new process while its first call still waits. */
  onBirth: ((process: ActingProcess) => void) | undefined;
  /** Called for each process that the policy stops, before it is stopped. */
  onFreeze: ((process: ActingProcess) => void) | undefined;
  #processes: Reach = NOWHERE;

  constructor(options: ModelMediatorOptions) {
    const { policy, launch } = options;
    this.content = policy.content;
    this.allowsIoUring = policy.iouring === "allow";
    const onContour = options.taskOnContour ?? (() => undefined);
    this.#tasks = new KnownTasks({ onContour, living: () => this.#processes.processes });
    this.tools = new Tools(policy, this.#tasks);
    this.#engine = options.engine;
    this.asking = options.asking;
    this.witnessing = new Witnessing(options.engine, options.witness);
    this.#counts = options.counts;
    this.#onDecision = options.onDecision;
    this.#onRepeat = options.onRepeat;
    this.#falls = options.onUntrusted && new Falls(options.engine.trust, options.onUntrusted);
    this.hosts = options.hosts;
    this.#ports = new OwnPorts(launch.ephemeralPorts);
    const seed = randomBytes(8);
    const room = options.knownBytes === undefined ? {} : { maxBytes: options.knownBytes };
    this.#known = new KnownKeys([seed.readInt32LE(0), seed.readInt32LE(4)], room);
    this.#classes = new Classes(rulesAt(policy.classes, launch));
    this.#programs = new NamePaths((id) => this.#tasks.lineOf(id));
    this.#leveller = new Leveller(policy, launch, {
      relationOf: (pid, actorPid) =>
        relationOf(this.#processes, pid, actorPid, false, (of) => this.#processes.find(of)),
      ownerIn: (pid, actorPid, anew) =>
        relationOf(this.#processes, pid, actorPid, anew, (of) => this.#processes.owner(of)),
      isOwnPort: (end, network, { sockets }) =>
        this.#ports.wasGiven(end.port, network) && (!end.isReached || this.#ports.answers(end, sockets) !== "others"),
      isOwnPeer: (end, { sockets }) => this.#ports.answers(end, sockets) !== "others",
      ownerOfName: (name, { sockets }) => this.#ports.answersTo(name, sockets),
    });
  }

  /** The contour permits more than before, so verdicts that were remembered hold no longer; or no key will be looked up again. */
  forgetVerdicts(): void {
    this.#known.clear();
  }

  /** The tasks from the first program to this one, if all are known. */
  lineageOf(id: Digest): readonly Task[] {
    return this.#tasks.lineOf(id);
  }

  /** Sets where processes are looked up and signalled: the sensor and its mediator refer to each other. */
  findProcessesWith(processes: Reach): void {
    this.#processes = processes;
  }

  /** Whether everything that a process does is refused, on contour or not. */
  isBarred({ handle }: ActingProcess): boolean {
    const { reaction, mode, trust } = this.#engine;
    const bars = reaction === "deny-all" || reaction === "kill" || reaction === "freeze";
    return mode !== "learn" && bars && !trust.isTrusted(handle);
  }

  /** Whether a process was stopped by the policy and must not be continued. */
  isFrozen({ handle }: ActingProcess): boolean {
    const { reaction, mode, trust } = this.#engine;
    return mode !== "learn" && reaction === "freeze" && !trust.isTrusted(handle);
  }

  /** Whether every off-contour act of any process is refused. */
  get refusesWhatIsOff(): boolean {
    return this.#engine.mode === "enforce";
  }

  /** Whether an act without a verdict is refused also while no supervisor is there. One that is only watched goes ahead then. */
  get refusesAlone(): boolean {
    return this.refusesWhatIsOff || this.#engine.asks || this.#mayRefuseUses;
  }

  /** Whether an act without a verdict may have to be refused, or to be recorded before it goes ahead. */
  get mayRefuse(): boolean {
    const { reaction, mode, asks } = this.#engine;
    const answersFirst = reaction !== "log" || this.witnessing.isActive;
    return mode === "enforce" || asks || (mode === "watch" && answersFirst) || this.#mayRefuseUses;
  }

  /** Whether that can become true: trust can be lost, and a contour may be sealed. */
  get mayComeToRefuse(): boolean {
    const { reaction, mode, asks } = this.#engine;
    return mode === "enforce" || asks || reaction !== "log" || this.witnessing.isActive || this.#mayRefuseUses;
  }

  /**
   * Whether what is off contour is decided each time: a departure counts, and costs each process its trust. Of what is always refused
   * the supervisor is told in any case; where the loss of trust has consequences, the call has to wait for them.
   */
  get #followsDepartures(): boolean {
    return this.#falls !== undefined || !this.refusesWhatIsOff;
  }

  get #mayRefuseUses(): boolean {
    return this.inspector?.mayRefuse ?? false;
  }

  /** The value stored under a key, for `repeatedUnseen`; 0 if there is none. */
  knownBy(key: KeyBytes): number {
    return this.#known.lookup(key.bytes, 0, key.length);
  }

  /** Counts events on contour that the BPF programs let go ahead because they had a verdict. */
  repeatedUnseen(known: number, times: number): void {
    if (known === 0 || times === 0) return;
    this.#counts.events += times;
    this.#engine.repeatUnseen(known, times);
  }

  /** Records events that never reached the supervisor. */
  lostUnseen(reason: string, count: number): void {
    this.#engine.loss(reason, count);
  }

  /** For a container: the files that a further call of its runtime was given, by purpose. */
  name(directories: CanisterPlaces["directories"]): void {
    this.#leveller.name(directories);
  }

  /** How often an act targeted the supervisor and was refused. */
  get kept(): number {
    return this.#kept;
  }

  /** How often each lens rule fired. */
  firings(): Readonly<Record<string, number>> {
    return this.#leveller.firings();
  }

  repeated(key: KeyBytes, process: ActingProcess): Verdict | undefined {
    const known = this.#known.lookup(key.bytes, 0, key.length);
    if (known === 0) return undefined;
    this.#counts.events += 1;
    const judgement = this.#engine.repeat(known, process.handle, this.#counts.events);
    if (judgement.departure !== undefined) this.#onRepeat?.(judgement);
    this.wasLasting = judgement.verdict === "on" || !this.#followsDepartures;
    this.witnessing.judged(judgement, process);
    return this.witnessing.unlessOwed(this.#carryOut(judgement, process), process);
  }

  decide(act: Act, thread: ActingThread, actor: Actor, key: KeyBytes | undefined): Verdict {
    const { process } = thread;
    // Copied field by field: this runs for each event, and spreading the object is slow.
    const { op, subject, content, isKept, passing, isRefusedAnyway } = act;
    const seen = { op, actor, subject } as Event;
    const missed = content?.some(isMissed) ?? false;
    this.wasLasting = false;
    const observation = this.#observe(thread, act.observation);
    if (isKept) this.#kept += 1;
    else if (this.#leveller.overlooks(seen, observation)) return this.#overlooked(process, op, missed);
    const levelled = this.#levelled(seen, observation, process);
    if (!isKept && this.#classes.overlooks(levelled)) return this.#overlooked(process, op, missed);
    this.#counts.events += 1;
    const { event } = this.#classes.of(levelled, () => this.#programs.of(actor.task));
    const task = this.#tasks.get(actor.task);
    const circumstances: Circumstances = {
      sequence: this.#counts.events,
      process: process.handle,
      pid: process.pid,
      chain: process.identity.chain,
      ...(task ? { task } : {}),
      ...(this.#guessed.has(process.handle) ? { guessedLineage: true } : {}),
      ...(content ? { content } : {}),
      ...(isKept ? { isKept } : {}),
    };
    const answerable = this.#withAnswers(circumstances, event, missed || isRefusedAnyway === true);
    const judgement = this.#engine.judge(event, answerable);
    if (judgement.refuse) this.#leveller.withdraw();
    if (judgement.verdict === "asked") {
      this.#counts.events -= 1;
      return HELD;
    }
    // A class is the same for the same levelled event, so only what was levelled before it may come to mean something else.
    const isKnown = !missed && !passing && judgement.known !== 0 && !mayPass(levelled);
    const isWatchedFor = judgement.verdict !== "on" && this.#followsDepartures;
    this.wasLasting = isKnown && !isWatchedFor;
    if (key && isKnown) this.#known.remember(key.bytes, 0, key.length, judgement.known);
    this.#onDecision?.(event, judgement, circumstances);
    this.witnessing.judged(judgement, process);
    const verdict = this.witnessing.unlessOwed(this.#carryOut(judgement, process), process);
    if (verdict !== 0 && !judgement.refuse) this.#leveller.withdraw();
    return missed ? verdict || this.lost(MISSED, process) : verdict;
  }

  /** Nothing that counts is exchanged. A barred process is refused it all the same, but for the signals of a container's runtime. */
  #overlooked(process: ActingProcess, op: Act["op"], missed: boolean): Verdict {
    if (op !== "kill" && this.isBarred(process)) return EPERM;
    const verdict = this.witnessing.unlessOwed(0, process);
    return missed ? verdict || this.lost(MISSED, process) : verdict;
  }

  /** No person is asked about content that could not be read (a loss), nor about a call that no answer lets go ahead. */
  #withAnswers(circumstances: Circumstances, event: Event, isSettled: boolean): Circumstances {
    const { asking } = this;
    if (asking === undefined || isSettled) return circumstances;
    return { ...circumstances, answerTo: (point) => asking.answerTo(event, point, circumstances) };
  }

  taskOf(
    parent: Identity,
    images: readonly [Image, ...Image[]],
    thread: ActingThread,
    call: Call,
  ): { task: Task; program: string } {
    const at = this.#observe(thread);
    const levelled = images.map((image) => ({ ...image, path: this.#leveller.levelPath(image.path, at) }));
    const called = this.#leveller.levelCall(call, images[0].path, at);
    return this.#noted(deriveTask(parent.id, levelled as unknown as readonly [Image, ...Image[]], called));
  }

  /** Records a loss that cannot be refused any more. */
  missed(reason: string): void {
    this.#engine.gap(reason);
  }

  /** Takes over a task identity that an earlier supervisor derived. */
  remember(task: Task): void {
    this.#tasks.keep(task);
  }

  born(process: ActingProcess): void {
    this.onBirth?.(process);
    this.#falls?.born(process);
    this.asking?.born(process.handle, process.parent?.handle);
    this.#engine.trust.born(process.handle, process.parentHandle ?? process.parent?.handle ?? SUPERVISOR);
    // If its parent is uncertain, a process is trusted no more than the least trusted candidate.
    for (const other of process.otherParents) this.#engine.trust.born(process.handle, other.handle);
  }

  died(process: ActingProcess): void {
    this.#engine.trust.died(process.handle);
    this.#falls?.died(process);
    this.asking?.died(process.handle);
    this.witnessing.died(process);
    this.#leveller.processEnded(process.pid);
    this.#guessed.delete(process.handle);
  }

  lost(reason: string, process?: ActingProcess): Verdict {
    this.asking?.noteLoss();
    return this.#engine.loss(reason, 1, process?.handle) ? EPERM : 0;
  }

  guessed(process: ActingProcess): void {
    this.#guessed.add(process.handle);
    this.#engine.loss("the parent of a process could not be proven", 1, process.handle);
    this.#engine.trust.distrust(process.handle, {
      reason: "unknown-lineage",
      what: "its parent could not be proven",
    });
  }

  unidentified(process: ActingProcess, why: keyof typeof UNIDENTIFIED): { task: Task; program: string } {
    const what = UNIDENTIFIED[why];
    this.#engine.loss(`a process runs ${what}`, 1, process.handle);
    this.#engine.trust.distrust(process.handle, { reason: "sensor", what: `it runs ${what}` });
    return this.#noted(deriveTask(process.identity.id, [{ path: `?${why}` }]));
  }

  /** What is learnt becomes the contour's: that of an engine elsewhere is not at hand. */
  #noted(task: Task): { task: Task; program: string } {
    if (this.#engine.mode === "learn") this.#tasks.keep(task);
    else this.#tasks.note(task);
    return { task, program: programName(task) };
  }

  withdraw(): void {
    this.#leveller.withdraw();
  }

  racy(call: string): void {
    this.#racy.set(call, (this.#racy.get(call) ?? 0) + 1);
  }

  /** How often each system call went ahead on data that another task could change. */
  racyCalls(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#racy);
  }

  attempted(): void {
    this.#counts.attempts += 1;
  }

  portPending(resolve: () => LocalSocket | undefined, network: string): void {
    this.#ports.expect(resolve, network);
  }

  ownSocket(inode: number): void {
    this.#ports.note(inode);
  }

  isOwnServer(end: LocalEnd, sockets: string | undefined): boolean {
    return this.#ports.answers(end, sockets) === "own";
  }

  isNobodys(end: LocalEnd, network: string, sockets: string | undefined): boolean {
    return this.#ports.wasGiven(end.port, network) && this.#ports.answers(end, sockets) === "nobody";
  }

  #levelled(seen: Event, observation: Observation, { handle }: ActingProcess): Event {
    const level = (host: string | undefined) =>
      this.#leveller.level(seen, host ? { ...observation, host } : observation);
    const classed = (event: Event) => this.#classes.of(event, () => this.#programs.of(seen.actor.task)).event;
    return this.hosts?.named(seen, handle, level, (event) => this.#engine.isOn(classed(event))) ?? level(undefined);
  }

  #observe(thread: ActingThread, more?: Partial<Observation>): Observation {
    const { pid, identity, multithreaded, atOwnRoot } = thread.process;
    const task = this.#tasks.get(identity.id);
    const images = task?.images;
    const own = { pid, tid: thread.tid, program: identity.program, multithreaded, atHostRoot: atOwnRoot };
    const names = task && this.tools.namesOf(task);
    return { ...own, ...(names ? { toolNames: names } : {}), ...(images ? { images } : {}), ...more };
  }

  #carryOut(judgement: Judgement, process: ActingProcess): Verdict {
    if (judgement.reaction === "freeze") this.onFreeze?.(process);
    if (judgement.reaction !== undefined)
      this.#processes.signal(process, judgement.reaction === "kill" ? SIGKILL : SIGSTOP);
    // If it were continued, a process would still carry out the call that it is killed for: the answer must arrive before it
    // dies.
    return judgement.refuse || judgement.reaction === "kill" ? EPERM : 0;
  }
}
