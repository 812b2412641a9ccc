/** Starts the workload from the main thread: its start state, and the outcome. */
import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { receiveMessageOnPort, type Worker } from "node:worker_threads";
import { type ChildState, LinuxError } from "@isoline/linux";
import { CliError } from "../error.ts";
import type { AppraisalFailure } from "../integrity/failures.ts";
import { cells, type ControlBlock } from "./control-block.ts";
import type { Crew, Launching, Started } from "./crew.ts";
import type { Entry } from "./entry.ts";
import type { LaunchData } from "./launch-thread.ts";
import type { LaunchMessage } from "./messages.ts";

const CAP_SYS_ADMIN = 1n << 21n;

/** The start state of a program: as if isoline were not there. */
export function launchData(entry: Entry, argv: readonly Uint8Array[], path: Uint8Array): LaunchData {
  const { blocked, ignored, environment, open, user } = entry;
  return {
    noNewPrivileges: user === undefined ? !mayFilterFreely() : user.uid !== 0,
    launch: {
      path,
      argv,
      environment,
      keep: open,
      shut: [0, 1, 2].filter((fd) => !open.includes(fd)),
      blocked,
      defaults: ignored.map((byte) => ~byte & 0xff),
      user,
    },
  };
}

/** Resolves when the program runs, or could not be started. */
export function launchOutcome({ launch }: Pick<Crew, "launch">, path: Uint8Array): Promise<Started> {
  return launch instanceof Promise ? launch : outcomeOf(launch, path);
}

function outcomeOf({ launcher, launched }: Launching, path: Uint8Array): Promise<Started> {
  return new Promise((resolve, reject) => {
    launcher.on("error", reject);
    const hear = (message: LaunchMessage) => {
      launched.close();
      if (message.kind === "started") resolve(message);
      else if (message.kind === "refused") reject(startFailure(path, message.errno));
      else reject(new LinuxError("launch-failed", message.message));
    };
    launched.on("message", hear);
    launcher.on("exit", () => {
      // The end of a thread may be reported before its last message, and the process of a lost message could not be waited for.
      const unheard = receiveMessageOnPort(launched);
      if (unheard) hear(unheard.message as LaunchMessage);
      else launched.close();
    });
  });
}

const LOOK_MS = 1;

/** The filter's listener, as soon as the launching thread has it; negative if it got none, also because it failed before. */
export async function listenerOf(launcher: Worker, block: ControlBlock): Promise<number> {
  launcher.once("error", () => Atomics.compareExchange(block, cells.listener, 0, -1));
  while (Atomics.load(block, cells.listener) === 0) await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  return Atomics.load(block, cells.listener);
}

/** The first exec failed. Whether isoline refused it, and why, is in the findings of the namespace. */
export class StartFailure extends CliError {
  /** The same, with the files that the IMA policy did not find good. */
  with(failures: readonly AppraisalFailure[]): StartFailure {
    const bad = failures.map(({ path, cause }) => `${path}: ${cause}`);
    return bad.length === 0
      ? this
      : new StartFailure("not-executable", `${this.message}; not good by the IMA policy: ${bad.join(", ")}`);
  }
}

/** How a first process ended that never began: as a shell says of a command that cannot be executed. */
export const UNSTARTED: ChildState = { state: "exited", status: 126 };

export function startFailure(path: Uint8Array, errno: number): StartFailure {
  const shown = Buffer.from(path).toString("utf8");
  if (errno === constants.errno.ENOENT)
    return new StartFailure("no-such-command", `${shown}: no such file, or its interpreter is missing`);
  if (errno === constants.errno.EPERM)
    return new StartFailure(
      "not-executable",
      `${shown}: starting it was refused (EPERM), as --enforce refuses what is off contour; isoline explain CONTOUR 'exec path=${shown}' says what comes nearest`,
    );
  return new StartFailure("not-executable", `${shown}: cannot be executed (errno ${errno})`);
}

/** With CAP_SYS_ADMIN a filter does not require no_new_privs, so set-user-id programs keep working. */
function mayFilterFreely(): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "latin1"))?.[1];
  return effective !== undefined && (BigInt(`0x${effective}`) & CAP_SYS_ADMIN) !== 0n;
}
