/** IMA measurement lists are read, verified and replayed: by `isoline ima verify`, and by the reader and verifier alone. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readBinaryList } from "../packages/isoline/dist/integrity/list/read-binary.js";
import { replay } from "../packages/isoline/dist/integrity/list/replay.js";
import { verifyList } from "../packages/isoline/dist/integrity/list/verify.js";
import { comparison, goal, written } from "./harness/comparison.mjs";
import { inTurn } from "./harness/contest.mjs";
import { spend } from "./harness/spent.mjs";
import { median } from "./harness/statistics.mjs";

const captured = fileURLToPath(new URL("../test/integrity/fixtures/capture.list", import.meta.url));

/** @type {import("./harness/solo.mjs").Measurable} */
export const benchmark = {
  title: "IMA measurement list → verified, template ima-sig",
  method: `A kernel's own list of 109 entries (ima_policy=tcb), repeated. "verify": the whole command, with its start-up and the reading of
the file; "import": bytes in memory are parsed, every template digest is computed again, and register 10 of its
bank is extended; "replay": register 10 of the sha256 bank as well.`,

  async run(session) {
    const one = readFileSync(captured);
    const times = session.quick ? 500 : 4000;
    const bytes = Buffer.concat(Array.from({ length: times }, () => one));
    const folder = session.folder("ima-lists");
    const file = join(folder, "many.list");
    writeFileSync(file, bytes);
    const count = readBinaryList(one).entries.length * times;

    const figures = await inTurn(
      {
        verify: () => count / 1000 / spend(session, [session.isoline, "ima", "verify", file], folder).seconds,
        import: () => count / 1000 / secondsOf(() => imported(bytes)),
        "import and replay": () => count / 1000 / secondsOf(() => replay(imported(bytes), "sha256")),
      },
      { rounds: session.rounds(5, 1) },
    );
    return [
      comparison({
        what: `${written(count)} entries`,
        unit: "thousand/s",
        figures,
        goals: [goal("import of a kernel's list", median(figures.import), "at least", 200, "thousand/s")],
      }),
    ];
  },
};

/** @param {Buffer} bytes */
function imported(bytes) {
  const list = readBinaryList(bytes);
  const { problems } = verifyList(list);
  if (problems.length > 0) throw new Error(`expected a list without problems, got ${problems[0]?.what}`);
  return list.entries;
}

/** @param {() => unknown} work */
function secondsOf(work) {
  const start = performance.now();
  work();
  return (performance.now() - start) / 1000;
}
