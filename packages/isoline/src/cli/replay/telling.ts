/** Prints the result of a replay, as text or JSON. */
import type { Contour } from "@isoline/core/contour";
import { type Engine, Neighbourhood, why } from "@isoline/core/engine";
import type { Event } from "@isoline/core/event";
import { iso1 } from "@isoline/core/profile";
import { paint } from "../output/paint.ts";
import { note, print, printJson, printLine, STDERR } from "../output/streams.ts";
import { counted, harmless } from "../output/wording.ts";
import type { Replayer, Yardstick } from "./replayer.ts";

export interface Wanted {
  readonly points?: boolean;
  readonly measurement?: boolean;
  readonly state?: boolean;
  readonly json?: boolean;
}

export function tell(replayer: Replayer, yardstick: Yardstick, options: Wanted): void {
  const { measured } = replayer;
  if (options.json) {
    printJson(document(replayer, yardstick));
    return;
  }
  if (options.points) for (const point of measured.points()) printLine(point);
  const wanted = (["measurement", "state"] as const).filter((what) => options[what]);
  for (const what of wanted) {
    const label = wanted.length > 1 || options.points ? `${what} ` : "";
    printLine(label + measured[what]());
  }
  const asked = options.points || wanted.length > 0;
  if (!asked) tellDepartures(replayer, yardstick);
  if (!asked && yardstick.kind === "none")
    print(`measurement ${measured.measurement()}\nstate       ${measured.state()}\n`);
  note(`${counted(replayer.events, "event")}, ${counted(measured.size, "point")}${verdictText(replayer, yardstick)}`);
  for (const { reason, count } of replayer.incomplete)
    note(`${paint("yellow", "incomplete", STDERR)}: ${harmless(reason)} (${counted(count, "time")})`);
}

function tellDepartures(replayer: Replayer, yardstick: Yardstick): void {
  const sentences = sentencesOf(replayer, yardstick);
  for (const { sequence, point, act } of replayer.departures)
    printLine(`${paint("red", "off")} ${sequence} ${point.slice(0, 16)} ${harmless(sentences.get(point) ?? act)}`);
}

function document(replayer: Replayer, yardstick: Yardstick): unknown {
  const sentences = sentencesOf(replayer, yardstick);
  const { events, off, measured, incomplete } = replayer;
  return {
    isoline: 1,
    events,
    points: measured.size,
    off,
    measurement: measured.measurement(),
    state: measured.state(),
    incomplete,
    departures: replayer.departures.map((departure) => {
      const sentence = sentences.get(departure.point);
      return sentence === undefined ? departure : { ...departure, why: sentence };
    }),
  };
}

/** The explanation of each departure; only events of isoline's own profile can be explained. */
function sentencesOf({ engine }: Replayer, yardstick: Yardstick): ReadonlyMap<string, string> {
  if (yardstick.kind !== "contour" || engine === undefined || yardstick.contour.profile.name !== iso1.name)
    return new Map();
  const { forensics } = engine as unknown as Engine<Event>;
  const learnt = new Neighbourhood(yardstick.contour as unknown as Contour<Event>);
  return new Map(
    forensics.departures.map((departure) => [departure.point, why(departure, learnt, forensics).sentence]),
  );
}

function verdictText({ off, departures }: Replayer, { kind }: Yardstick): string {
  if (kind === "none" || kind === "learn") return "";
  if (off === 0) return `, ${paint("green", "all on contour", STDERR)}`;
  return `, ${paint("red", "off contour", STDERR)}: ${counted(departures.length, "departure")}, ${counted(off, "time")}`;
}
