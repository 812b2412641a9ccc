/**
 * `isoline-runc create` and `run --detach` at a machine with an agent: starts runc under the agent's supervision, and ends as runc ends.
 * Nothing more is loaded than that needs.
 *
 *   create-canister SOCKET ARGUMENT…     the arguments of isoline-runc
 *
 * Ends with `NOT_HERE` if no agent takes the container: the caller then supervises it in a process of its own.
 */
import { writeSync } from "node:fs";
import { connect } from "node:net";
import {
  type ChildState,
  closeDescriptor,
  installFilter,
  leave,
  spawnWorkload,
  withOpenFileLimit,
} from "@isoline/linux";
import { rawArguments, readEntry } from "../namespace/entry.ts";
import { FirstProcess } from "../namespace/first-process.ts";
import { launchData } from "../namespace/launching.ts";
import type { LaunchOrder } from "../namespace/messages.ts";
import { Frames } from "./frames.ts";
import { type Asked, MOST_ASKED, MOST_TOLD, type Told, VERSION } from "./words.ts";

/** EX_PROTOCOL of sysexits.h, which runc does not use. */
const NOT_HERE = 76;
const REFUSED = 125;
const STDERR = 2;
/** An agent that takes the connection answers at once, or is stuck. */
const PATIENCE_MS = 10_000;

function main(): void {
  const [socket = "", ...argv] = process.argv.slice(2);
  const entry = readEntry();
  const runc = process.env["ISOLINE_RUNC"] ?? "/usr/sbin/runc";
  const connection = connect(socket);
  connection.once("error", () => leave(NOT_HERE));
  connection.once("connect", () => {
    const frames = new Frames(connection, { most: MOST_TOLD, unsent: 2 * MOST_ASKED });
    const patience = setTimeout(() => leave(NOT_HERE), PATIENCE_MS);
    const first = new FirstProcess();
    const ask = (asked: Asked) => frames.send(asked);
    const { data, wasTaken } = launching(entry, [Buffer.from(runc), ...rawArguments(argv.length)], runc, ask);
    first.onEnd = (exit) => ask({ say: "ended", exit });
    frames.onOver = (why) =>
      refuse(`the agent has ended${why === undefined ? "" : ` (${why})`}, and the container fails closed`);
    frames.onFrame = (frame) => {
      const told = frame as Told;
      clearTimeout(patience);
      switch (told.say) {
        case "launch":
          first.takeSignals(entry);
          return void data(told.order).then((pid) => start(first, pid, ask));
        case "taken":
          return wasTaken();
        case "stderr":
          writeSync(STDERR, told.text);
          return;
        case "status":
          return leave(told.status);
        case "refused":
          return told.code === "agent-elsewhere" ? leave(NOT_HERE) : refuse(told.message);
        default:
          return;
      }
    };
    const { ISOLINE_CANISTERS: canisters } = process.env;
    frames.send({
      isoline: VERSION,
      ask: "canister",
      runc,
      argv,
      cwd: process.cwd(),
      openFiles: entry.openFiles,
      canisters,
    });
  });
}

/** Starts runc from this very thread: under bpf, the agent admits the next child of it; under seccomp, it has the filter. */
function launching(
  entry: ReturnType<typeof readEntry>,
  command: readonly Uint8Array[],
  path: string,
  ask: (asked: Asked) => void,
) {
  let wasTaken = () => {};
  const data = async ({ sensor, openFiles }: LaunchOrder): Promise<number> => {
    const { launch, noNewPrivileges } = launchData(entry, command, Buffer.from(path));
    if (sensor === "seccomp") {
      const taken = new Promise<void>((resolve) => {
        wasTaken = resolve;
      });
      const listener = installFilter(noNewPrivileges);
      ask({ say: "filtered", listener });
      await taken;
      // Held here as well, runc would wait for ever once the agent has ended, instead of failing closed.
      closeDescriptor(listener);
    }
    return openFiles === undefined ? spawnWorkload(launch) : withOpenFileLimit(openFiles, () => spawnWorkload(launch));
  };
  return { data, wasTaken: () => wasTaken() };
}

function start(first: FirstProcess, pid: number, ask: (asked: Asked) => void): void {
  if (pid <= 0) {
    ask({ say: "failed", message: `runc could not be started (errno ${-pid})` });
    return;
  }
  first.started(pid);
  ask({ say: "started", pid, landlock: undefined, mitigated: undefined });
  const exit: ChildState = first.exit;
  if (first.isOver) ask({ say: "ended", exit });
}

function refuse(why: string): never {
  writeSync(STDERR, `isoline-runc: ${why}\n`);
  leave(REFUSED);
}

main();
