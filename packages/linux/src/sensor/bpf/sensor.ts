/** The bpf sensor: reads records of the BPF programs, finds out their actor and meaning, and gives the BPF programs the verdict. */
import { EINTR } from "../../abi/errno.ts";
import { sendSignal } from "../../process/child.ts";
import type { Act, Verdict } from "../mediation.ts";
import type { ModelMediator } from "../model-mediator.ts";
import type { Ending, Joining, Sensor } from "../sensor.ts";
import { Acts } from "./acts.ts";
import { type Asked, dependsOnVersions, type Ruling } from "./asked.ts";
import { Bars } from "./bars.ts";
import type { SeenContent } from "./content.ts";
import { Decisions, keyBytes } from "./decisions.ts";
import { execOf } from "./exec-act.ts";
import { Executions } from "./executions.ts";
import { Glance } from "./glance.ts";
import { Identities, UNTOLD } from "./identities.ts";
import { Inspections } from "./inspections.ts";
import type { KernelNamespace } from "./kernel-namespace.ts";
import { hardlyWaits, holdingOf, isToldByKey, LASTING } from "./lasting.ts";
import { FIRST } from "./members.ts";
import { noteSocket, portIn } from "./ports.ts";
import { LaunchView } from "./placing.ts";
import { type BpfProcess, hasLeftRoot, ProcessTable } from "./processes.ts";
import { ProgramWatch } from "./program-watch.ts";
import { fates, kinds, operations, PENDING, Record } from "./record.ts";
import { Successions } from "./successions.ts";
import { UnreportedEnds } from "./unreported-ends.ts";

const SIGCONT = 18;
/** After so many records, requests are handled, even if more records are waiting. */
const RECORDS_AT_ONCE = 256;
/** To sleep at most: a lost act has no record that could wake us, and only one that a task waits for does (wake-reader.h). */
const LONGEST_SLEEP_MS = 100;
/** After a record, more are likely: the reader looks this often, at this interval in milliseconds, before it sleeps. */
const NAPS = 10;
const NAP_MS = 1;

/** What the attachment of a namespace provides. */
export interface BpfConditions {
  /** An unknown act may be held until it is decided; otherwise only the start of the workload is held. */
  readonly waits: boolean;
  /** Acts are reported before they happen, and not afterwards. */
  readonly isAsked: boolean;
}

