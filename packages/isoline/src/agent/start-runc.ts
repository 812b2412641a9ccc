/**
 * Starts runc from this very thread, as the agent orders it. What does not depend on the order is made before it comes: this file is
 * loaded, and its object made, while the agent still reads what the container is to be.
 */
import {
  type ChildState,
  closeDescriptor,
  installFilter,
  leave,
  prepareFilter,
  spawnWorkload,
  withOpenFileLimit,
} from "@isoline/linux";
import type { Entry } from "../namespace/entry.ts";
import { FirstProcess } from "../namespace/first-process.ts";
import { launchData } from "../namespace/launching.ts";
import type { LaunchOrder } from "../namespace/messages.ts";
import type { Asked } from "./words.ts";

export class RuncStart {
  readonly #first = new FirstProcess();
  readonly #data: ReturnType<typeof launchData>;
  readonly #ask: (asked: Asked) => void;
  #taken: () => void = () => {};

  /** `command` is runc, at `path`, and its arguments as raw bytes. */
  constructor(entry: Entry, command: readonly Uint8Array[], path: string, ask: (asked: Asked) => void) {
    this.#data = launchData(entry, command, Buffer.from(path));
    this.#ask = ask;
    this.#first.onEnd = (exit) => ask({ say: "ended", exit });
    this.#first.takeSignals(entry);
    prepareFilter();
  }

  /** Under bpf, the agent admits the next child of this thread; under seccomp, the thread has the filter, and so has its child. */
  async start({ sensor, openFiles }: LaunchOrder): Promise<void> {
    const { launch, noNewPrivileges } = this.#data;
    if (sensor === "seccomp") {
      const taken = new Promise<void>((resolve) => {
        this.#taken = resolve;
      });
      const listener = installFilter(noNewPrivileges);
      this.#ask({ say: "filtered", listener });
      await taken;
      // Held here as well, runc would wait for ever once the agent has ended, instead of failing closed.
      closeDescriptor(listener);
    }
    const spawn = () => spawnWorkload(launch);
    this.#started(openFiles === undefined ? spawn() : withOpenFileLimit(openFiles, spawn));
  }

  /** The agent has the listener. */
  taken(): void {
    this.#taken();
  }

  /** Ends this process, and leaves the terminal as it is. */
  leave(status: number): never {
    return leave(status);
  }

  #started(pid: number): void {
    if (pid <= 0) return this.#ask({ say: "failed", message: `runc could not be started (errno ${-pid})` });
    this.#first.started(pid);
    this.#ask({ say: "started", pid, landlock: undefined, mitigated: undefined });
    const exit: ChildState = this.#first.exit;
    if (this.#first.isOver) this.#ask({ say: "ended", exit });
  }
}
