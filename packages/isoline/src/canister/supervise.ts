/**
 * One canister from `create` or `run` to the end of its last process: reads the label, checks the contour, starts runc inside
 * the namespace, reports its end to the caller, and finally writes what was learnt or observed.
 */
import { existsSync, mkdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { compareDepartures } from "@isoline/core/engine";
import { type ChildState, leave, startTime } from "@isoline/linux";
import type { ControlServer } from "../control/server.ts";
import type { Entry } from "../namespace/entry.ts";
import { writeLabel } from "../namespace/label.ts";
import { Namespace, type Outcome } from "../namespace/namespace.ts";
import type { Plan } from "../namespace/plan.ts";
import type { DepartureReport } from "../namespace/report.ts";
import { beginRun } from "../namespace/run-beginning.ts";
import { reportText, runReport } from "../namespace/run-report.ts";
import type { Threads } from "../namespace/threads.ts";
import { Output } from "../store/output.ts";
import { removeStaleSignature } from "../store/signature/stale.ts";
import { policyLine } from "../store/policy-file.ts";
import { type Bundle, readBundle } from "./bundle.ts";
import { imageOf } from "./bundle-image.ts";
import { containerOf, type RuncCall } from "./command-line.ts";
import { makeSharedDirectories } from "./directories.ts";
import { remember, remembered } from "./digest-cache.ts";
import { type HostConfiguration, readHostConfiguration } from "./host-configuration.ts";
import { integrityPlanOf } from "./ima.ts";
import type { Image } from "./image.ts";
import { type Label, labelOf } from "./label.ts";
import { canisterPlaces } from "./places.ts";
import { Records } from "./record.ts";
import { rootOf, runcPath, statusOf } from "./runc.ts";
import { withRemedy } from "./sensor.ts";
import type { StatusPipe } from "./status-pipe.ts";
import type { CanisterLog } from "./log.ts";

export interface Start {
  readonly call: RuncCall;
  readonly entry: Entry;
  readonly threads: Threads;
  readonly log: CanisterLog;
  /** runc and its arguments, as raw bytes. */
  readonly command: readonly Uint8Array[];
  /** The pipe on which the caller waits for runc's end, if it does not wait for this process's end. */
  readonly status: StatusPipe | undefined;
}

/** Number of departures that are shown to the caller if its container failed to start. */
const FEW = 5;

export class Canister {
  readonly #start: Start;
  readonly #id: string;
  readonly #bundle: Bundle;
  readonly #image: Image;
  readonly #host: HostConfiguration;
  readonly #label: Label;
  readonly #records: Records;
  #server: Promise<ControlServer | undefined> = Promise.resolve(undefined);
  /** The digest that an earlier run computed. */
  readonly #hashed = remembered(runcPath());
  /** Where a learnt contour goes. */
  #output: Output | undefined;
  #isMade = false;

  private constructor(start: Start, host: HostConfiguration) {
    const { call } = start;
    this.#start = start;
    this.#host = host;
    this.#id = containerOf(call);
    this.#bundle = readBundle(call.options.get("bundle") ?? ".");
    this.#image = imageOf(this.#bundle, this.#id);
    this.#label = labelOf(this.#bundle, this.#image, host);
    this.#records = new Records(this.#id, rootOf(call));
  }

  /** Reads everything that defines the canister; throws the first error. */
  static async of(start: Start): Promise<Canister> {
    return new Canister(start, await readHostConfiguration());
  }

  /** Runs it to its end and returns how runc ended. */
  async run(): Promise<ChildState> {
    const { entry, threads, command, log } = this.#start;
    const { mode, contour, source } = this.#label;
    const reports = this.#openReports();
    makeSharedDirectories(this.#start.call, this.#bundle);
    const namespace = new Namespace(entry, await this.#plan(), command, { threads });
    namespace.first.onEnd = (exit) => void this.#told(namespace, exit);
    const begin = () => {
      this.#server = this.#serve(namespace);
      log.say("info", `${this.#id}: ${mode} ${contour} (${source})`);
    };
    const outcome = await namespace.run(begin).catch((fault: unknown) => {
      throw withRemedy(fault);
    });
    await (await this.#server)?.close();
    // What is learnt here is another contour than the one that was signed.
    if (this.#output !== undefined) removeStaleSignature(this.#output);
    this.#sumUp(outcome, reports);
    if (this.#hashed.length === 0) await remember(runcPath());
    return outcome.exit;
  }

  async #plan(): Promise<Plan> {
    const { mode, contour, policy, signed, ima, sensor } = this.#label;
    const learns = mode === "learn";
    if (learns) {
      if (dirname(contour) === this.#host.contours) mkdirSync(this.#host.contours, { recursive: true, mode: 0o755 });
      this.#output = Output.open(contour);
    }
    return {
      mode: mode === "check" ? "watch" : mode,
      contour: learns && !existsSync(contour) ? undefined : contour,
      signed,
      output: learns ? contour : undefined,
      adds: learns,
      run: learns ? beginRun([Buffer.from(this.#command)], "unknown") : undefined,
      policy: await policyLine(policy),
      trajectory: undefined,
      sensor,
      label: writeLabel({ name: this.#name, command: this.#command }),
      root: this.#bundle.rootfs,
      places: canisterPlaces(this.#start.call, rootOf(this.#start.call), this.#bundle),
      // A task under Landlock may neither mount nor pivot, which is what a runtime does.
      landlock: false,
      openFiles: this.#start.entry.openFiles,
      known: this.#hashed,
      integrity: ima && integrityPlanOf(ima, `${this.#lastReport}.ima`),
    };
  }

  /** LaterCall calls find the supervisor by this socket. Without it `exec` is impossible, so the canister is not started without it. */
  async #serve(namespace: Namespace): Promise<ControlServer> {
    const { contour } = this.#label;
    // Loaded late: it brings Node's http, which is not needed before runc is started.
    const { ControlServer } = await import("../control/server.ts");
    const server = await ControlServer.open({
      name: this.#name,
      command: this.#command,
      contour,
      pid: namespace.first.pid,
      image: this.#image.digests[0],
      joins: true,
      ask: namespace.ask,
      follow: (follower) => namespace.follow(follower),
    });
    this.#records.write({ ...this.#record(), socket: server.path }, this.#bundle.hooks.poststart);
    return server;
  }

  /** Its name in `isoline ps`. */
  get #name(): string | undefined {
    return this.#label.name ?? nameFrom(this.#id);
  }

  get #command(): string {
    return `${this.#image.names[0] ?? ""} ${this.#id}`.trim();
  }

  #record(): Parameters<Records["write"]>[0] {
    const { contour, mode, sensor } = this.#label;
    const supervisor = { pid: process.pid, started: startTime(process.pid) ?? "" };
    return { isoline: 1, id: this.#id, socket: "", supervisor, contour, mode, sensor };
  }

  /** runc has ended; the processes that it started may go on. */
  async #told(namespace: Namespace, exit: ChildState): Promise<void> {
    const { status, log, entry } = this.#start;
    if (status === undefined) return;
    this.#isMade = statusOf(exit) === 0;
    try {
      await this.#server;
    } catch (fault) {
      // The container cannot be reached any more, so its processes must not continue unnoticed.
      log.say("error", `${this.#id}: ${(fault as Error).message}; the container is stopped`);
      status.deliver(125);
      leave(125);
    }
    if (statusOf(exit) !== 0) await this.#sayDepartures(namespace);
    status.deliver(statusOf(exit));
    log.detach();
    status.letGo(entry.open);
  }

  /** Why runc may have failed. */
  async #sayDepartures(namespace: Namespace): Promise<void> {
    const snapshot = await namespace.ask({ ask: "snapshot" });
    if (snapshot === undefined || snapshot.off === 0) return;
    const all = (await namespace.ask({ ask: "departures", from: 0 })) ?? [];
    for (const line of all.slice(0, FEW).map(departureText)) this.#start.log.say("error", line);
  }

  #sumUp(outcome: Outcome, reports: readonly Output[]): void {
    const { log } = this.#start;
    const { mode, contour } = this.#label;
    const about = { container: this.#id, image: this.#image, contour, command: [this.#id] };
    const report = runReport(outcome, { ...about, learns: mode === "learn" });
    const { verdict } = report;
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
    const summary = `${this.#id}: ${verdict}: ${report.events} events, ${report.points} points of ${contour}, ${report.off} off contour`;
    log.say(verdict === "learnt" || verdict === "on-contour" ? "info" : "warning", summary);
    // A container that `run` waited for has ended, and one that failed never existed: no call will ask for its record.
    if (this.#start.status === undefined || !this.#isMade) this.#records.remove();
    else this.#records.write({ ...this.#record(), ended: summary }, false);
  }

  /** Paths of the last run's report of each contour, without the ending of the file name. */
  get #lastReport(): string {
    return join(this.#host.reports, basename(this.#label.contour).replace(/\.contour$/, ""));
  }

  /**
   * One report for each contour, of its last run. If it cannot be written the container runs all the same. And one where the
   * label asks for it.
   */
  #openReports(): Output[] {
    const { report } = this.#label;
    const wanted = report === undefined ? [] : [Output.open(report)];
    try {
      mkdirSync(this.#host.reports, { recursive: true, mode: 0o755 });
      return [Output.open(`${this.#lastReport}.json`), ...wanted];
    } catch (fault) {
      this.#start.log.say("error", (fault as Error).message);
      return wanted;
    }
  }
}

function departureText({ why, refused }: DepartureReport): string {
  return `${refused > 0 ? "refused, " : ""}off contour: ${why}`;
}

/** Short enough to type, and valid as the name of a socket; undefined if no part of the id is. */
function nameFrom(id: string): string | undefined {
  const name = id.replaceAll("+", "-").slice(0, /^[0-9a-f]{64}$/.test(id) ? 12 : 40);
  return /^[A-Za-z0-9]/.test(name) ? name : undefined;
}
