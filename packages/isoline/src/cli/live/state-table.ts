/** Live namespaces as a table, for `ps` and `top`. */
import type { State } from "../../control/protocol.ts";
import type { Orphan } from "./orphans.ts";
import { paint } from "../output/paint.ts";
import { STDOUT } from "../output/streams.ts";
import { table } from "../output/table.ts";
import { harmless } from "../output/wording.ts";

const HEADING = ["NAME", "PID", "MODE", "POINTS", "EVENTS", "OFF", "COMMAND"];
const LONGEST_COMMAND = 60;

/** The answer of a socket is not trusted on a terminal. */
export function stateTable(states: readonly State[], orphans: readonly Orphan[] = []): string[] {
  return table(
    HEADING,
    [
      ...states.map(({ name, pid, mode, points, events, off, command }) => [
        harmless(name),
        number(pid),
        harmless(String(mode)),
        number(points),
        number(events),
        off > 0 ? paint("red", number(off)) : number(off),
        shortened(harmless(String(command))),
      ]),
      ...orphans.map(({ name, command }) => [
        harmless(name),
        "-",
        paint("yellow", "orphaned"),
        ...["-", "-", "-"],
        shortened(harmless(command)),
      ]),
    ],
    STDOUT,
  );
}

function number(value: unknown): string {
  return typeof value === "number" && Number.isSafeInteger(value) ? String(value) : "?";
}

function shortened(command: string): string {
  return command.length <= LONGEST_COMMAND ? command : `${command.slice(0, LONGEST_COMMAND - 1)}…`;
}
