import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { contentOf, contourOf, openAct, type Program } from "../../../../test/arbitrary/contour.ts";
import { mergeContours } from "../contour/merge.ts";
import type { Contour } from "../contour/contour.ts";
import { upperBound } from "./binomial.ts";
import { type Confidence, confidenceOf, estimateOf } from "./confidence.ts";
import { Evidence } from "./evidence.ts";
import type { RunRecord } from "./run-record.ts";

type Run = readonly Program[];
type About = Partial<Pick<RunRecord, "start" | "incomplete" | "when">>;

const by = (chain: string, acts: readonly string[], contents?: Record<string, string>): Program => ({
  chain: chain.split(" "),
  acts,
  ...(contents ? { contents } : {}),
});
const reads = (...paths: string[]) => [
  by(
    "/bin/app",
    paths.map((path) => openAct(path)),
  ),
];
const usual = reads("/etc/usual");

function recordOf(at: number): RunRecord {
  return {
    id: at.toString(16).padStart(16, "0"),
    when: "2026-11-26T12:00:00Z",
    command: "app",
    lens: contentOf("lens"),
    sensor: "seccomp",
    versions: {},
    start: "unknown",
    incomplete: {},
  };
}

const sightingsIn = (contour: Contour) =>
  Array.from({ length: contour.size }, (_, index) => ({ point: contour.point(index), occurrences: 1 }));

/** What runs that did this, one after the other, leave: their contour and their evidence. */
function learnt(
  runs: readonly Run[],
  about: (at: number) => About = () => ({}),
): { contour: Contour; evidence: Evidence } {
  const contours = runs.map((run) => contourOf(run));
  const evidence = new Evidence();
  for (const [at, contour] of contours.entries())
    evidence.record({ ...recordOf(at), ...about(at) }, sightingsIn(contour));
  return { contour: mergeContours(contours as [Contour, ...Contour[]]), evidence };
}

function judged(runs: readonly Run[], about?: (at: number) => About): Confidence {
  const { contour, evidence } = learnt(runs, about);
  return confidenceOf(contour, evidence) as Confidence;
}

const clean = () => ({ start: "clean" }) as const;
const times = <T>(count: number, make: (at: number) => T): T[] => Array.from({ length: count }, (_, at) => make(at));
const cause = (confidence: Confidence) => confidence.causes.map(({ cause }) => cause);

