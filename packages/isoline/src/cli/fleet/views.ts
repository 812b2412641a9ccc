/** The columns of nodes and of canisters. */
import type { Canister, Node } from "../../fleet/model.ts";
import { counted, grouped } from "../output/wording.ts";
import { paint } from "../output/paint.ts";
import type { View } from "./format.ts";
import { ageText, shown, shownWord, stateText, whyText } from "./words.ts";

const MOST_WHY = 90;
const SHORT = 12;

export const nodeView: View<Node> = {
  heading: ["NAME", "STATE", "ROOT", "CANISTERS", "SINCE", "SEEN", "WHY"],
  wide: ["TENANT", "ID", "DUE", "KERNEL", "BUILD", "SENSORS", "LABELS"],
  cells: (node) => [
    shown(node.name),
    stateText(node.state),
    node.root,
    countsText(node),
    ageText(node.since),
    ageText(node.lastSeen),
    node.state === "affirming" ? othersText(node) : whyText(node, MOST_WHY),
  ],
  wideCells: ({ tenant, id, due, kernel, build, sensors, labels }) => [
    shown(tenant),
    shown(id, SHORT),
    ageText(due),
    shownWord(kernel, 40),
    shownWord(build, 40),
    shownWord(sensors?.join(",")),
    shown(
      Object.entries(labels)
        .map(([key, value]) => `${key}=${value}`)
        .join(","),
    ),
  ],
  name: ({ name }) => `node/${name}`,
};

export const canisterView: View<Canister> = {
  heading: ["NODE", "CANISTER", "STATE", "MODE", "OFF", "SINCE", "WHY"],
  wide: ["TENANT", "ROOT", "SENSOR", "IMAGE", "CONTOUR", "POINTS", "EVENTS", "REFUSED", "LOST", "UNTRUSTED", "STARTED"],
  cells: (canister) => [
    shown(canister.node),
    shownWord(canister.label, 60),
    stateText(canister.state),
    `${shownWord(canister.mode)}${canister.begun === undefined ? "" : " (begun)"}`,
    numberText(canister.counters.departures, "red"),
    ageText(canister.since),
    whyText(canister, MOST_WHY),
  ],
  wideCells: ({ tenant, root, sensor, image, contour, contourName, points, counters, started }) => [
    shown(tenant),
    root,
    shownWord(sensor),
    shownWord(image, 60),
    shown(contourName ?? contour?.slice(0, SHORT)),
    grouped(points),
    grouped(counters.events),
    grouped(counters.refused),
    numberText(counters.lost, "yellow"),
    numberText(counters.untrusted, "red"),
    ageText(started),
  ],
  name: ({ node, label }) => `canister/${node}/${label}`,
};

/** The state of a node says nothing of its canisters, which are what an operator looks for. */
function othersText({ name, canisters }: Node): string {
  const others = Object.entries(canisters).filter(([state, count]) => state !== "affirming" && count > 0);
  if (others.length === 0) return "-";
  const told = others.map(([state, count]) => `${counted(count, "canister")} ${shown(state, 32)}`).join(", ");
  return `${told}: isoline fleet why ${shown(name)}`;
}

function countsText({ canisters }: Node): string {
  const { affirming = 0, ...others } = canisters;
  const all = Object.values(others).reduce((sum, each) => sum + each, affirming);
  return affirming === all ? `${all}` : paint("red", `${affirming}/${all}`);
}

const numberText = (count: number, how: "red" | "yellow"): string => (count === 0 ? "0" : paint(how, grouped(count)));
