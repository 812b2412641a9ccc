/**
 * What the TPM of the host is told of one namespace: its birth, the measurement it has come to, and before the call goes ahead the
 * first departure of each process, every loss, and the end.
 *
 * The thread waits for each record. In a thread that others share, a namespace that is enforced waits apart from it: what it told is under
 * way, and until that is recorded or late nothing of the namespace is decided, answered or said (`goesOn`). What goes ahead in the call
 * that is being decided cannot wait so (`isUpToDate`). Only the answer waits: a reaction to a departure, a signal to its process, is
 * carried out before the departure is in the TPM.
 */
import type { MessagePort } from "node:worker_threads";
import type { Contour } from "@isoline/core/contour";
import { type Digest, ZERO_DIGEST } from "@isoline/core/digest";
import { Engine } from "@isoline/core/engine";
import { CliError } from "../error.ts";
import type { ActingProcess, Witness } from "@isoline/linux";
import { MOST_LABEL, MOST_REASON } from "@isoline/attest/register";
import { bootAggregate } from "../integrity/measure/boot-aggregate.ts";
import { algorithmByName, type HashAlgorithm } from "../integrity/hash-algorithms.ts";
import type { TpmPlan } from "../register/plan.ts";
import type { Told } from "../register/host-registers.ts";
import { Recorder } from "../register/recorder.ts";
import { readLabel } from "./label.ts";
import type { Model } from "./model.ts";
import type { Plan } from "./plan.ts";
import type { TpmReport } from "./report.ts";
import { Sparing } from "./sparing.ts";

/** How long until it is recorded again that only the number of events grew, in milliseconds: at first, and at most. */
const CHECKPOINT_MS = 8000;
const LONGEST_CHECKPOINT_MS = 3_600_000;

export class Hardware implements Witness {
  readonly #tpm: TpmPlan;
  readonly #recorder: Recorder;
  readonly #model: Model;
  readonly #sparing: Sparing;
  /** The processes of which the register has a departure. */
  readonly #departed = new Set<number>();
  readonly #aggregate: Digest;
  #measured: { readonly contour: Contour; readonly size: number; readonly value: Digest } | undefined;
  readonly #waitsApart: boolean;
  /** How many records are under way that are waited for apart from the thread. */
  #underWay = 0;
  /** Losses that came of a record that was not taken. */
  #unrecorded = 0;
  #checkpointed = { measurement: "", events: -1, next: 0, wait: CHECKPOINT_MS };
  /** Whether the end is recorded; undefined before it. */
  #end: { isRecorded: boolean } | undefined;

  private constructor(tpm: TpmPlan, recorder: Recorder, model: Model, waitsApart: boolean) {
    this.#tpm = tpm;
    this.#waitsApart = waitsApart;
    this.#recorder = recorder;
    this.#model = model;
    this.#sparing = new Sparing(() => recorder.inLedger);
    this.#aggregate = hex(recorder.registered.aggregate);
    model.engine.onGap = (reason, count) => this.#lost(reason, count);
  }

  /**
   * The namespace gets a register before anything of it runs, by the thread that a port leads to. Throws if the TPM cannot give it one.
   */
  static async begin(
    tpm: TpmPlan,
    { label = "", sensor, sharesThread }: Plan,
    model: Model,
    recorder: MessagePort | undefined,
  ): Promise<Hardware> {
    const { engine, contour } = model;
    if (!(engine instanceof Engine) && engine.mode === "learn")
      throw new CliError(
        "usage",
        "what is learnt with --engine is that engine's, so this host cannot record how far it has come; leave --engine or --tpm out",
      );
    const waitsApart = sharesThread === true && engine.mode === "enforce";
    const { name, command } = readLabel(label);
    const about = {
      label: bounded(name ?? command, MOST_LABEL),
      mode: engine.mode,
      sensor,
      state: portableState(contour),
    };
    return new Hardware(tpm, await Recorder.begin(tpm, about, recorder), model, waitsApart);
  }

