/** One conversation with a client: its frames in, the agent's out. Whatever comes out of order is refused. */
import type { ChildState } from "@isoline/linux";
import { cells } from "../namespace/control-block.ts";
import { StartFailure } from "../namespace/launching.ts";
import type { LaunchOrder } from "../namespace/messages.ts";
import type { Namespace } from "../namespace/namespace.ts";
import { CliError } from "../error.ts";
import type { ClientProcess } from "./client-process.ts";
import type { ElsewhereCrew } from "./crews.ts";
import type { Frames } from "./frames.ts";
import { readAsked } from "./read-order.ts";
import type { Asked, Told } from "./words.ts";

const COUNT_EVERY_MS = 250;

export class Caller {
  readonly client: ClientProcess;
  readonly #frames: Frames;
  readonly #crew: ElsewhereCrew;
  #namespace: Namespace | undefined;
  #counting: NodeJS.Timeout | undefined;
  #order: LaunchOrder | undefined;
  #isLaunched = false;
  /** What was said before the namespace was known here. */
  #early: { readonly exit?: ChildState; readonly isToldToEnd?: boolean } = {};
  #asks = 0;

  constructor(client: ClientProcess, frames: Frames, crew: ElsewhereCrew) {
    this.client = client;
    this.#frames = frames;
    this.#crew = crew;
    frames.onFrame = (frame) => this.#hear(readAsked(frame));
    frames.onOver = () => this.#gone();
    crew.onOrder = (order) => {
      this.#order = order;
      this.say({ say: "launch", order });
    };
  }

  /** Whether the client still waits. */
  get isThere(): boolean {
    return !this.#frames.isOver;
  }

  say(told: Told): void {
    this.#frames.send(told);
  }

  refuse(fault: unknown): void {
    clearInterval(this.#counting);
    sayRefused(this.client, this.#frames, fault);
  }

  /** Nothing is started any more. */
  abandon(fault: Error): void {
    this.#crew.failed(fault);
  }

  /** The client itself is the first process: it starts nothing, and no listener is taken. */
  takenIn(): void {
    this.#isLaunched = true;
    this.#crew.onOrder = () => this.#crew.started({ pid: this.client.pid, landlock: undefined, mitigated: undefined });
  }

  /** The namespace that the client started. */
  begun(namespace: Namespace): void {
    this.#namespace = namespace;
    const { exit, isToldToEnd = false } = this.#early;
    if (exit !== undefined) namespace.first.told(exit);
    if (isToldToEnd) namespace.end();
    let said = 0;
    this.#counting = setInterval(() => {
      const off = namespace.block[cells.departures] ?? 0;
      if (off !== said && this.isThere) this.say({ say: "off", off });
      said = off;
    }, COUNT_EVERY_MS).unref();
  }

  /** Nothing more is said. */
  end(): void {
    clearInterval(this.#counting);
    this.#frames.close();
    this.client.close();
  }

  #hear(asked: Asked): void {
    switch (asked.say) {
      case "filtered":
        if (this.#isLaunched || this.#crew.isFiltered) throw disorder("a second filter");
        this.client.assertStill();
        this.#crew.filtered(this.client.takeListener(asked.listener));
        return this.say({ say: "taken" });
      case "started":
        if (this.#isLaunched) throw disorder("a second start");
        this.client.assertStill();
        this.client.assertParentOf(asked.pid);
        if (!this.#mayStart) throw disorder("a start before its order, or before its filter");
        this.#isLaunched = true;
        return this.#crew.started({ pid: asked.pid, landlock: asked.landlock, mitigated: asked.mitigated });
      case "failed":
        if (this.#isLaunched) throw disorder("a failure after the start");
        this.#isLaunched = true;
        return this.#crew.failed(
          asked.unstarted === undefined || !this.#mayStart
            ? new CliError("agent-refused", asked.message)
            : new StartFailure(asked.unstarted, asked.message),
        );
      case "ended":
        if (this.#namespace === undefined) this.#early = { exit: asked.exit, ...this.#early };
        return this.#namespace?.first.told(asked.exit);
      case "departures":
        void this.#tellDepartures(asked.from);
        return;
      case "end":
        if (this.#namespace === undefined) this.#early = { ...this.#early, isToldToEnd: true };
        return this.#namespace?.end();
    }
  }

  /** Whether what the client starts is supervised: under seccomp by the filter that it starts with. */
  get #mayStart(): boolean {
    return this.#order !== undefined && (this.#order.sensor !== "seccomp" || this.#crew.isFiltered);
  }

  async #tellDepartures(from: number): Promise<void> {
    if (this.#asks > 0) return;
    this.#asks += 1;
    const departures = (await this.#namespace?.ask({ ask: "departures", from })) ?? [];
    this.#asks -= 1;
    this.say({ say: "departures", departures });
  }

  /** The client is gone: its command is supervised to its end all the same, and how it ended is not known. */
  #gone(): void {
    clearInterval(this.#counting);
    if (!this.#isLaunched)
      this.#crew.failed(new CliError("agent-refused", "the client ended before it started anything"));
  }
}

/** Says why, and ends a conversation, or one that had not begun. */
export function sayRefused(client: ClientProcess, frames: Frames, fault: unknown): void {
  const { code = "agent-refused", message } = fault as { readonly code?: string; readonly message: string };
  frames.send({ say: "refused", code, message });
  frames.close();
  client.close();
}

function disorder(what: string): CliError {
  return new CliError("agent-refused", `expected frames in their order, got ${what}`);
}
