/**
 * One canister from `create` or `run` to the end of its last process: reads the label, checks the contour, starts runc inside
 * the namespace, reports its end to the caller, and finally writes what was learnt or observed.
 */
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { compareDepartures } from "@isoline/core/engine";
import type { ChildState } from "@isoline/linux";
import type { Called } from "../control/ahead.ts";
import type { Journal } from "../control/journal.ts";
import { drawName, nameOfContainer } from "../control/place.ts";
import type { ControlServer } from "../control/server.ts";
import { CliError } from "../error.ts";
import type { Entry } from "../namespace/entry.ts";
import { writeLabel } from "../namespace/label.ts";
import type { Result } from "../library/run.ts";
import { type Started, startRun } from "../library/start.ts";
import type { Namespace } from "../namespace/namespace.ts";
import { type Plan, planToLearn, planUnder, type Surroundings } from "../namespace/plan.ts";
import type { DepartureReport, RunReport } from "../namespace/report.ts";
import { beginRun } from "../namespace/run-beginning.ts";
import { reportText } from "../namespace/run-report.ts";
import type { Crew } from "../namespace/crew.ts";
import { Output } from "../store/output.ts";
import { policyLine } from "../store/policy-file.ts";
import { type Bundle, readBundle } from "./bundle.ts";
import { imageOf, statedByImage } from "./bundle-image.ts";
import { containerOf, type RuncCall } from "./command-line.ts";
import { makeSharedDirectories } from "./directories.ts";
import { remember, remembered } from "./digest-cache.ts";
import { type HostConfiguration, readHostConfiguration } from "./host-configuration.ts";
import { integrityPlanOf } from "./ima.ts";
import type { Image } from "./image.ts";
import { lastReportOf, openLastReport } from "./last-report.ts";
import { type Label, labelOf } from "./label.ts";
import { canisterPlaces } from "./places.ts";
import { type CanisterRecord, isSupervised, NO_SUPERVISOR, Records, thisSupervisor } from "./record.ts";
import { rootOf, statusOf } from "./runc.ts";
import { withRemedy } from "./sensor.ts";
import type { CanisterLog } from "./log.ts";

export interface Start {
  readonly call: RuncCall;
  readonly entry: Entry;
  readonly threads: Crew;
  readonly log: CanisterLog;
  /** runc and its arguments, as raw bytes. */
  readonly command: readonly Uint8Array[];
  /** The caller that waits for runc's end, if it does not wait for this process's end. */
  readonly status: WaitingCaller | undefined;
  /** The process that starts runc, if it is not this one. */
  readonly launcher?: number | undefined;
}

/** A call of the runtime that ends when runc ends. */
export interface WaitingCaller {
  deliver(status: number): void;
  /** Lets go of what the caller passed to runc. */
  letGo(inherited: readonly number[]): void;
}

/** Number of departures that are shown to the caller if its container failed to start. */
const FEW = 5;
/** The status of a call whose container is not supervised. */
const NOT_SUPERVISED = 125;

export class Canister {
  readonly #start: Start;
  readonly #id: string;
  readonly #bundle: Bundle;
  readonly #image: Image;
  readonly #host: HostConfiguration;
  readonly #label: Label;
  /** In `isoline ps`, in the ledger of the TPM, and in evidence. */
  readonly #name: string;
  readonly #records: Records;
  /** What was written there: another record of the same id is another container's. */
  #written: CanisterRecord | undefined;
  #namespace: Namespace | undefined;
  #server: Promise<ControlServer | undefined> = Promise.resolve(undefined);
  /** Why later calls cannot reach the container, which is stopped then. */
  #unreachable: Error | undefined;
  #journal: Promise<Journal | undefined> = Promise.resolve(undefined);
  /** The digest that an earlier run computed. */
  readonly #hashed: ReturnType<typeof remembered>;
  /** Where a learnt contour goes. */
  #output: Output | undefined;
  #isMade = false;

