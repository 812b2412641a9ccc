/** The namespaces that the agent supervises: each from its order to its report, with its control socket and its journal. */
import { openBeside, SocketAhead } from "../control/ahead.ts";
import { Journal } from "../control/journal.ts";
import type { ControlServer } from "../control/server.ts";
import type { Result, Run } from "../library/run.ts";
import { type Started, startRun } from "../library/start.ts";
import { thisProcess } from "../library/host.ts";
import { EndedDepartures, type SharedHeap } from "../namespace/ended-departures.ts";
import type { Namespace } from "../namespace/namespace.ts";
import type { RunReport } from "../namespace/report.ts";
import { CliError } from "../error.ts";
import { Caller, sayRefused } from "./caller.ts";
import type { ClientProcess } from "./client-process.ts";
import type { Crews, ElsewhereCrew } from "./crews.ts";
import type { Frames } from "./frames.ts";
import type { Log } from "./log.ts";
import { readRunOrder, type RunOrder } from "./read-order.ts";

/** A live namespace, as metrics and the log name it. */
export interface Hosted {
  readonly name: string;
  readonly contour: string;
  readonly mode: string;
  readonly sensor: string;
  readonly namespace: Namespace;
}

/** What a namespace of the agent runs with. */
interface Uses {
  readonly threads: ElsewhereCrew;
  readonly departures: EndedDepartures;
}

type Head = ConstructorParameters<typeof Journal>[0];

/** What is kept of the departures of a namespace, with the head of its journal where it has one. */
interface Keeping extends Pick<Uses, "departures"> {
  readonly head: Head | undefined;
}

/** Reasons of losses in one line of the log; the report has all of them. */
const MOST_REASONS = 20;
/** Letters of the departures of all that end at once. One alone may have as many as there are in a namespace. */
const MOST_ENDED = 256 * 1024 * 1024;

export class Hosting {
  readonly #crews: Crews;
  readonly #log: Log;
  /** How many at once. */
  readonly most: number;
  readonly #live = new Set<Hosted>();
  /** Called with the result of each namespace that has ended. */
  onEnd: (result: Result) => void = () => {};
  readonly #ended: SharedHeap = { most: MOST_ENDED, used: 0 };
  #beginning = 0;

  constructor(crews: Crews, log: Log, most: number) {
    this.#crews = crews;
    this.#log = log;
    this.most = most;
  }

  get live(): ReadonlySet<Hosted> {
    return this.#live;
  }

