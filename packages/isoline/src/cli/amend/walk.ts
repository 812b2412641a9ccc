/** Walks through the causes of departures and asks about each, as `git add -p` does. */
import { readSync } from "node:fs";
import type { Cause } from "@isoline/core/engine";
import type { TimedProposal } from "../../library/amend/proposals.ts";
import { paint } from "../output/paint.ts";
import { print, printLine } from "../output/streams.ts";
import { counted, grouped, harmless } from "../output/wording.ts";

const STDIN = 0;
const MOST_DETAILS = 8;
/** A line of a person; a longer one is no answer. */
const MOST_ANSWER = 256;

const HELP = [
  "y - accept this",
  "n - do not accept this",
  "a - accept this and all that follows of the same program",
  "d - accept neither this nor what follows of the same program",
  "q - quit; accept neither this nor anything that follows",
  "? - print help",
];

/** The proposals of the causes that a person accepts. At the end of the input, nothing more is accepted. */
export function walk(causes: readonly Cause<TimedProposal>[]): TimedProposal[] {
  const accepted: TimedProposal[] = [];
  let forProgram: { readonly program: string; readonly take: boolean } | undefined;
  let shown = "";
  for (const [at, cause] of causes.entries()) {
    if (forProgram?.program !== cause.program) forProgram = undefined;
    if (cause.program !== shown) printLine(paint("bold", harmless(cause.program || "programs that were updated")));
    shown = cause.program;
    show(cause, `${at + 1}/${causes.length}`);
    const answer = forProgram === undefined ? ask() : forProgram.take ? "y" : "n";
    if (answer === "q") break;
    if (answer === "a" || answer === "d") forProgram = { program: cause.program, take: answer === "a" };
    if (answer === "y" || answer === "a") accepted.push(...cause.departures);
  }
  return accepted;
}

/** The program stands above its causes. */
function show({ title, program, details, departures }: Cause<TimedProposal>, place: string): void {
  const act = title.startsWith(`${program} `) ? title.slice(program.length + 1) : title;
  printLine(paint("bold", `${place}  ${harmless(act)}`));
  for (const detail of details.slice(0, MOST_DETAILS)) printLine(`     ${harmless(briefly(detail))}`);
  if (details.length > MOST_DETAILS) printLine(`     … and ${counted(details.length - MOST_DETAILS, "more act")}`);
  const refused = departures.filter((each) => each.refused > 0).length;
  if (refused > 0)
    printLine(paint("dim", `     refused: ${refused === departures.length ? "all of it" : grouped(refused)}`));
}

/** Digests as far as a person compares them. */
function briefly(act: string): string {
  return act.replaceAll(/([0-9a-f]{12})[0-9a-f]{52}(?![0-9a-f])/g, "$1…");
}

function ask(): string {
  for (;;) {
    print(paint("cyan", "Accept this [y,n,a,d,q,?]? "));
    const answer = readLine();
    if (answer === undefined) {
      printLine("");
      return "q";
    }
    if (/^[ynadq]$/.test(answer)) return answer;
    for (const line of HELP) printLine(paint("red", line));
  }
}

/** A line from the terminal without its end; undefined at the end of the input. */
function readLine(): string | undefined {
  const bytes = Buffer.alloc(MOST_ANSWER);
  const length = readSync(STDIN, bytes);
  return length === 0 ? undefined : bytes.toString("utf8", 0, length).trim().toLowerCase();
}