describe("the estimate", () => {
  it("counts the runs that did something no other run did, however much it was", () => {
    const runs = times(16, (at) => (at % 2 ? usual : reads("/etc/usual", `/own/${at}`, `/own/${at}.more`)));
    const { estimate } = judged(runs, clean);
    expect(estimate).toEqual({
      trials: 16,
      departing: 8,
      expected: 0.5,
      bound: upperBound(8, 16),
      way: "alone",
      rests: "clean",
    });
  });

  it("says how many more clean runs a target takes: 59 in all for 5 %, 29 for 10 %", () => {
    const { needed, estimate } = judged(
      times(16, () => usual),
      clean,
    );
    expect(estimate.departing).toBe(0);
    expect(needed).toEqual([
      { target: 0.1, runs: 29 - 16 },
      { target: 0.05, runs: 59 - 16 },
    ]);
  });

  it("knows nothing from one run, and has no estimate from none", () => {
    expect(judged([usual]).estimate).toMatchObject({ trials: 1, departing: 1, bound: 1 });
    expect(confidenceOf(contourOf(usual), new Evidence())).toBeUndefined();
  });

  it("is the same for a loop that only wants the number", () => {
    const { contour, evidence } = learnt(times(6, (at) => reads("/etc/usual", `/x/${at % 3}`)));
    expect(estimateOf(evidence)).toEqual(confidenceOf(contour, evidence)?.estimate);
  });

  it("never falls when a run is added that does something new, whatever the others did", () => {
    const drawn = fc.array(fc.array(fc.integer({ min: 0, max: 6 }), { maxLength: 4 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(drawn, (chosen) => {
        const runs = chosen.map((files) => reads("/etc/usual", ...files.map((file) => `/f/${file}`)));
        const before = judged(runs, clean);
        const after = judged([...runs, reads("/never/before")], clean);
        expect(after.estimate.departing).toBeGreaterThanOrEqual(1);
        expect(before.estimate.bound).toBeGreaterThanOrEqual(before.estimate.expected);
        const unique = runs.filter((_, at) => {
          const others = new Set(chosen.filter((_, other) => other !== at).flat());
          return chosen[at]?.some((file) => !others.has(file)) || runs.length === 1;
        });
        expect(before.estimate.departing).toBe(unique.length);
      }),
    );
  });
});

describe("what a run is worth", () => {
  it("does not take an incomplete run for a clean one, but what it did is known", () => {
    const runs = [usual, usual, reads("/etc/usual", "/rare"), reads("/etc/usual", "/rare")];
    const confidence = judged(runs, (at) => (at === 3 ? { incomplete: { "lost notifications": 2 } } : {}));
    expect(confidence).toMatchObject({ runs: 4, incomplete: 1, alone: { trials: 3, departing: 0 } });
  });

  it("has no estimate where no run was complete", () => {
    const { contour, evidence } = learnt([usual, usual], () => ({ incomplete: { gap: 1 } }));
    expect(confidenceOf(contour, evidence)).toBeUndefined();
  });

  it("is not fooled by state that stays: each run reads what the one before left, and so do all later ones", () => {
    const runs = times(16, (at) => reads("/etc/usual", ...times(at, (left) => `/left/${left}`)));
    const confidence = judged(runs);
    expect(confidence.alone).toMatchObject({ trials: 16, departing: 1 });
    expect(confidence.estimate).toMatchObject({ way: "by halves", trials: 8, departing: 8, expected: 1 });
    expect(confidence.needed[0]?.runs).toBeGreaterThan(29);
  });

  it("prefers runs from a clean start as soon as they say as much as the others", () => {
    const runs = times(8, (at) => reads("/etc/usual", ...times(Math.min(at, 4), (left) => `/left/${left}`)));
    expect(judged(runs, (at) => (at < 4 ? {} : clean()))).toMatchObject({
      clean: 4,
      estimate: { trials: 4, rests: "clean" },
    });
    expect(judged(runs, (at) => (at < 5 ? {} : clean()))).toMatchObject({ clean: 3, estimate: { rests: "all" } });
  });

  it("takes the order from the time of the runs, also where two branches were merged", () => {
    const runs = times(8, (at) => reads("/etc/usual", ...times(at, (left) => `/left/${left}`)));
    const when = (at: number) => ({ when: `2026-11-26T12:00:0${at}Z` });
    const only = (parity: number) => {
      const evidence = new Evidence();
      for (const [at, run] of runs.entries())
        if (at % 2 === parity) evidence.record({ ...recordOf(at), ...when(at) }, sightingsIn(contourOf(run)));
      return evidence;
    };
    const { contour } = learnt(runs);
    const confidence = confidenceOf(contour, Evidence.merge(only(1), only(0)));
    expect(confidence?.estimate).toMatchObject({ way: "by halves", trials: 4, departing: 4 });
  });

  it("knows what runs did of which only counts are kept", () => {
    const rare = contourOf(reads("/etc/usual", "/rare"));
    const past = Evidence.ofPast(
      3,
      Array.from(sightingsIn(rare), (each) => ({ ...each, past: 1 })),
    );
    past.record(recordOf(0), sightingsIn(rare));
    expect(confidenceOf(rare, past)).toMatchObject({ runs: 4, estimate: { trials: 1, departing: 0 } });
  });

  it("expects what was removed from the contour to come again", () => {
    const { evidence } = learnt(
      times(4, (at) => (at < 2 ? reads("/etc/usual", "/unwanted") : usual)),
      clean,
    );
    const confidence = confidenceOf(contourOf(usual), evidence) as Confidence;
    expect(confidence.estimate.departing).toBe(2);
    expect(cause(confidence)).toEqual(["removed"]);
    expect(confidence.programs).toEqual([]);
  });
});

describe("the causes", () => {
  const alone = (run: Run) => judged([usual, usual, run], clean);

  it("tells names from acts", () => {
    expect(cause(alone(reads("/etc/usual", "/etc/other")))).toEqual(["names"]);
    expect(cause(alone(reads("/etc/usual", "/home/secret/key")))).toEqual(["acts"]);
    expect(
      cause(
        alone([
          by("/bin/app", [openAct("/etc/usual"), "unlink path=/etc/usual mode=0100644 uid=user gid=user fs=disk"]),
        ]),
      ),
    ).toEqual(["state"]);
  });

  it("tells what was found otherwise from what has another content", () => {
    const otherwise = openAct("/etc/usual").replace("0100644", "0100600");
    expect(cause(alone([by("/bin/app", [openAct("/etc/usual"), otherwise])]))).toEqual(["state"]);
    const exec = (content: string) =>
      `exec path=/bin/tool mode=0100755 uid=0 gid=0 fs=disk digest=${contentOf(content)} loader=`;
    const before = [by("/bin/app", [exec("one")])];
    expect(cause(judged([before, before, [by("/bin/app", [exec("two")])]], clean))).toEqual(["content"]);
  });

  it("knows a program whose content changed as the same program, and its acts as that", () => {
    const before = [by("/bin/app /bin/tool", [openAct("/etc/usual")])];
    const rebuilt = [by("/bin/app /bin/tool", [openAct("/etc/usual")], { "/bin/tool": "rebuilt" })];
    expect(cause(judged([before, before, rebuilt], clean))).toEqual(["content"]);
  });

  it("names a program that no other run started, and what it did", () => {
    const exec = `exec path=/usr/bin/new mode=0100755 uid=0 gid=0 fs=disk digest=${contentOf("new")} loader=`;
    const run = [by("/bin/app", [openAct("/etc/usual"), exec]), by("/bin/app /usr/bin/new", [openAct("/etc/usual")])];
    const confidence = alone(run);
    expect(cause(confidence)).toEqual(["programs"]);
    expect(confidence.causes[0]).toMatchObject({ runs: 1, only: 1, points: 2 });
    expect(confidence.programs.map(({ program, points }) => [program, points])).toEqual([
      ["app", 1],
      ["new", 1],
    ]);
  });

  it("counts by run which cause alone would have made it depart", () => {
    const runs = [usual, usual, reads("/etc/usual", "/etc/a"), reads("/etc/usual", "/etc/b", "/home/secret/key")];
    const { causes } = judged(runs, clean);
    expect(causes.map(({ cause, runs, only, points }) => [cause, runs, only, points])).toEqual([
      ["names", 2, 1, 2],
      ["acts", 1, 0, 1],
    ]);
    expect(causes[0]?.examples[0]).toEqual({ program: "app", act: openAct("/etc/a") });
  });

  it("compares by halves only with what the earlier half did", () => {
    const runs = times(8, (at) => reads("/etc/usual", ...times(at, (left) => `/left/${left}`)));
    const { causes } = judged(runs);
    // The later half reads what the fourth to the seventh run left: four points, though in several runs each.
    expect(causes).toMatchObject([{ cause: "names", runs: 4, only: 4, points: 4 }]);
    expect(new Set(causes[0]?.examples.map(({ act }) => act)).size).toBe(3);
  });
});
