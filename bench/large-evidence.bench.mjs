/** A contour of 100 000 points with evidence of 64 runs: reading, writing and merging. */
import { mergeContours, parseContour, writeContour } from "../packages/core/dist/contour/index.js";
import { sha256 } from "../packages/core/dist/digest.js";
import { decodeEvidence, encodeEvidence, Evidence } from "../packages/core/dist/evidence/index.js";
import { iso1 } from "../packages/core/dist/profile/index.js";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { comparison } from "./harness/comparison.mjs";
import { inTurn } from "./harness/contest.mjs";
import { writeLargeContour } from "./harness/large-contour.mjs";

const POINTS = 100_000;
const RUNS = 64;

/** @type {import("./harness/solo.mjs").Measurable} */
export const benchmark = {
  title: "large contours and their evidence",
  method: `A contour of ${POINTS} points, and evidence of ${RUNS} runs of which each saw about half of them, in memory.`,

  async run(session) {
    const path = join(session.folder("large-evidence"), "large.contour");
    writeLargeContour(path, session.quick ? 5000 : POINTS);
    const text = readFileSync(path);
    const contour = parseContour(text, { profile: iso1 });
    const evidence = evidenceOf(contour);
    const bytes = encodeEvidence(evidence);
    const figures = await inTurn(
      {
        "contour read": took(() => parseContour(text, { profile: iso1 })),
        "contour written": took(() => [...writeContour(contour)]),
        "contours merged": took(() => mergeContours([contour, contour])),
        "evidence read": took(() => decodeEvidence(bytes)),
        "evidence written": took(() => encodeEvidence(evidence)),
        "evidence merged": took(() => Evidence.merge(evidence, evidence)),
      },
      { rounds: session.rounds(5, 1), warmups: 0 },
    );
    return [comparison({ what: `time, with evidence of ${bytes.length} bytes`, unit: "ms", figures, goals: [] })];
  },
};

/** @param {import("../packages/core/dist/contour/index.js").Contour} contour */
function evidenceOf(contour) {
  const evidence = new Evidence();
  const points = Array.from({ length: contour.size }, (_, index) => contour.point(index));
  for (let run = 0; run < RUNS; run++) {
    const seen = points.filter((point) => Number.parseInt(point.slice(run % 56, (run % 56) + 8), 16) % 2 === run % 2);
    evidence.record(
      {
        id: sha256(Buffer.from(String(run))).slice(0, 16),
        when: "2026-01-01T00:00:00Z",
        command: "node",
        lens: contour.policyDigest,
        sensor: "seccomp",
        versions: {},
        start: "unknown",
        incomplete: {},
      },
      seen.map((point) => ({ point, occurrences: 1 })),
    );
  }
  return evidence;
}

/** @param {() => unknown} act */
const took = (act) => () => {
  const begun = performance.now();
  act();
  return performance.now() - begun;
};
