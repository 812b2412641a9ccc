/**
 * A contour: the points that a behaviour namespace may produce, each beside the event it stands for.
 *
 * Events are kept as their encodings, without the actor, which many of them share; points as bare digests. So a million of them
 * fit in a few hundred megabytes, and finding one takes the same time among a hundred as among a million.
 */
import { type Digest, isDigest, ZERO_DIGEST } from "../digest.ts";
import { IsolineError } from "../error.ts";
import type { Actor, Event } from "../event/event.ts";
import type { Task } from "../identity/task.ts";
import type { Exchange, Profile } from "../profile/profile.ts";
import { ActorTable } from "./actor-table.ts";
import { Arena } from "./arena.ts";
import { Extension } from "./extension.ts";
import { escapeLine } from "./line-text.ts";
import { PointIndex } from "./point-index.ts";
import { assertPolicyText, policyDigest } from "./policy-text.ts";
import { Occurrences } from "./occurrences.ts";
import { ascendingDigests } from "./sorting.ts";
import { TaskTable } from "./task-table.ts";

/** What a contour is made for; it stays the same for all of its points. */
export interface ContourSpec<E extends Exchange> {
  readonly profile: Profile<E>;
  /** Canonical JSON, one line: a contour under another policy cannot be compared with this one. */
  readonly policy: string;
  /** A verifier's nonce, projected onto every point. Zeros if absent. */
  readonly base?: Digest | undefined;
  /** Digest over the platform's measured boot, extended before the first point. Zeros if absent. */
  readonly aggregate?: Digest | undefined;
}

/** The result of adding an event. */
export interface Added {
  readonly index: number;
  readonly point: Digest;
  readonly added: boolean;
}

/**
 * The set of points that a workload may produce, each with its event.
 *
 * @example
 * import { Contour, eventFromJson, iso1 } from "@isoline/core";
 *
 * const none = "0".repeat(64);
 * const ids = { uid: 0, euid: 0, suid: 0, fsuid: 0, gid: 0, egid: 0, sgid: 0, fsgid: 0 };
 * const actor = { task: none, parent: none, credentials: { ...ids, capabilities: "0x0" } };
 *
 * const contour = Contour.create({ profile: iso1, policy: "{}" });
 * const first = contour.add(eventFromJson({ op: "chroot", actor, subject: { path: "/srv" } }));
 * const second = contour.add(eventFromJson({ op: "chroot", actor, subject: { path: "/srv" } }));
 * console.log(contour.size, first.added, second.added, first.point === second.point);
 * // prints: 1 true false true
 */
export class Contour<E extends Exchange = Event> {
  readonly profile: Profile<E>;
  readonly policy: string;
  readonly policyDigest: Digest;
  readonly base: Digest;
  readonly #tasks: TaskTable;
  readonly #actors = new ActorTable();
  readonly #index = new PointIndex();
  readonly #events = new Arena();
  /** The bytes of each actor that were cut out of the encodings, by the actor's number. */
  readonly #actorBytes: Buffer[] = [];
  #occurrences = new Occurrences();
  readonly #incomplete = new Set<string>();
  /** The digest of the current lookup, as bytes and as words. */
  readonly #probe = Buffer.alloc(32);
  readonly #probeWords = new Int32Array(this.#probe.buffer, this.#probe.byteOffset, 8);
  #aggregate: Digest;
  #sealed = false;
  #extension: Extension;
  #measured = 0;
  #state: { readonly size: number; readonly value: Digest } | undefined;

  private constructor(spec: ContourSpec<E>) {
    this.profile = spec.profile;
    this.policy = spec.policy;
    this.policyDigest = policyDigest(spec.policy);
    this.base = spec.base ?? ZERO_DIGEST;
    this.#aggregate = spec.aggregate ?? ZERO_DIGEST;
    this.#extension = new Extension(this.base, this.#aggregate);
    this.#tasks = new TaskTable((task) => spec.profile.isTaskSound(task));
  }