  /**
   * While the TPM takes nothing, the calls that are refused for that reason are only counted. Their number is recorded as soon as it
   * takes something, so that a workload which tries again and again does not keep it busy.
   */
  isUpToDate(): boolean {
    if (this.#underWay > 0) {
      this.#recorder.wait();
      this.#arrived();
    }
    // Their number is sent between two turns.
    if (this.#waitsApart && this.#unrecorded > 0) return false;
    return this.#recorder.owed === 0 && this.#recordUnrecorded();
  }

  get isUnderWay(): boolean {
    return this.#underWay > 0;
  }

  /** Whether something further may be decided, answered or said; false while what was told is under way. */
  goesOn(): boolean {
    if (!this.#waitsApart) return true;
    if (this.#underWay > 0 && this.#recorder.owed > 0 && this.#recorder.isInTime) return false;
    this.#arrived();
    if (this.#recorder.owed === 0 && this.#end === undefined) this.#recordUnrecorded();
    return this.#underWay === 0;
  }

  /** What evidence says of it. */
  get standing(): { readonly name: string; readonly birth: number } {
    const { register, birth } = this.#recorder.registered;
    return { name: hex(register), birth };
  }

  get remedy(): string {
    return bounded(this.#recorder.remedy, MOST_REASON);
  }

  departed({ handle, pid }: ActingProcess, point: Digest | undefined): boolean {
    if (this.#departed.has(handle) || this.#end !== undefined) return true;
    this.#departed.add(handle);
    if (!this.#sparing.departed()) return true;
    return this.#tell({ kind: "departure", process: handle, pid, point: bytes(point ?? ZERO_DIGEST) });
  }

  died({ handle }: ActingProcess): void {
    this.#departed.delete(handle);
  }

  /** The contour permits more from here on. To be called before anything of it is decided. */
  amended(): void {
    const { contour, engine } = this.#model;
    if (!this.#tell({ kind: "amendment", state: portableState(contour), points: contour.size }))
      engine.gap(this.remedy);
  }

  /** Records how far the measurement has come, if it has come further; where only events were added, less and less often. */
  checkpoint(events: number): void {
    const { contour } = this.#model;
    const measurement = this.#measurement();
    const last = this.#checkpointed;
    const isFurther = measurement !== last.measurement;
    const now = performance.now();
    if (!isFurther && (events === last.events || now < last.next)) return;
    if (!this.isUpToDate()) return;
    const wait = isFurther ? CHECKPOINT_MS : Math.min(last.wait * 2, LONGEST_CHECKPOINT_MS);
    this.#checkpointed = { measurement, events, next: now + wait, wait };
    const points = contour.size;
    if (!this.#record({ kind: "checkpoint", measurement: bytes(measurement), points, events }))
      this.#model.engine.gap(this.remedy);
  }

  /** Tells of the end. To be called before the losses are read for the last time. */
  tellEnd(events: number): void {
    if (this.#end !== undefined) return;
    const { engine, contour } = this.#model;
    const { off, refused } = engine.tally;
    const counts = { events, off, refused, lost: sum(engine.losses.values()) };
    const isRecorded = this.#tell({
      kind: "end",
      measurement: bytes(this.#measurement()),
      state: portableState(contour),
      ...counts,
    });
    // What is lost from here on is said in the report alone: the register has ended.
    this.#end = { isRecorded };
    if (!isRecorded) engine.gap(this.remedy);
    this.#recorder.close();
  }

  /** What the report says of it, when its end is recorded or late. */
  end(events: number): TpmReport {
    this.tellEnd(events);
    const { contour } = this.#model;
    const state = contour.stateUnder(ZERO_DIGEST, this.#aggregate);
    const measurement = contour.measurementUnder(ZERO_DIGEST, this.#aggregate);
    const { registered } = this.#recorder;
    const kernel = bootAggregate(SHA256);
    return {
      register: hex(registered.register),
      index: registered.index,
      shared: registered.isShared,
      birth: registered.birth,
      ledger: registered.ledger,
      pcr: this.#tpm.pcr,
      aggregate: this.#aggregate,
      bootAggregate: kernel.from === "kernel" ? `${kernel.algorithm.name}:${kernel.digest.toString("hex")}` : null,
      measurement,
      state,
      departures: this.#sparing.departures,
      recorded: this.#end?.isRecorded === true,
    };
  }

  /** Nothing more is told of it. Without an end it has none in the ledger. */
  close(): void {
    this.#recorder.close();
  }

  /** The portable one, as evidence has it. A contour that has no new point is not measured again. */
  #measurement(): Digest {
    const { contour } = this.#model;
    const { size } = contour;
    if (this.#measured?.contour !== contour || this.#measured.size !== size)
      this.#measured = { contour, size, value: contour.measurementUnder(ZERO_DIGEST, ZERO_DIGEST) };
    return this.#measured.value;
  }

  #lost(reason: string, count: number): void {
    if (this.#end !== undefined) return;
    if (reason === this.remedy) {
      this.#unrecorded += count;
      return;
    }
    const told = this.#sparing.lost(reason, count);
    if (told === undefined) return;
    if (!this.#tell({ kind: "loss", reason: bounded(told.reason, MOST_REASON), count: told.count }))
      this.#model.engine.gap(this.remedy);
  }

  /** False if it is not recorded in time, or something before it is not; true if it is under way. */
  #tell(told: Told): boolean {
    const isUpToDate = this.#underWay > 0 || (this.#recorder.owed === 0 && this.#recordUnrecorded());
    return this.#record(told) && isUpToDate;
  }

  #recordUnrecorded(): boolean {
    const count = this.#unrecorded;
    this.#unrecorded = 0;
    return count === 0 || this.#record({ kind: "loss", reason: this.remedy, count });
  }

  #record(told: Told): boolean {
    if (!this.#waitsApart) return this.#recorder.record(told);
    const isOwed = this.#underWay === 0 && this.#recorder.owed > 0;
    this.#recorder.send(told);
    this.#underWay += isOwed ? 0 : 1;
    return !isOwed;
  }

  /** What was under way is recorded, or late: then it counts as lost, as if the thread had waited for it. */
  #arrived(): void {
    const late = Math.min(this.#underWay, this.#recorder.owed);
    this.#underWay = 0;
    if (late === 0) return;
    if (this.#end !== undefined) this.#end.isRecorded = false;
    this.#model.engine.gap(this.remedy, late);
  }
}

const SHA256 = algorithmByName("sha256") as HashAlgorithm;

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const each of numbers) total += each;
  return total;
}

/** At most so many letters, none of them half, and no zero: a record takes no other text. */
function bounded(text: string, most: number): string {
  return Buffer.from(text.slice(0, most)).toString().replaceAll("\0", "�");
}

/** As reference values have it: under neither base nor aggregate. */
function portableState(contour: Contour): Uint8Array {
  return bytes(contour.stateUnder(ZERO_DIGEST, ZERO_DIGEST));
}

function bytes(digest: Digest): Uint8Array {
  return Uint8Array.from(Buffer.from(digest, "hex"));
}

function hex(digest: Uint8Array): Digest {
  return Buffer.from(digest).toString("hex") as Digest;
}
