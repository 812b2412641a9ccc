/** `isoline fleet show` and `isoline fleet why`: one node or one canister, link by link, and why it is not affirmed. */
import { type Canister, type CanisterWhole, MOST_CANISTERS, type Node, states } from "../../../fleet/model.ts";
import { canisterNamed, canisters, type Listed, nodeNamed } from "../../../fleet/people.ts";
import type { FleetServer } from "../../../fleet/server.ts";
import { status } from "../../ending.ts";
import { printValue } from "../../fleet/format.ts";
import { type FleetOptions, subjectIn, withServer } from "../../fleet/session.ts";
import { canisterView } from "../../fleet/views.ts";
import { ageText, shown, shownWord, stateText, statusOf, whyText } from "../../fleet/words.ts";
import { paint } from "../../output/paint.ts";
import { note, printLine } from "../../output/streams.ts";
import { table } from "../../output/table.ts";
import { counted, grouped } from "../../output/wording.ts";

type Links = Node["links"];

const WHOLE = 1000;
const MOST_SHOWN = 20;

export async function fleetShow(text: string, options: FleetOptions): Promise<number> {
  const { node, label } = subjectIn(text);
  await withServer(options, async (server) => {
    if (label !== undefined) return show(options, await canisterNamed(server, node, label), canisterLines);
    const found = await nodeNamed(server, node);
    const { items: running, isCut: more } = await canisters(server, { node }, MOST_CANISTERS);
    if (more) note(cutText(running.length, node));
    return show(options, { ...found, running, more }, nodeLines);
  });
  return status.success;
}

/** Exit status: what the verdict is worth, so that a script may ask. */
export async function fleetWhy(text: string, options: FleetOptions): Promise<number> {
  const { node, label } = subjectIn(text);
  return withServer(options, async (server) => {
    if (label !== undefined) {
      const canister = await canisterNamed(server, node, label);
      await show(options, canister, (it) => whyLines(it, text));
      return statusOf(canister.state);
    }
    const found = await nodeNamed(server, node);
    const { items: running, isCut: more } = await notAffirmed(server, found);
    if (more) note(cutText(running.length, node));
    await show(options, { ...found, running, more }, (it) => [...whyLines(it, text), ...canisterTable(it)]);
    return worstStatus([found, ...running]);
  });
}

/** Canisters whose verdict is another than affirming: the node's own says nothing of them. */
async function notAffirmed(server: FleetServer, { name, canisters: counts }: Node): Promise<Listed<Canister>> {
  const others = states.filter((state) => state !== "affirming" && (counts[state] ?? 0) > 0);
  const lists: Listed<Canister>[] = [];
  for (const state of others) lists.push(await canisters(server, { node: name, state }, MOST_CANISTERS));
  return { items: lists.flatMap(({ items }) => items), isCut: lists.some(({ isCut }) => isCut) };
}

const cutText = (count: number, node: string): string =>
  `${counted(count, "canister")} read, and there are more: isoline fleet canisters --node ${node} --limit has them`;

interface Running {
  readonly running: readonly Canister[];
  /** There are more of them than were read. */
  readonly more: boolean;
}

function canisterTable({ running, more: isCut }: Running): string[] {
  if (running.length === 0) return [];
  const rows = running.slice(0, MOST_SHOWN).map((one) => canisterView.cells(one).slice(1));
  const more = running.length - rows.length;
  return [
    "",
    `${isCut ? "at least " : ""}${counted(running.length, "canister")} of it ${running.length === 1 ? "is" : "are"} not affirmed:`,
    ...table(canisterView.heading.slice(1), rows).map((line) => `  ${line}`),
    ...(more > 0 ? [`  … and ${grouped(more)} more: isoline fleet canisters --node ${running[0]?.node ?? ""}`] : []),
  ];
}

/** Something bad outweighs what is not proven, as for `attest verify`. */
function worstStatus(all: readonly { readonly state: Node["state"] }[]): number {
  const found = all.map(({ state }) => statusOf(state));
  return [status.offContour, status.incomplete].find((one) => found.includes(one)) ?? status.success;
}

async function show<T>({ output }: FleetOptions, value: T, lines: (value: T) => string[]): Promise<void> {
  if (output === "json" || output === "yaml") return printValue(output, value);
  for (const line of lines(value)) printLine(line);
}

function whyLines(it: Node | CanisterWhole, asked: string): string[] {
  const failing = it.links?.filter(({ state }) => state !== "passed") ?? [];
  const first = `${shown(asked)}: ${stateText(it.state)} for ${ageText(it.since)}${it.state === "affirming" ? "" : `: ${whyText(it, WHOLE)}`}`;
  if (!("counters" in it)) return [first, ...failing.map(linkLine)];
  return [first, ...begunLines(it), ...failing.map(linkLine), ...departureLines(it), ...processLines(it)];
}

function nodeLines(it: Node & { readonly running: readonly Canister[] }): string[] {
  const { name, id, tenant, labels, enrolled, lastSeen, due, root, machine, kernel, build, sensors, links, running } =
    it;
  const labelled = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  return [
    `${paint("bold", shown(name))}   ${stateText(it.state)} for ${ageText(it.since)}`,
    ...(it.state === "affirming" ? [] : [row("why", whyText(it, WHOLE))]),
    row("node", shown(id)),
    row("tenant", shown(tenant)),
    row("labels", shown(labelled.join(", "))),
    row("enrolled", `${ageText(enrolled)} ago${machine === undefined ? "" : " without a TPM"}, root: ${root}`),
    ...(machine === undefined ? [] : [row("machine", shown(machine, WHOLE))]),
    row("seen", lastSeen === undefined ? "never" : `${ageText(lastSeen)} ago, next ${ageText(due)}`),
    row("kernel", shown(kernel)),
    row("build", shown(build)),
    row("sensors", shown(sensors?.join(", "))),
    ...chainLines(links),
    "",
    ...(running.length === 0
      ? ["no canister"]
      : table(
          canisterView.heading.slice(1),
          running.map((one) => canisterView.cells(one).slice(1)),
        )),
  ];
}