  /** An empty contour at the start of its first run. */
  static create<E extends Exchange>(spec: ContourSpec<E>): Contour<E> {
    assertPolicyText(spec.policy);
    for (const digest of [spec.base, spec.aggregate]) {
      if (digest !== undefined && !isDigest(digest))
        throw new IsolineError("bad-contour", "base and aggregate must be SHA-256 digests");
    }
    return new Contour(spec);
  }

  /** Number of points. */
  get size(): number {
    return this.#index.size;
  }

  /** Counts one occurrence of an event in this run and adds its point if it is new. A sealed contour refuses a new point with `sealed`. */
  add(event: E): Added {
    const encoding = this.profile.encode(event);
    this.profile.pointInto(event, encoding, this.#probe, 0);
    const point = this.#probe.toString("hex") as Digest;
    const known = this.#index.find(this.#probeWords);
    if (known >= 0) {
      this.#occurrences.count(known, 1);
      return { index: known, point, added: false };
    }
    if (this.#sealed) throw sealed(this.profile.formatAct(event));
    this.profile.assertSound(event);
    const actor = this.#actors.intern(event.actor, (actor) => this.#admit(actor, event));
    const index = this.#index.insert(this.#probeWords);
    const [from, to] = this.profile.actorSpan(encoding);
    this.#events.push(encoding, from, to);
    this.#actorBytes[actor] ??= Buffer.from(encoding.subarray(from, to));
    this.#actors.assign(index, actor);
    this.#occurrences.count(index, 1);
    return { index, point, added: true };
  }

  /** Index of the point of an event, or -1 where it is off contour. */
  indexOf(event: E): number {
    this.profile.pointInto(event, this.profile.encode(event), this.#probe, 0);
    return this.#index.find(this.#probeWords);
  }

  /** The same for the 32 bytes of a point. */
  indexOfBytes(point: Buffer): number {
    point.copy(this.#probe);
    return this.#index.find(this.#probeWords);
  }

  /** Index of a point, or -1 if the contour does not have it. */
  indexOfPoint(point: Digest): number {
    this.#probe.write(point, 0, 32, "hex");
    return this.#index.find(this.#probeWords);
  }

  point(index: number): Digest {
    return this.#index.bytes().toString("hex", index * 32, index * 32 + 32) as Digest;
  }

  event(index: number): E {
    return this.profile.recall(this.#events.at(index), this.actor(index));
  }

  /** The bytes of an event as its profile encodes them. */
  encoding(index: number): Buffer {
    const rest = this.#events.at(index);
    const [from] = this.profile.actorSpan(rest);
    const actor = this.#actorBytes[this.#actors.of(index)] as Buffer;
    return Buffer.concat([rest.subarray(0, from), actor, rest.subarray(from)]);
  }

  actor(index: number): Actor {
    return this.actors[this.#actors.of(index)] as Actor;
  }

  /** Every actor of the contour once, in order of first occurrence. */
  get actors(): readonly Actor[] {
    return this.#actors.all;
  }

  /** Number in `actors` of the actor of a point. */
  actorNumber(index: number): number {
    return this.#actors.of(index);
  }

  /** Adds a task so that its events can be added. The parent of the task must be added first. */
  defineTask(task: Task): void {
    this.#tasks.define(task);
  }

  task(id: Digest): Task | undefined {
    return this.#tasks.get(id);
  }

  /** Every task after its parent; siblings by path, then by id. */
  tasks(): Iterable<Task> {
    return this.#tasks.inOrder();
  }

  /** The tasks from the first program of the namespace to this one. */
  taskChain(id: Digest): readonly Task[] {
    return this.#tasks.chain(id);
  }

  /** Short readable names of the tasks, by id: `node~3fa9c1d2`. */
  taskHandles(): ReadonlyMap<Digest, string> {
    return this.#tasks.handles();
  }

  /** Seals the contour: from now on nothing can be added. Sealing cannot be undone. */
  seal(): void {
    this.#sealed = true;
  }

  get sealed(): boolean {
    return this.#sealed;
  }

  /** Counts `times` further occurrences of a known point in this run. */
  count(index: number, times = 1): void {
    this.#occurrences.count(index, times);
  }

  /** How often a point was seen in this run. A contour that was read from a file begins a run. */
  occurrences(index: number): number {
    return this.#occurrences.of(index);
  }

  /** Begins another run: counts from nothing again. What earlier runs saw stands in the evidence. */
  beginRun(): void {
    this.#occurrences = new Occurrences();
  }

  /** Records that something could not be observed, so that the contour may lack points. */
  flag(reason: string): void {
    this.#incomplete.add(escapeLine(reason));
  }

  /** What could not be observed; empty for a contour of runs in which everything was. */
  get incomplete(): readonly string[] {
    return [...this.#incomplete];
  }

  get aggregate(): Digest {
    return this.#aggregate;
  }

  /** Sets the platform aggregate. Refused once the contour has a point. */
  setAggregate(aggregate: Digest): void {
    if (aggregate === this.#aggregate) return;
    if (this.size > 0 || this.#sealed) {
      throw new IsolineError(
        "not-comparable",
        `the contour has points under the aggregate ${this.#aggregate} and cannot take ${aggregate}; learn a new one`,
      );
    }
    this.#aggregate = aggregate;
    this.#extension = new Extension(this.base, aggregate);
  }

  /**
   * Linear extension over the points in the order in which they were added: of a run, the order in which they first happened; of a
   * file, the order of its lines.
   */
  measurement(): Digest {
    const points = this.#index.bytes();
    while (this.#measured < this.size) this.#extension.extend(points, this.#measured++ * 32);
    return this.#extension.value;
  }

  /** Linear extension over the points in ascending order: equal for equal behaviour, whatever the scheduling. */
  state(): Digest {
    if (this.#state?.size !== this.size) this.#state = { size: this.size, value: this.#computeState() };
    return this.#state.value;
  }

  /**
   * The state of the same points under another base and aggregate. Under zeros it is portable: equal on every machine. Under a
   * verifier's challenge and the aggregate of a machine, it could be made at that moment on that machine only.
   */
  stateUnder(base: Digest, aggregate: Digest): Digest {
    return base === this.base && aggregate === this.#aggregate ? this.state() : this.#computeState(base, aggregate);
  }

  /** The measurement of the same points, in the same order, under another base and aggregate. */
  measurementUnder(base: Digest, aggregate: Digest): Digest {
    if (base === this.base && aggregate === this.#aggregate) return this.measurement();
    const points = this.#index.bytes();
    const extension = new Extension(base, aggregate);
    for (let index = 0; index < this.size; index++) extension.extend(points, index * 32);
    return extension.value;
  }

  #computeState(base = this.base, aggregate = this.#aggregate): Digest {
    const points = this.#index.bytes();
    const extension = new Extension(base, aggregate);
    for (const index of ascendingDigests(points)) extension.extend(points, index * 32);
    return extension.value;
  }

  /** An actor must be resolvable: its task is known, and its parent is the parent of that task. */
  #admit(actor: Actor, event: E): void {
    const told = this.profile.taskOf(event);
    if (told) this.#tasks.define(told);
    if (actor.task === ZERO_DIGEST) {
      if (actor.parent !== ZERO_DIGEST) throw strange(actor, "an actor without a task has a parent");
      return;
    }
    const task = this.#tasks.get(actor.task);
    if (!task) throw strange(actor, "its task is not defined; call defineTask first");
    if (task.parent !== actor.parent) throw strange(actor, `the parent of its task is ${task.parent}`);
  }
}

function sealed(act: string): IsolineError {
  return new IsolineError("sealed", `the contour is sealed, so nothing can be added: ${act}`);
}

function strange(actor: Actor, why: string): IsolineError {
  return new IsolineError("bad-event", `an actor of task ${actor.task} and parent ${actor.parent}: ${why}`);
}
