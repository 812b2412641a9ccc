/** Live namespaces as a table, for `ps` and `top`. */
import { consequences, isConsequence } from "@isoline/core/engine";
import type { State } from "../../control/protocol.ts";
import type { Orphan } from "./orphans.ts";
import { paint } from "../output/paint.ts";
import { STDOUT } from "../output/streams.ts";
import { table } from "../output/table.ts";
import { harmless } from "../output/wording.ts";

const HEADING = ["NAME", "PID", "MODE", "POINTS", "EVENTS", "OFF", "GRAVEST", "COMMAND"];
const LONGEST_COMMAND = 60;

/** The answer of a socket is not trusted on a terminal. */
export function stateTable(states: readonly State[], orphans: readonly Orphan[] = []): string[] {
  return table(
    HEADING,
    [
      ...states.map(({ name, pid, mode, points, events, off, gravest, command }) => [
        harmless(name),
        number(pid),
        harmless(String(mode)),
        number(points),
        number(events),
        off > 0 ? paint("red", number(off)) : number(off),
        consequenceText(gravest?.consequence),
        shortened(harmless(String(command))),
      ]),
      ...orphans.map(({ name, command }) => [
        harmless(name),
        "-",
        paint("yellow", "orphaned"),
        ...["-", "-", "-", "-"],
        shortened(harmless(command)),
      ]),
    ],
    STDOUT,
  );
}

/** Those with the gravest departure first; others keep their order. */
export function gravestFirst(states: readonly State[]): State[] {
  const rankOf = ({ gravest }: State) => {
    const rank = (consequences as readonly string[]).indexOf(String(gravest?.consequence));
    return rank < 0 ? consequences.length : rank;
  };
  return states.toSorted((one, other) => rankOf(one) - rankOf(other));
}

function consequenceText(consequence: unknown): string {
  if (typeof consequence !== "string" || !isConsequence(consequence)) return "-";
  return GRAVE.has(consequence) ? paint("red", consequence) : consequence;
}

const GRAVE: ReadonlySet<string> = new Set(["credentials", "persistence", "privilege", "execution"]);

function number(value: unknown): string {
  return typeof value === "number" && Number.isSafeInteger(value) ? String(value) : "?";
}

function shortened(command: string): string {
  return command.length <= LONGEST_COMMAND ? command : `${command.slice(0, LONGEST_COMMAND - 1)}…`;
}
