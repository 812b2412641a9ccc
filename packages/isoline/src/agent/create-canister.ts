/**
 * `isoline-runc create` and `run --detach` at a machine with an agent: starts runc under the agent's supervision, and ends as runc ends.
 * Nothing more is loaded than that needs, and what starts runc is loaded only when the agent has been asked: it works meanwhile.
 *
 *   create-canister SOCKET ARGUMENT…     the arguments of isoline-runc
 *
 * Ends with `NOT_HERE` if no agent takes the container: the caller then supervises it in a process of its own.
 */
import { connect, type Socket } from "node:net";
import { plainLine, toStderr } from "../canister/log.ts";
import { rawArguments, readEntry } from "../namespace/entry.ts";
import { Frames } from "./frames.ts";
import type { RuncStart } from "./start-runc.ts";
import { type Asked, MOST_ASKED, MOST_TOLD, type Told, VERSION } from "./words.ts";

/** EX_PROTOCOL of sysexits.h, which runc does not use. */
const NOT_HERE = 76;
const REFUSED = 125;
/** An agent says at once that it has the order, or is stuck. */
const PATIENCE_MS = 30_000;
/** To carry it out may take longer, on a busy machine and with a large contour. What orders no launch by then is stuck as well. */
const LONG_PATIENCE_MS = 120_000;

function main(): void {
  const [socket = "", ...argv] = process.argv.slice(2);
  const connection = connect(socket);
  connection.once("error", () => process.exit(NOT_HERE));
  connection.once("connect", () => converse(connection, argv));
}

function converse(connection: Socket, argv: readonly string[]): void {
  const entry = readEntry();
  const { ISOLINE_RUNC: runc = "/usr/sbin/runc", ISOLINE_CANISTERS: canisters } = process.env;
  const frames = new Frames(connection, { most: MOST_TOLD, unsent: 2 * MOST_ASKED });
  const ask = (asked: Asked) => frames.send(asked);
  const { openFiles } = entry;
  frames.send({ isoline: VERSION, ask: "canister", runc, argv, cwd: process.cwd(), openFiles, canisters });
  const isPatientFor = (milliseconds: number) => setTimeout(() => process.exit(NOT_HERE), milliseconds);
  let patience = isPatientFor(PATIENCE_MS);
  const command = [Buffer.from(runc), ...rawArguments(argv.length)];
  const ready = import("./start-runc.ts").then(({ RuncStart: Start }) => new Start(entry, command, runc, ask));
  const then = (act: (start: RuncStart) => unknown) => {
    ready.then(act).catch((fault: Error) => refuse(fault.message));
  };
  frames.onOver = (why) =>
    refuse(`the agent has ended${why === undefined ? "" : ` (${why})`}, and the container fails closed`);
  frames.onFrame = (frame) => {
    const told = frame as Told;
    // A remark is no sign that more comes.
    if (told.say !== "stderr") clearTimeout(patience);
    if (told.say === "heard") patience = isPatientFor(LONG_PATIENCE_MS);
    hear(told, then);
  };
}

function hear(told: Told, then: (act: (start: RuncStart) => unknown) => void): void {
  switch (told.say) {
    case "launch":
      return then((start) => start.start(told.order));
    case "taken":
      return then((start) => start.taken());
    case "stderr":
      return toStderr(told.text);
    case "status":
      return then((start) => start.leave(told.status));
    case "refused":
      return told.code === "agent-elsewhere" ? process.exit(NOT_HERE) : refuse(told.message);
    default:
      return;
  }
}

function refuse(why: string): never {
  toStderr(`isoline-runc: ${plainLine(why)}\n`);
  process.exit(REFUSED);
}

main();
