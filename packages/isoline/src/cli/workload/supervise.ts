/**
 * A workload from its start to the end of its namespace, with what stands around it on the command line: the status line, the
 * departures, the control socket.
 */
import type { ChildState } from "@isoline/linux";
import type { Called, SocketAhead } from "../../control/ahead.ts";
import type { Journal } from "../../control/journal.ts";
import type { ControlServer } from "../../control/server.ts";
import type { Host } from "../../library/host.ts";
import type { Hooks, Started } from "../../library/start.ts";
import { commandText } from "../../namespace/command-text.ts";
import type { RunReport } from "../../namespace/report.ts";
import type { Decisions } from "../asking/decisions.ts";
import type { Invocation } from "../invocation.ts";
import { note } from "../output/streams.ts";
import { counted, harmless } from "../output/wording.ts";
import { DepartureTeller } from "./departures.ts";
import { outlivingText } from "./outliving.ts";
import { StatusLine } from "./status-line.ts";

export interface Supervised {
  readonly command: readonly Uint8Array[];
  readonly contour: string;
  readonly name: string | undefined;
  readonly quiet: boolean;
  /** Whether a TPM has it: then it does not begin without a control socket. */
  readonly isRecorded?: boolean;
  /** Of `run`: whether a person is asked, and that the contour may be amended. */
  readonly decisions?: { readonly asks: boolean };
  /** Of learning: whether the contour begins with this run; undefined for a run under a contour. */
  readonly learns?: "anew" | "more";
  /** Departures are told when the command has ended, all of them in their order. */
  readonly tellsAtEnd?: boolean;
}

/** How the command ended, and what there is to say of its run. */
export interface Ended {
  readonly exit: ChildState;
  /** False where starting the command was refused. */
  readonly isStarted: boolean;
  readonly report: RunReport;
  /** Whether a signature was removed, which was for the contour that was there before. */
  readonly removedSignature: boolean;
}

const OUTLIVED_AFTER_MS = 1000;

/** Runs the workload to the end of its last process. Throws whatever is wrong before it starts. */
export async function supervise(
  { entry, threads }: Invocation,
  about: Supervised,
  start: (host: Host, hooks: Hooks) => Promise<Started>,
): Promise<Ended> {
  if (about.name !== undefined) await (await import("../../control/directory.ts")).assertNameFree(about.name);
  const line = new StatusLine(about.learns === "anew" ? 0 : undefined);
  const beforeStop = () => line.pause();
  const told = { onEnding: sayEnding, onPause: sayPause, onEngineLost: sayEngineLost };
  const hooks: Hooks = about.quiet ? { beforeStop } : { beforeStop, ...told };
  const ahead = about.isRecorded === true ? await socketAhead(about) : undefined;
  const begin = async () => start({ entry, threads, standsIn: true }, hooks);
  const started = await (ahead?.until(begin()) ?? begin());
  const around = new Surroundings(started, about, line, ahead?.server);
  around.begin();
  try {
    const { report, removedSignature } = await started.run.ended;
    await around.end(report);
    const { exit, pid } = started.namespace.first;
    return { exit, isStarted: pid !== 0, report, removedSignature };
  } catch (fault) {
    await around.end(undefined);
    throw fault;
  }
}

async function socketAhead(about: Supervised): Promise<SocketAhead> {
  const { SocketAhead } = await import("../../control/ahead.ts");
  return SocketAhead.open(calledIn(about));
}

function calledIn({ name, command, contour }: Supervised): Called {
  return { name, command: commandText(command), contour };
}

function sayEngineLost(why: string): void {
  note(
    `the engine is lost: ${harmless(why)}. What is known is decided as before; what is new is refused when enforcing, and otherwise goes ahead unseen`,
  );
}

function sayPause(seconds: number): void {
  note(
    `isoline did not run for ${counted(seconds, "second")}: it was stopped or starved, and calls of the command waited`,
  );
}

