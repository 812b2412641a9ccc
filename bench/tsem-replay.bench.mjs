/** TSEM JSON lines are judged: by `isoline replay` against a model, and by the reader and the engine alone. */
import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Contour, writeContour } from "../packages/core/dist/contour/index.js";
import { Engine, SUPERVISOR } from "../packages/core/dist/engine/index.js";
import { quixote, TsemReader } from "../packages/core/dist/profile/index.js";
import { comparison, goal, written } from "./harness/comparison.mjs";
import { inTurn } from "./harness/contest.mjs";
import { spend } from "./harness/spent.mjs";
import { median } from "./harness/statistics.mjs";

const SIZES = [75, 20_000];
const recorded = fileURLToPath(new URL("../packages/core/src/profile/fixtures/trajectory-75.jsonl", import.meta.url));

/** @type {import("./harness/solo.mjs").Measurable} */
export const benchmark = {
  title: "TSEM JSON lines → verdict, profile quixote",
  method: `A recorded trajectory of 75 events; for 20 000 points the same events with other path names. Lines come in random order, each
with a number, a pid and times of its own, as a kernel numbers them. "replay": the whole command, with its start-up and the reading
of the contour; "engine": lines in memory pass through the reader and the engine. Every event is on contour.`,

  async run(session) {
    const lines = session.quick ? 20_000 : 160_000;
    const measured = [];
    for (const size of SIZES) measured.push(await atSize(session, size, lines));
    return measured;
  },
};

/** @param {import("./harness/session.mjs").Session} session @param {number} size @param {number} count */
async function atSize(session, size, count) {
  const folder = session.folder(`tsem-${size}`);
  const distinct = distinctLines(size);
  const contour = Contour.create({ profile: quixote, policy: "{}" });
  const reader = new TsemReader(quixote);
  for (const line of distinct) contour.add(eventOf(reader, Buffer.from(line)));
  const seen = contour.size;
  const model = join(folder, "model.contour");
  writeText(model, writeContour(contour));
  const trajectory = join(folder, "trajectory.jsonl");
  const lines = Array.from({ length: count }, (_, number) => Buffer.from(numbered(distinct, number)));
  writeText(
    trajectory,
    lines.map((line) => `${line.toString()}\n`),
  );
  contour.seal();

  const figures = await inTurn(
    {
      replay: () => count / 1000 / spend(session, [session.isoline, "replay", model, trajectory], folder).seconds,
      engine: () => count / 1000 / secondsOfEngine(contour, lines),
    },
    { rounds: session.rounds(5, 1) },
  );
  return comparison({
    what: `${size === SIZES[0] ? "the recorded events" : "many events"}: ${written(seen)} points, ${written(count)} lines`,
    unit: "thousand/s",
    figures,
    goals: [
      goal(`replay of TSEM JSON lines, ${written(seen)} points`, median(figures.replay), "at least", 100, "thousand/s"),
    ],
  });
}

/** @param {number} size */
function distinctLines(size) {
  const lines = readFileSync(recorded, "utf8").trim().split("\n");
  const named = lines.filter((line) => line.includes('"pathname": "/'));
  for (let extra = 0; lines.length < size; extra++) {
    const line = /** @type {string} */ (named[extra % named.length]);
    lines.push(line.replace(/"pathname": "([^"]*)"/, `"pathname": "$1-${extra}"`));
  }
  return lines;
}

/** @param {readonly string[]} distinct @param {number} number */
function numbered(distinct, number) {
  const line = /** @type {string} */ (distinct[Math.floor(Math.random() * distinct.length)]);
  return line
    .replace(/"number": "\d+"/, `"number": "${number + 1}"`)
    .replace(/"ttd": "\d+", "p_ttd": "\d+"/, `"ttd": "${1000 + (number % 977)}", "p_ttd": "${1000 + (number % 97)}"`)
    .replace(/"ts": "\d+"/, `"ts": "${1_000_000_000 + number * 1777}"`);
}

/** @param {Contour<import("../packages/core/dist/profile/index.js").TsemEvent>} contour @param {readonly Buffer[]} lines */
function secondsOfEngine(contour, lines) {
  const engine = new Engine({ contour, mode: "watch", reaction: "log" });
  engine.trust.born(1, SUPERVISOR);
  const reader = new TsemReader(quixote);
  const verdicts = new WeakMap();
  let on = 0;
  const start = performance.now();
  for (const [sequence, line] of lines.entries()) {
    const event = eventOf(reader, line);
    const known = verdicts.get(event);
    if (known !== undefined) {
      if (engine.repeat(known, 1, sequence).verdict === "on") on += 1;
      continue;
    }
    const judgement = engine.judge(event, { sequence, process: 1, pid: 0, chain: [] });
    if (judgement.verdict === "on") on += 1;
    verdicts.set(event, judgement.known);
  }
  const seconds = (performance.now() - start) / 1000;
  if (on !== lines.length) throw new Error(`expected every event on contour, got ${lines.length - on} off contour`);
  return seconds;
}

/** @param {TsemReader} reader @param {Buffer} line */
function eventOf(reader, line) {
  const record = reader.read(line);
  if (record.kind !== "event") throw new Error(`expected an event, got ${record.kind}`);
  return record.event;
}

/** @param {string} path @param {Iterable<string>} pieces */
function writeText(path, pieces) {
  const fd = openSync(path, "w");
  for (const piece of pieces) writeSync(fd, piece);
  closeSync(fd);
}