export class BpfSensor implements Sensor {
  readonly #kernel: KernelNamespace;
  readonly #watch: ProgramWatch;
  readonly #mediator: ModelMediator;
  readonly #table = new ProcessTable((process) => this.#kernel.members.isTaken(process));
  readonly #unreported = new UnreportedEnds(this.#table, (process) => this.#kernel.members.lives(process));
  readonly #identities = new Identities({
    living: () => this.#table.all,
    // The BPF programs would give their numbers, too, to what is executed as it was before.
    forgot: () => this.#decisions.takeBackAll(),
  });
  readonly #successions: Successions;
  readonly #content: SeenContent;
  readonly #glance: Glance;
  readonly #acts: Acts;
  readonly #executions: Executions;
  readonly #record = new Record();
  #lost = 0;
  /** Acts that were reported. */
  #told = 0;
  readonly #decisions: Decisions;
  readonly #bars: Bars;
  readonly #waits: boolean;
  readonly #inspections: Inspections;
  readonly isToldAfterwards: boolean;
  readonly #lasts = (record: Record) => this.#mediator.wasLasting && !this.#inspections.wantsEach(record);
  #begun = false;

  constructor(
    kernel: KernelNamespace,
    mediator: ModelMediator,
    content: SeenContent,
    { waits, isAsked }: BpfConditions,
  ) {
    this.#content = content;
    this.#glance = new Glance(kernel.reader, content);
    this.#waits = waits;
    this.isToldAfterwards = !isAsked;
    this.#kernel = kernel;
    this.#watch = new ProgramWatch(kernel, isAsked);
    // Before anything is started, or said to be supervised.
    this.#watch.assertCalled();
    if (kernel.tellsPlaces) this.#record.placing = new LaunchView();
    this.#decisions = new Decisions(kernel, mediator);
    this.#bars = new Bars(kernel.members, mediator);
    this.#mediator = mediator;
    this.#acts = new Acts(this.#content, mediator.content === "read", this.#table);
    this.#executions = new Executions(this.#content, (key) => kernel.reportAgain(key));
    this.#successions = new Successions(mediator, this.#identities, kernel);
    mediator.witnessing.onOwing = () => this.#decisions.takeBackAll();
    this.#inspections = new Inspections(mediator, this.#content, this.#executions);
  }

  /** Adds the living processes of a namespace whose supervisor has ended, and what it noted about them. */
  adopt(): void {
    const { lines, isTorn } = this.#kernel.journal.read();
    this.#identities.restoreAll(lines, (task) => this.#mediator.remember(task));
    if (isTorn) this.#mediator.missed("the earlier supervisor was killed while it noted a program");
    const members = this.#kernel.members.all();
    // Afterwards: the parent of each was born before.
    this.#table.takeOver(this.#kernel.census().handles);
    for (const { process, pid, parent, identity, numbers } of members) {
      // A process of a container may have ended when its first record is read, and with it the way to its files.
      this.#content.noteRoot(`/proc/${pid}/root`);
      if (identity < PENDING) this.#identities.leaveOut(identity + 1);
      this.#mediator.born(this.#table.add(process, pid, parent, this.#identities.numbered(identity), numbers));
    }
    this.#begun = true;
    this.#lost = this.#kernel.census().lost;
    this.#mediator.missed("what happened before this supervisor took over is not in this measurement");
  }

  /** Adds the process that began the namespace while it ran: its program is of no identity, as nothing was seen of its start. */
  takenIn(pid: number): void {
    this.#mediator.born(this.#table.add(FIRST, pid, 0, this.#identities.root));
  }

  get processes(): Iterable<BpfProcess> {
    return this.#table.all;
  }

  readonly actor = (pid: number): BpfProcess | undefined => this.#table.recent(pid);
  readonly find = (pid: number): BpfProcess | undefined => this.#table.find(pid);
  readonly owner = (pid: number): BpfProcess | undefined => this.#table.owner(pid);

  pidCalled(actor: number, number: number): number | undefined {
    const process = this.#table.recent(actor);
    return process && this.#table.called(process, number)?.pid;
  }

  /** Sets the default action: an act that may be refused or inspected must not go ahead before that. */
  adapt(): void {
    const { mayRefuse } = this.#mediator;
    const mayHold = mayRefuse || (!this.isToldAfterwards && this.#inspections.active);
    const alone = this.#mediator.refusesAlone ? "refuse" : "tell";
    if (mayHold && (this.#waits || !this.#begun)) this.#kernel.setDefaultAction("hold", alone);
    else this.#kernel.setDefaultAction(mayRefuse ? "refuse" : "tell", alone);
  }

  /** Lets the next process that it forks enter the namespace. */
  readonly join = (joining: Joining): boolean => this.#kernel.members.join(joining);

  signal(process: BpfProcess, signal: number): void {
    this.#kernel.members.signal(process, signal);
  }

  /** The BPF programs report every end, or count a loss (`#isOver`). */
  sweep(): void {}
  readonly isMember = (pid: number): boolean => this.#kernel.members.isInAny(pid);
  readonly has = (pid: number): boolean => this.#kernel.members.has(pid);
  readonly amended = (): void => this.#decisions.forgetRefusals();

  /** `launched` gives the pid of the first process once it has started, 0 before, a negative number if the start failed. */
  run(onInterrupt: () => "go-on" | "stop", launched: () => number): Ending {
    const { reader, rest } = this.#kernel;
    for (let waited = 1, naps = 0; ; ) {
      if (this.#watch.isDue) this.#noteSkipped();
      this.#noteMoved("now and then");
      this.#mediator.witnessing.takeBackIfOwed();
      const before = this.#told;
      const records = reader.drain((offset, length) => this.#take(offset, length), RECORDS_AT_ONCE);
      // Checked after all records have been read: most records wake no reader.
      if ((records === RECORDS_AT_ONCE || waited === -EINTR) && onInterrupt() === "stop") return "stopped";
      waited = 1;
      if (records === RECORDS_AT_ONCE) continue;
      if (this.#isOver(launched)) {
        this.#watch.assertCalled();
        return "ended";
      }
      naps = this.#told === before ? naps - 1 : NAPS;
      waited = naps > 0 ? rest.nap(NAP_MS) : rest.sleep(LONGEST_SLEEP_MS, () => reader.hasMore);
      // Programs that are not called send no records.
      if (naps <= 0 && waited === 0) this.#watch.assertCalled();
    }
  }

  /** Counts the acts that the BPF programs decided without asking. */
  settle(): void {
    this.#noteLosses();
    this.#noteMoved("at once");
    this.#noteSkipped();
    this.#decisions.settle();
  }

  /** Ends the namespace in the kernel. */
  close(): void {
    this.#content.close();
    this.#kernel.leave();
  }

  /** Whether no process lives and all records have been read: ends are counted before their records are made. */
  #isOver(launched: () => number): boolean {
    // Checked first: a fork is reported before the launch is known to have succeeded.
    const pid = launched();
    const { live, born, lost } = this.#noteLosses();
    if (!this.#kernel.reader.hasMore) for (const process of this.#unreported.after(lost)) this.#died(process);
    if (born === 0 && pid > 0) throw this.#watch.unnoticed(pid);
    if (live > 0 || (born === 0 && pid === 0)) return false;
    this.#kernel.reader.drain((offset, length) => this.#take(offset, length));
    return true;
  }

  #noteSkipped(): void {
    const skipped = this.#watch.newlySkipped();
    if (skipped > 0)
      this.#mediator.lostUnseen("the kernel did not call a program, because it had preempted it", skipped);
  }

  #noteMoved(look: "at once" | "now and then"): void {
    if (this.#kernel.groups.follow(look))
      this.#mediator.lostUnseen("the supervisor was moved to another control group", 1);
  }

  #noteLosses(): ReturnType<KernelNamespace["census"]> {
    const census = this.#kernel.census();
    const { lost } = census;
    if (lost > this.#lost) this.#mediator.lostUnseen("the kernel could not tell of an event", lost - this.#lost);
    this.#lost = lost;
    return census;
  }

  #take(offset: number, length: number): void {
    this.#glance.ahead();
    const record = this.#record.at(this.#kernel.reader, offset, length);
    switch (record.kind) {
      case kinds.event:
        return this.#event(record);
      case kinds.image:
        return this.#executions.note(record);
      case kinds.fork:
        if (record.parent === 0) this.#kernel.endLaunch();
        this.#actor(record);
        return;
      case kinds.exec:
        return this.#executed(record);
      case kinds.exit:
        return this.#died(this.#table.get(record.process));
      default:
        this.#mediator.lostUnseen(`a record of an unknown kind (${record.kind})`, 1);
    }
  }

  /** The process that a record is about. If its fork was not reported, it is added now: every record names the parent. */
  #actor(record: Record): BpfProcess {
    const known = this.#table.get(record.process);
    if (known) return known;
    const identity = this.#identities.numbered(record.identity);
    const numbers = record.kind === kinds.fork ? record.numbers() : [];
    const process = this.#table.add(record.process, record.pid, record.parent, identity, numbers);
    this.#mediator.born(process);
    if (this.#table.isOfUntold(process)) this.#mediator.guessed(process);
    // Its parent may have been barred only after it was forked.
    this.#bars.on(process, record.isBarred);
    return process;
  }

  #executed(record: Record): void {
    const process = this.#actor(record);
    process.multithreaded = false;
    if (!this.#begun) {
      this.#begun = true;
      this.adapt();
    }
    process.identity = this.#identities.used(record.identity);
  }

  #died(process: BpfProcess | undefined): void {
    if (!process || !this.#table.knows(process)) return;
    this.#table.remove(process);
    this.#bars.died(process);
    this.#decisions.died(process.handle);
    this.#mediator.died(process);
  }

  #event(record: Record): void {
    this.#told += 1;
    const process = this.#actor(record);
    if (record.threads > 1 || record.tid !== record.pid) process.multithreaded = true;
    if (hasLeftRoot(process, record.outlook)) this.#content.noteRoot(`/proc/${process.pid}/root`);
    const isSameByKey = this.#content.versionsTell || !dependsOnVersions(record);
    const asked: Asked = { record, process, key: record.key, isSameByKey };
    const { key } = asked;
    // Each act carries its identity: an earlier exec of the process may not have been reported.
    process.identity = this.#identities.numbered(record.identity);
    if (record.fate === fates.refusedLate) return this.#tooLate(asked);
    if (process.identity === UNTOLD) return this.#actUntold(asked);
    if (record.fate === fates.refused && this.#decisions.isSettled(record, key)) return;
    // Remembered is only what a key tells (lasting.ts), so what is repeated may last.
    const repeated = record.isKept || !isSameByKey ? undefined : this.#mediator.repeated(keyBytes(key), process);
    for (const settled of this.#inspections.unsettled(record)) this.#decisions.takeBack(settled);
    const inspected = repeated || record.fate === fates.refused ? 0 : this.#inspections.look(record, process);
    if (inspected !== 0) this.#refuseUse(asked, inspected);
    else if (record.operation === operations.exec) this.#exec(asked, repeated);
    else if (repeated === undefined) this.#decide(asked);
    else this.#carryOut(asked, { verdict: repeated, lasts: this.#lasts(record), isEach: !this.#mediator.wasLasting });
  }

  /**
   * Refused without a verdict in time. If the late verdict was to let the act go ahead, it counts as lost. Where the programs hardly waited
   * for it, it counts for the thread's next try: the target's number is no other process's then. One that is barred by now has none.
   */
  #tooLate({ record, process, key }: Asked): void {
    const answer = this.#kernel.takeBackAnswer(record, key);
    if (answer === "off" || this.#decisions.isSettled(record, key)) return;
    const mayTryAgain = hardlyWaits(record) && !this.#mediator.isBarred(process);
    if (answer === "on" && mayTryAgain) this.#kernel.answer(record, key, true, 0);
    this.#mediator.lost("an act was refused because its verdict came too late", process);
  }

  /** The identity of the actor is unknown, so the act has no point. */
  #actUntold(asked: Asked): void {
    this.#carryOut(asked, {
      verdict: this.#mediator.lost("a process runs a program whose exec was lost", asked.process),
    });
  }

  /** Treated like a file that the kernel itself refuses: an attempt, reported again each time. */
  #refuseUse(asked: Asked, errno: Verdict): void {
    this.#mediator.attempted();
    this.#carryOut(asked, { verdict: errno });
  }

  #decide(asked: Asked): void {
    const { record, process } = asked;
    const told = this.#acts.of(record, process);
    if (told === "nothing") return this.#carryOut(asked, { verdict: 0, isEach: true });
    if ("unknown" in told) return this.#carryOut(asked, { verdict: this.#mediator.lost(told.unknown, process) });
    noteSocket(this.#mediator, this.#kernel.members, asked, portIn(told));
    const named = this.#identities.numbered(record.argument(1));
    const isOfTwo = isToldByKey(record, this.#table.get(record.argument(2)), named);
    const holding = isOfTwo ? "always" : holdingOf(told);
    const verdict = this.#judge(told, asked, holding === "always");
    const isEach = holding !== "always" || !this.#lasts(record);
    const isLeft = holding === "without a supervisor" && this.#lasts(record);
    // What was refused before it was decided is tried again.
    const lasts = !isEach && (isOfTwo || LASTING.has(told.op) || record.fate === fates.refusedUndecided);
    this.#carryOut(asked, { verdict, lasts, isEach, isLeft });
  }

  /** The new identity of an exec is given with the verdict, so that no later act has the old one. */
  #exec(asked: Asked, repeated: Verdict | undefined): void {
    const { record, process } = asked;
    const loaded = this.#executions.of(record);
    if (!loaded) {
      const verdict = this.#mediator.lost("a program ran that was not told of", process);
      return this.#carryOut(asked, { verdict });
    }
    const exec = execOf(record, loaded, process, this.#content, this.#mediator.content);
    const { act, lost, namesFile } = exec;
    const judged = repeated ?? this.#judge(act, asked, !namesFile);
    const untold = lost.reduce((refused, reason) => this.#mediator.lost(reason, process) || refused, 0);
    const lasts = this.#mediator.wasLasting && !namesFile && lost.length === 0;
    const verdict = judged || untold;
    const next = this.#successions.after(record, process, exec, verdict);
    this.#carryOut(asked, { verdict, lasts, isEach: !lasts, ...(next === undefined ? {} : { next }) });
  }

  /** `isKnownByKey`: nothing but what the key covers decides which act it is. */
  #judge(act: Act, { record, process, key, isSameByKey }: Asked, isKnownByKey: boolean): Verdict {
    const actor = { task: process.identity.id, parent: process.identity.parentId, credentials: record.credentials() };
    const thread = { tid: record.tid, process };
    if (record.isKept) return this.#mediator.decide({ ...act, isKept: true }, thread, actor, undefined);
    const verdict = this.#mediator.decide(act, thread, actor, isSameByKey && isKnownByKey ? keyBytes(key) : undefined);
    if (verdict === 0) this.#takeNote(act);
    return verdict;
  }

  /** Permitted acts on the clock or below a file system change what the times of files prove. */
  #takeNote(act: Act): void {
    if (act.op === "mount" && act.subject.type === "overlay") this.#content.noteOverlay();
    if (act.op !== "settime") return;
    this.#content.noteClock();
    this.#decisions.takeBackAll();
  }

  /** Gives the BPF programs the verdict, for good if it is lasting. Then a held task is woken, and its call restarted. */
  #carryOut({ record, process, key, isSameByKey }: Asked, ruling: Ruling): void {
    const { verdict, lasts = false, isEach = false, isLeft = false, next = 0 } = ruling;
    // A process that is to be stopped is stopped before the act: it may be held, and would act when another process wakes it.
    const isFrozen = this.#mediator.isFrozen(process);
    const bar = this.#bars.on(process, record.isBarred);
    const isBarred = bar !== "free";
    const on = verdict === 0 && !isFrozen && bar !== "ended";
    const isHeld = record.fate === fates.held;
    // A barred process gets its verdict as a ticket, valid once: other processes may do the same act.
    const mayLast = isSameByKey && !isBarred && !this.#mediator.witnessing.isForEach;
    if (isLeft && mayLast && this.#mediator.refusesWhatIsOff) this.#decisions.leave(key, on);
    const decided = lasts && mayLast && this.#decisions.keep(key, on, next, isHeld ? record : undefined);
    if (decided && on) this.#inspections.settled(record, key);
    if (isHeld && !decided) this.#kernel.answer(record, key, on, next);
    // No ticket for the next try: what the key stands for may be another object by then.
    if (record.fate === fates.refusedUndecided && on && !decided && (isEach || lasts) && !isBarred)
      this.#mediator.lost("an act was refused before it was decided, as it is each time", process);
    if (isHeld && this.#kernel.release(record.tid) && !isFrozen) sendSignal(record.pid, SIGCONT);
  }
}