function sayEnding(what: "told" | "killed", name: NodeJS.Signals, processes: number): void {
  const rest = `${counted(processes, "process")} that the command left behind`;
  note(
    what === "told"
      ? `told to end (${name}), as is now ${rest}; it is killed in five seconds, or when isoline is told again`
      : `killed: ${rest}`,
  );
}

/** The services around a running workload. None of them may delay it or make it fail. */
class Surroundings {
  readonly #started: Started;
  readonly #about: Supervised;
  readonly #line: StatusLine;
  readonly #teller: DepartureTeller;
  /** The control socket, if it is there already. */
  readonly #ahead: ControlServer | undefined;
  #server: Promise<ControlServer | undefined> = Promise.resolve(undefined);
  #journal: Journal | undefined;
  #decisions: Promise<Decisions | undefined> = Promise.resolve(undefined);
  #outlived: NodeJS.Timeout | undefined;
  #over = false;

  constructor(started: Started, about: Supervised, line: StatusLine, ahead: ControlServer | undefined) {
    const { run, namespace } = started;
    this.#ahead = ahead;
    this.#started = started;
    this.#about = about;
    this.#line = line;
    this.#teller = new DepartureTeller({
      off: () => run.counts.off,
      from: (first) => run.departures(first),
      waits: () => namespace.questions.isOnTerminal,
    });
  }

  begin(): void {
    this.#server = this.#serve();
    this.#decisions = this.#server.then((server) => this.#openDecisions(server?.name));
    if (this.#about.quiet) return;
    if (this.#about.learns !== undefined) this.#line.start(() => this.#started.run.counts);
    if (!this.#about.tellsAtEnd) this.#teller.start();
    this.#watchForOutliving();
  }

  async end(report: RunReport | undefined): Promise<void> {
    this.#over = true;
    clearInterval(this.#outlived);
    this.#line.stop();
    if (!this.#about.quiet) this.#teller.stop(report?.departures ?? []);
    const server = await this.#server;
    const fault = await this.#journal?.end(report);
    if (fault !== undefined)
      note(`the journal is not whole, so isoline departures will not tell all of this: ${harmless(fault)}`);
    await (await this.#decisions)?.close();
    await (this.#ahead ?? server)?.close();
  }

  /** Loaded late, so that it does not delay the start. What no TPM records runs without a control socket as well. */
  async #serve(): Promise<ControlServer | undefined> {
    try {
      const server = this.#ahead ?? (await this.#openServer());
      await this.#keepJournal(server.name);
      return server;
    } catch (fault) {
      note(
        `no control socket, so ps and the like will not see this: ${harmless(fault instanceof Error ? fault.message : String(fault))}`,
      );
      return undefined;
    }
  }

  async #openServer(): Promise<ControlServer> {
    const { openBeside } = await import("../../control/ahead.ts");
    return openBeside(calledIn(this.#about), this.#started.namespace);
  }

  async #keepJournal(name: string): Promise<void> {
    const { Journal } = await import("../../control/journal.ts");
    const { command, contour } = this.#about;
    const { run, namespace } = this.#started;
    const about = { name, command: commandText(command), contour };
    this.#journal = new Journal(about, namespace.ask, () => run.counts.off);
    this.#journal.start();
  }

  /** Who may decide is known by the name of the control socket. */
  async #openDecisions(name: string | undefined): Promise<Decisions | undefined> {
    const { decisions, contour } = this.#about;
    if (decisions === undefined) return undefined;
    const { Decisions } = await import("../asking/decisions.ts");
    return Decisions.open(this.#started.namespace, { name, contour, asks: decisions.asks });
  }

  #watchForOutliving(): void {
    this.#outlived = setInterval(() => void this.#noticeOutliving(), OUTLIVED_AFTER_MS);
    this.#outlived.unref();
  }

  async #noticeOutliving(): Promise<void> {
    const { run } = this.#started;
    if (!run.commandEnded) return;
    clearInterval(this.#outlived);
    const snapshot = await run.state();
    if (!snapshot || this.#over) return;
    const text = outlivingText(snapshot.processes.length);
    if (text === undefined) this.#watchForOutliving();
    else note(text);
  }
}