  private constructor(start: Start, host: HostConfiguration) {
    const { call } = start;
    this.#start = start;
    this.#hashed = remembered(pathOf(start));
    this.#host = host;
    this.#id = containerOf(call);
    this.#bundle = readBundle(call.options.get("bundle") ?? ".");
    this.#image = imageOf(this.#bundle, this.#id);
    this.#label = labelOf(this.#bundle, this.#image, host, () => statedByImage(this.#bundle, this.#id));
    this.#name = this.#label.name ?? nameOfContainer(this.#id) ?? drawName();
    this.#records = new Records(this.#id, rootOf(call));
  }

  /** Reads everything that defines the canister; throws the first error. */
  static async of(start: Start): Promise<Canister> {
    return new Canister(start, await readHostConfiguration());
  }

  /** Whether the host has canisters supervised by its agent. */
  get agent(): HostConfiguration["agent"] {
    return this.#host.agent;
  }

  /** What it is called in a log. */
  get about(): Pick<Label, "contour" | "mode" | "sensor"> & { readonly name: string } {
    return { ...this.#label, name: this.#name };
  }

  /** Called when runc was started, before anything is told of it. */
  onBegun: (namespace: Namespace) => void = () => {};

  /** Runs it to its end and returns how runc ended. */
  async run(onResult: (result: Result) => void = () => {}): Promise<ChildState> {
    const reports = this.#openReports();
    try {
      return await this.#runToEnd(reports, onResult);
    } finally {
      // In an agent the process lives on.
      for (const output of reports) output.close();
      this.#output?.close();
    }
  }

  async #runToEnd(reports: readonly Output[], onResult: (result: Result) => void): Promise<ChildState> {
    makeSharedDirectories(this.#start.call, this.#bundle);
    const plan = await this.#plan();
    const [result, exit] = await this.#carriedOut(plan).catch(async (fault: unknown) => {
      // What was lost says no more; in an agent its socket and its journal would live on.
      await this.#endAround(undefined).catch(() => {});
      this.#noteLost();
      throw withRemedy(fault);
    });
    await this.#endAround(result.report);
    this.#sumUp(result, reports);
    onResult(result);
    if (this.#hashed.length === 0) await remember(pathOf(this.#start));
    return this.#unreachable === undefined ? exit : { state: "exited", status: NOT_SUPERVISED };
  }

