/** A workload from its start to the end of its namespace, with the status line, the printing of departures, and the
control socket. */
import type { Invocation } from "../invocation.ts";
import { cells } from "../../namespace/control-block.ts";
import { writeLabel } from "../../namespace/label.ts";
import { Namespace, type Outcome } from "../../namespace/namespace.ts";
import type { Plan } from "../../namespace/plan.ts";
import type { DepartureReport } from "../../namespace/report.ts";
import type { ControlServer, Subject } from "../../control/server.ts";
import { note } from "../output/streams.ts";
import { counted } from "../output/wording.ts";
import { commandText } from "./command.ts";
import { DepartureTeller } from "./departures.ts";
import { outlivingText } from "./outliving.ts";
import { StatusLine } from "./status-line.ts";

export interface Supervised {
  readonly plan: Plan;
  readonly command: readonly Uint8Array[];
  readonly name: string | undefined;
  readonly quiet: boolean;
}

const OUTLIVED_AFTER_MS = 1000;

/** Runs the workload to the end of its last process. Throws any error that occurs before it starts. */
export async function supervise({ entry, threads }: Invocation, run: Supervised): Promise<Outcome> {
  if (run.name !== undefined) await (await import("../../control/directory.ts")).assertNameFree(run.name);
  const namespace = new Namespace(
    entry,
    { ...run.plan, label: writeLabel({ name: run.name, command: commandText(run.command) }) },
    run.command,
    { threads },
  );
  const around = new Surroundings(namespace, run);
  if (!run.quiet) {
    namespace.onEnding = sayEnding;
    namespace.onPause = sayPause;
  }
  try {
    const begin = () => around.begin();
    const outcome = await (run.plan.adopt === undefined ? namespace.run(begin) : namespace.attach(begin));
    await around.end(outcome.report.departures);
    return outcome;
  } catch (fault) {
    await around.end([]);
    throw fault;
  }
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
  readonly #namespace: Namespace;
  readonly #run: Supervised;
  readonly #line: StatusLine;
  readonly #teller: DepartureTeller;
  #server: Promise<ControlServer | undefined> = Promise.resolve(undefined);
  #outlived: NodeJS.Timeout | undefined;
  #over = false;

  constructor(namespace: Namespace, run: Supervised) {
    const { block } = namespace;
    this.#namespace = namespace;
    this.#run = run;
    const before = run.plan.contour === undefined ? 0 : undefined;
    this.#line = new StatusLine(() => ({ events: block[cells.events] ?? 0, points: block[cells.points] ?? 0, before }));
    this.#teller = new DepartureTeller({
      off: () => block[cells.departures] ?? 0,
      from: async (first) => (await namespace.ask({ ask: "departures", from: first })) ?? [],
    });
  }

  begin(): void {
    this.#server = this.#serve();
    if (this.#run.quiet) return;
    if (this.#run.plan.mode === "learn") this.#line.start();
    this.#namespace.beforeStop = () => this.#line.pause();
    this.#teller.start();
    this.#watchForOutliving();
  }

  async end(departures: readonly DepartureReport[]): Promise<void> {
    this.#over = true;
    clearInterval(this.#outlived);
    this.#line.stop();
    if (!this.#run.quiet) this.#teller.stop(departures);
    await (await this.#server)?.close();
  }

  /** Loaded late, so that it does not delay the start. Without a control socket the workload runs as well. */
  async #serve(): Promise<ControlServer | undefined> {
    try {
      const { ControlServer } = await import("../../control/server.ts");
      return await ControlServer.open(this.#subject());
    } catch (fault) {
      note(
        `no control socket, so ps and the like will not see this: ${fault instanceof Error ? fault.message : String(fault)}`,
      );
      return undefined;
    }
  }

  #subject(): Subject {
    const { plan, command, name } = this.#run;
    return {
      name,
      command: commandText(command),
      contour: plan.contour ?? plan.output ?? "",
      pid: this.#namespace.first.pid,
      ask: this.#namespace.ask,
      follow: (follower) => this.#namespace.follow(follower),
    };
  }

  #watchForOutliving(): void {
    this.#outlived = setInterval(() => void this.#noticeOutliving(), OUTLIVED_AFTER_MS);
    this.#outlived.unref();
  }

  async #noticeOutliving(): Promise<void> {
    const { state } = this.#namespace.first.exit;
    if (state !== "exited" && state !== "killed") return;
    clearInterval(this.#outlived);
    const snapshot = await this.#namespace.ask({ ask: "snapshot" });
    if (!snapshot || this.#over) return;
    const text = outlivingText(snapshot.processes.length);
    if (text === undefined) this.#watchForOutliving();
    else note(text);
  }
}