  /** A namespace's place is kept from its order on, so that clients that start nothing cannot take more than there are. */
  admit(): () => void {
    if (this.#live.size + this.#beginning >= this.most)
      throw new CliError(
        "agent-refused",
        `expected at most ${this.most} namespaces, and so many there are; raise \`namespaces\` of the agent's configuration`,
      );
    this.#beginning += 1;
    let isKept = true;
    return () => {
      this.#beginning -= isKept ? 1 : 0;
      isKept = false;
    };
  }

  /** Adds a namespace that runs; the returned function removes it. */
  enter(hosted: Hosted): () => void {
    this.#live.add(hosted);
    this.#log.say("began", {
      namespace: hosted.name,
      contour: hosted.contour,
      mode: hosted.mode,
      sensor: hosted.sensor,
    });
    return () => this.#live.delete(hosted);
  }

  /** For the departures of a namespace, which ends beside others. To be released when its report was told. */
  departures(): EndedDepartures {
    return new EndedDepartures(this.#ended);
  }

  ended(hosted: Hosted, result: Result): void {
    const { verdict, report } = result;
    const { events, points, off, refused, incomplete } = report;
    this.#log.say("ended", {
      namespace: hosted.name,
      verdict,
      events,
      points,
      off,
      refused,
      incomplete: incomplete.slice(0, MOST_REASONS),
      reasons: incomplete.length,
    });
    this.onEnd(result);
  }

  /** A command under a contour, to its end. */
  async run(order: unknown, client: ClientProcess, frames: Frames): Promise<void> {
    let free = () => {};
    let caller: Caller | undefined;
    let crew: ElsewhereCrew | undefined;
    try {
      client.assertBeside();
      const read = readRunOrder(order, client.pid);
      free = this.admit();
      crew = this.#crews.take();
      caller = new Caller(client, frames, crew);
      await this.#carryOut(read, caller, crew, free);
    } catch (fault) {
      this.#log.say("refused", { client: client.pid, why: (fault as Error).message });
      if (caller === undefined) return sayRefused(client, frames, fault);
      caller.abandon(fault as Error);
      caller.refuse(fault);
    } finally {
      await crew?.over;
      free();
    }
  }

  async #carryOut(read: RunOrder, caller: Caller, threads: ElsewhereCrew, free: () => void): Promise<void> {
    const departures = this.departures();
    try {
      await this.#carriedOut(read, caller, { threads, departures }, free);
    } finally {
      departures.release();
    }
  }

  async #carriedOut(read: RunOrder, caller: Caller, uses: Uses, free: () => void): Promise<void> {
    const { plan, about } = read;
    const [started, server] = await this.#begin(read, caller, uses);
    const { run, namespace } = started;
    const name = server?.name ?? read.name ?? String(namespace.first.pid);
    const hosted = { name, contour: about.contour, mode: plan.mode, sensor: plan.sensor, namespace };
    const leave = this.enter(hosted);
    try {
      free();
      caller.begun(namespace);
      caller.say({ say: "begun", name: server?.name });
      const head = { name, command: read.command, contour: about.contour };
      const { report, removedSignature } = await this.#kept(hosted, run, caller, { head: server && head, ...uses });
      caller.say({ say: "over", report, removedSignature });
      caller.end();
    } finally {
      leave();
      await server?.close();
    }
  }

  /** The result of a run, whose departures are kept in a journal where it has a socket to be found by. */
  async #kept(hosted: Hosted, run: Run, caller: Caller, { head, departures }: Keeping): Promise<Result> {
    const said = (why: string) => {
      caller.say({ say: "note", text: why });
      this.#log.say("warning", { namespace: hosted.name, why });
    };
    const journal = head && beginJournal(head, hosted.namespace, run, said);
    departures.hasJournal = journal !== undefined;
    let report: RunReport | undefined;
    try {
      const result = await run.ended;
      this.ended(hosted, result);
      report = result.report;
      return result;
    } finally {
      // Also of a namespace that was lost: this process lives on, and with it would its timer and its file.
      const fault = await journal?.end(report);
      if (fault !== undefined)
        said(`the journal is not whole, so isoline departures will not tell all of this: ${fault}`);
    }
  }

  /** What is recorded in a TPM does not begin without a control socket. Anything else runs without one, and its client is told. */
  async #begin(
    { plan, about, command, name }: RunOrder,
    caller: Caller,
    uses: Uses,
  ): Promise<readonly [Started, ControlServer | undefined]> {
    const host = { ...thisProcess({}), ...uses, standsIn: false };
    const start = () => startRun(host, { plan, command: [], about, checks: true }, tellingOf(caller));
    // The client may be in another directory, from where it named the file.
    const called = { name, command, contour: plan.contour ?? about.contour };
    if (plan.tpm !== undefined) {
      const ahead = await SocketAhead.open(called);
      return [await ahead.until(start()), ahead.server];
    }
    const started = await start();
    const server = await openBeside(called, started.namespace).catch((fault: unknown) => {
      caller.say({
        say: "note",
        text: `no control socket, so ps and the like will not see this: ${(fault as Error).message}`,
      });
      return undefined;
    });
    return [started, server];
  }
}

/** Without it the command runs all the same: none of what stands around a workload makes it fail. */
function beginJournal(head: Head, { ask }: Namespace, run: Run, said: (why: string) => void): Journal | undefined {
  try {
    const journal = new Journal(head, ask, () => run.counts.off);
    journal.start();
    return journal;
  } catch (fault) {
    said(`no journal, so isoline departures will not tell of this: ${(fault as Error).message}`);
    return undefined;
  }
}

/** The client hears of what happens around its workload. */
export function tellingOf(caller: Caller): Partial<Namespace> {
  return {
    onEnding: (what, _name, processes) =>
      caller.say({
        say: "note",
        text:
          what === "told"
            ? `told to end, as are ${processes} processes that the command left behind; they are killed in five seconds`
            : `killed: ${processes} processes that the command left behind`,
      }),
    onPause: (seconds) =>
      caller.say({ say: "note", text: `the agent did not run for ${seconds} s: calls of the command waited` }),
  };
}