  /** What became of the namespace, and how runc ended. */
  async #carriedOut(plan: Plan): Promise<[Result, ChildState]> {
    const { log } = this.#start;
    const { mode, contour, source } = this.#label;
    this.#assertIdIsFree();
    const [{ run, namespace }, made] = await this.#begin(plan);
    this.#namespace = namespace;
    this.#server = this.#serve(namespace, made).catch((fault: unknown) => this.#stop(fault as Error, namespace));
    this.#journal = this.#server.then(() => this.#keepJournal(() => run.counts.off));
    // What the caller has said already is told now: the end of runc among it, which waits for the server.
    this.onBegun(namespace);
    log.say("info", `${this.#id}: ${mode} ${contour} (${source})`);
    return [await run.ended, namespace.first.exit];
  }

  /** What is recorded in a TPM does not begin without a control socket: evidence asks there. */
  async #begin(plan: Plan): Promise<readonly [Started, ControlServer | undefined]> {
    const { entry, threads, command, launcher } = this.#start;
    const { mode, contour } = this.#label;
    const about = { container: this.#id, image: this.#image, contour, command: [this.#id], learns: mode === "learn" };
    const hooks = { onCommandEnd: (exit: ChildState) => void this.#told(exit) };
    const order = { plan, command, about, output: this.#output };
    const start = () => startRun({ entry, threads, standsIn: launcher === undefined }, order, hooks);
    if (plan.tpm === undefined) return [await start(), undefined];
    const { SocketAhead } = await import("../control/ahead.ts");
    const ahead = await SocketAhead.open(this.#called);
    return [await ahead.until(start()), ahead.server];
  }

  async #plan(): Promise<Plan> {
    const { mode, contour, policy, signed, ima, sensor } = this.#label;
    const { call, entry, launcher } = this.#start;
    const surroundings: Surroundings = {
      signed,
      // Between the look at the label and the reading, a link might be put there.
      links: "refuse",
      sensor,
      label: writeLabel({ name: this.#name, command: this.#command }),
      root: this.#bundle.rootfs,
      places: canisterPlaces(call, rootOf(call), this.#bundle),
      openFiles: entry.openFiles,
      launcher,
      known: this.#hashed,
      tpm: this.#host.tpm,
      integrity: ima && integrityPlanOf(ima, `${this.#lastReport}.ima`),
    };
    const line = await policyLine(policy);
    // Without Landlock: a task under it may neither mount nor pivot, which is what a runtime does.
    if (mode !== "learn") return planUnder(contour, surroundings, { enforce: mode === "enforce", policy: line });
    if (dirname(contour) === this.#host.contours) mkdirSync(this.#host.contours, { recursive: true, mode: 0o755 });
    this.#output = Output.open(contour);
    const run = beginRun([Buffer.from(this.#command)], "unknown");
    return planToLearn(surroundings, { output: contour, adds: true, run, policy: line, trajectory: undefined });
  }

  get #called(): Called {
    const { contour } = this.#label;
    return { name: this.#name, command: this.#command, contour, image: this.#image.digests[0], joins: true };
  }

  /** A live container keeps its record: without it no later call would find its supervisor. */
  #assertIdIsFree(): void {
    const other = this.#records.find();
    if (other === undefined || other.ended !== undefined || !isSupervised(other)) return;
    throw new CliError(
      "name-taken",
      `expected an id that no live container has, got ${this.#id}, which process ${other.supervisor.pid} supervises; delete that container and wait until its supervisor has ended, or choose another id`,
    );
  }

  /**
   * Later calls find the supervisor by this socket. Where it was not made before, the container runs already when it is made, and is
   * stopped where it cannot be.
   */
  async #serve(namespace: Namespace, made: ControlServer | undefined): Promise<ControlServer> {
    // Loaded late: it brings Node's http, which is not needed before runc is started.
    const { openBeside } = await import("../control/ahead.ts");
    const server = made ?? (await openBeside(this.#called, namespace));
    try {
      // Another call with the same id may have come first.
      this.#assertIdIsFree();
      this.#written = { ...this.#record(), socket: server.path };
      this.#records.write(this.#written, this.#bundle.hooks.poststart);
      return server;
    } catch (fault) {
      await server.close();
      throw fault;
    }
  }

  /** Nothing of a container may go on that `exec` and `kill` do not reach. What it did until then is reported as of any other. */
  #stop(fault: Error, namespace: Namespace): undefined {
    this.#unreachable = fault;
    this.#start.log.say("error", `${this.#id}: ${fault.message}; the container is stopped`);
    namespace.end();
    return undefined;
  }

  /** What departs is kept on disk as well, so that it can be asked for when the container is gone. Without it the container runs. */
  async #keepJournal(off: () => number): Promise<Journal | undefined> {
    const namespace = this.#namespace;
    // The journal of a name that was taken is another's.
    const isOwn = !(this.#unreachable instanceof CliError && this.#unreachable.code === "name-taken");
    if (namespace === undefined || !isOwn) return undefined;
    try {
      const { Journal } = await import("../control/journal.ts");
      const about = { name: this.#name, command: this.#command, contour: this.#label.contour };
      const journal = new Journal(about, namespace.ask, off);
      journal.start();
      return journal;
    } catch (fault) {
      this.#start.log.say("warning", `${this.#id}: no journal of departures: ${(fault as Error).message}`);
      return undefined;
    }
  }

  async #endAround(report: RunReport | undefined): Promise<void> {
    const server = await this.#server;
    await this.#endJournal(report);
    await server?.close();
  }

  async #endJournal(report: RunReport | undefined): Promise<void> {
    const fault = await (await this.#journal)?.end(report);
    if (fault !== undefined)
      this.#start.log.say(
        "warning",
        `${this.#id}: the journal is not whole, so departures are missing there: ${fault}`,
      );
  }

  get #command(): string {
    return `${this.#image.names[0] ?? ""} ${this.#id}`.trim();
  }

  #record(): CanisterRecord {
    const { contour, mode, sensor } = this.#label;
    return { isoline: 1, id: this.#id, socket: "", supervisor: thisSupervisor(), contour, mode, sensor };
  }

  /** runc has ended; the processes that it started may go on. */
  async #told(exit: ChildState): Promise<void> {
    const { status, log, entry } = this.#start;
    if (status === undefined) return;
    await this.#server;
    const told = this.#unreachable === undefined ? statusOf(exit) : NOT_SUPERVISED;
    this.#isMade = told === 0;
    if (told !== 0) await this.#sayDepartures();
    status.deliver(told);
    log.detach();
    status.letGo(entry.open);
  }

  /** Why runc may have failed. */
  async #sayDepartures(): Promise<void> {
    const snapshot = await this.#namespace?.ask({ ask: "snapshot" });
    if (snapshot === undefined || snapshot.off === 0) return;
    const all = (await this.#namespace?.ask({ ask: "departures", from: 0 })) ?? [];
    for (const line of all.slice(0, FEW).map(departureText)) this.#start.log.say("error", line);
  }

  #sumUp({ report, verdict }: Result, reports: readonly Output[]): void {
    const { log } = this.#start;
    const { contour } = this.#label;
    for (const output of reports) {
      try {
        output.write(reportText(report));
      } catch (fault) {
        log.say("error", (fault as Error).message);
      }
    }
    for (const line of report.departures.toSorted(compareDepartures).slice(0, FEW).map(departureText))
      log.say("warning", line);
    for (const { reason, count } of report.incomplete) log.say("warning", `incomplete: ${reason} (${count} times)`);
    const summary = endingOf(this.#id, contour, report);
    log.say(verdict === "learnt" || verdict === "on-contour" ? "info" : "warning", summary);
    if (this.#written === undefined) return;
    // A container that `run` waited for has ended, and one that failed never existed: no call will ask for its record.
    if (this.#start.status === undefined || !this.#isMade) this.#records.remove();
    else this.#records.write({ ...this.#record(), ended: summary }, false);
  }

  /** Its supervision failed, and this process may live on: its record may not say that it is supervised. */
  #noteLost(): void {
    if (this.#written === undefined) return;
    try {
      this.#records.write({ ...this.#written, supervisor: NO_SUPERVISOR }, false);
    } catch (fault) {
      this.#start.log.say(
        "error",
        `${this.#id}: that it is lost is not noted for the runtime: ${(fault as Error).message}`,
      );
    }
  }

  /** Paths of the last run's report of each contour, without the ending of the file name. */
  get #lastReport(): string {
    return lastReportOf(this.#label.contour, this.#host);
  }

  /**
   * One report for each contour, of its last run. If it cannot be written the container runs all the same. And one where the
   * label asks for it.
   */
  #openReports(): Output[] {
    const { report } = this.#label;
    const own = this.#openLastReport();
    try {
      return report === undefined ? own : [...own, Output.open(report)];
    } catch (fault) {
      for (const output of own) output.close();
      throw fault;
    }
  }

  #openLastReport(): Output[] {
    try {
      return [openLastReport(this.#label.contour, this.#host)];
    } catch (fault) {
      this.#start.log.say("error", (fault as Error).message);
      return [];
    }
  }
}

/** How a canister ended, in one line. */
export function endingOf(id: string, contour: string, { verdict, events, points, off }: RunReport): string {
  return `${id}: ${verdict}: ${events} events, ${points} points of ${contour}, ${off} off contour`;
}

function departureText({ why, refused }: DepartureReport): string {
  return `${refused > 0 ? "refused, " : ""}off contour: ${why}`;
}

/** The path of runc. */
function pathOf({ command: [path = Buffer.alloc(0)] }: Start): string {
  return Buffer.from(path).toString("utf8");
}