function canisterLines(it: CanisterWhole): string[] {
  const { node, label, image, contour, contourName, mode, sensor, root, started, points, measurement, counters } = it;
  const { events, departures, refused, lost, untrusted } = counters;
  return [
    `${paint("bold", `${shown(node)}/${shownWord(label)}`)}   ${stateText(it.state)} for ${ageText(it.since)}`,
    ...(it.state === "affirming" ? [] : [row("why", whyText(it, WHOLE))]),
    ...begunLines(it),
    row("image", shown(image)),
    row("contour", contour === undefined ? "none" : `${shown(contourName)} ${contour}`),
    row("mode", `${shown(mode)}, sensor ${shown(sensor)}`),
    row("past", pasts[root]),
    row("started", `${ageText(started)} ago`),
    row("state", `${counted(points, "point")}, measurement ${measurement}`),
    row(
      "counted",
      `${counted(events, "event")}, ${counted(departures, "departure")}, ${grouped(refused)} refused, ${grouped(lost)} lost, ${grouped(untrusted)} untrusted`,
    ),
    ...chainLines(it.links),
    ...departureLines(it),
    ...processLines(it),
    ...historyLines(it),
  ];
}

/** What vouches for what a canister did before. */
const pasts: Readonly<Record<Canister["root"], string>> = {
  tpm: "in the TPM",
  tee: "told by an engine in a confidential machine",
  node: "told by its node",
};

/** What a process began for itself is shown as that, whatever it called it. */
function begunLines({ begun, sensor }: CanisterWhole): string[] {
  if (begun === undefined) return [];
  const worth =
    sensor === "bpf"
      ? "the kernel took that process in"
      : "that process installed the filter, so it holds what it started unless it meant to deceive";
  return [
    row(
      "begun",
      `for itself by a process of user ${begun.user} of the node, which called it ${shown(begun.name)}; ${worth}`,
    ),
  ];
}

function chainLines(links: Links): string[] {
  return links === undefined || links.length === 0 ? [] : ["", "checks, from the hardware up:", ...links.map(linkLine)];
}

function linkLine({ name, state, failure, why }: NonNullable<Links>[number]): string {
  const how =
    state === "passed" ? paint("green", "ok  ") : state === "warned" ? paint("yellow", "warn") : paint("red", "FAIL");
  const text = why === undefined && failure === undefined ? "" : `  ${whyText({ failure, why }, WHOLE)}`;
  return `  ${how}  ${shown(name).padEnd(12)}${text}`.trimEnd();
}

function departureLines({ departures = [], counters }: CanisterWhole): string[] {
  if (counters.departures === 0 && departures.length === 0) return [];
  const when = counters.departures === 0 ? "what departed in earlier runs" : "what departed";
  if (departures.length === 0) note("the node did not say what departed; isoline departures on the node does");
  const rows = departures
    .slice(0, MOST_SHOWN)
    .flatMap(({ at, line, nearest, refused, times }) => [
      `  ${refused ? "refused" : paint("red", "went ahead")}  ${shown(line, WHOLE)}${times > 1 ? ` (${grouped(times)} times)` : ""}, ${ageText(at)} ago`,
      ...(nearest === undefined ? [] : [`           nearest on contour: ${shown(nearest, WHOLE)}`]),
    ]);
  const more = departures.length - MOST_SHOWN;
  return [
    "",
    `${when}, in the node's own words:`,
    ...rows,
    ...(more > 0 ? [`  … and ${grouped(more)} more: -o json`] : []),
  ];
}

/** What a process did is in the words of a departure that the node told of; which one, its point says. */
function processLines({ processes, departures = [] }: CanisterWhole): string[] {
  if (processes === undefined || processes.total === 0) return [];
  const rows = processes.items.slice(0, MOST_SHOWN).map(({ process, pid, at, point }) => {
    const words = departures.find((one) => point !== undefined && one.point === point)?.line;
    const what = words === undefined ? "the node has not told what it did" : shown(words, WHOLE);
    return `  ${process} (pid ${pid}), ${ageText(at)} ago: ${what}`;
  });
  const more = processes.total - Math.min(processes.items.length, MOST_SHOWN);
  const title = `${counted(processes.total, "process")} departed and ${processes.total === 1 ? "is" : "are"} untrusted, by the register of the TPM:`;
  return ["", title, ...rows, ...(more > 0 ? [`  … and ${grouped(more)} more: -o json has the first 200`] : [])];
}

function historyLines({ history = [] }: CanisterWhole): string[] {
  if (history.length === 0) return [];
  const rows = history
    .slice(0, MOST_SHOWN)
    .map(
      (each) => `  ${shown(each.at)}  ${stateText(each.state)}${each.why === undefined ? "" : `  ${whyText(each)}`}`,
    );
  return ["", "history:", ...rows];
}

const row = (name: string, text: string): string => `  ${name.padEnd(12)}${text}`;
