/** What a monitor finds in the log of a fleet, on made logs: one for each finding, and one without any. */
import { describe, expect, it } from "vitest";
import { FleetMonitor, findingKinds, type Review } from "../../packages/log/src/monitor/index.ts";
import { type Said, writeStatement } from "../../packages/log/src/statement/index.ts";
import {
  birth,
  change,
  changes,
  contour,
  entriesOf,
  epoch,
  hash,
  head,
  HOUR,
  image,
  policy,
  root,
  samples,
  SOURCE,
  START,
  stated,
} from "./statements.ts";

const unreviewed: Review = { hasReviewers: false, isReviewed: () => false, added: () => undefined };
/** Of a monitor with reviewers, who signed these digests, for any image. */
const signedBy = (...digests: readonly number[]): Review => ({
  hasReviewers: true,
  isReviewed: (digest) => digests.map(hash).includes(digest),
  added: () => undefined,
});

/** `ENTRY KIND` of each finding, and what its line says. */
function findingsIn(entries: readonly Uint8Array[], review = unreviewed, now = START) {
  const monitor = new FleetMonitor(review, now);
  const found = [...entries.flatMap((bytes, entry) => monitor.see(entry, bytes)), ...monitor.overdue()];
  return { kinds: found.map(({ entry, kind }) => `${entry} ${kind}`), lines: found.map(({ why }) => why).join("\n") };
}

const inLog = (said: readonly (Said & { readonly at?: number })[], review = unreviewed, now = START) =>
  findingsIn(entriesOf(said), review, now);

describe("a monitor of a fleet's log", () => {
  it("finds nothing where nothing is to be found", () => {
    const day = [
      policy(6),
      contour(1, 2, { image: [image(3)] }),
      { kind: "enrolment", node: hash(1), which: "first" } as const,
      root(HOUR),
      birth(1, 1),
      head(100, 1),
      change(hash(6)),
      // The same points in another file, and an image that goes on to the contour that replaces it.
      { kind: "withdraw-contour", name: "web", digest: hash(1) } as const,
      contour(4, 2, { image: [image(3)] }),
      birth(2, 2),
      head(200, 2),
      epoch(1),
      epoch(2),
      policy(7, 2),
      { ...root(HOUR + 1), at: START + 3_600_000 },
      { ...head(40, 3, 2), at: START + 3_600_000 },
      { ...birth(1, 3, { boot: 2 }), at: START + 3_600_000 },
    ];
    expect(inLog(day, { ...unreviewed, added: () => 0 }, START + 2 * 3_600_000)).toEqual({ kinds: [], lines: "" });
  });

  it("passes over entries that are no statements", () => {
    expect(findingsIn([Buffer.from("signature of app\n"), ...entriesOf([policy(6)])]).kinds).toEqual([]);
  });

  it("finds a contour that was widened without review, also when the old one was withdrawn before", () => {
    const published = [
      contour(1, 2),
      { kind: "withdraw-contour", name: "web", digest: hash(1) } as const,
      contour(3, 4),
    ];
    const { kinds, lines } = inLog(published);
    expect(kinds).toEqual(["2 widened-contour"]);
    expect(lines).toMatch(
      /contour "web" 0303030303030303… differs from 0101010101010101… of entry 0, and no reviewer signed it: /,
    );
  });

  it("asks the reviewers, not the log, who signed", () => {
    const published = [
      contour(1, 2),
      { kind: "withdraw-contour", name: "web", digest: hash(1) } as const,
      { ...contour(3, 4, { image: [image(5)] }), signer: [hash(8)] },
    ];
    expect(inLog(published).kinds).toEqual(["2 widened-contour"]);
    const asked: unknown[] = [];
    const review: Review = {
      ...unreviewed,
      isReviewed: (...about) => {
        asked.push(about);
        return true;
      },
    };
    expect(inLog(published, review).kinds).toEqual([]);
    expect(asked).toEqual([
      [hash(1), []],
      [hash(3), [image(5)]],
    ]);
  });

  it("finds nothing in a contour that only permits less, where it has both files", () => {
    expect(inLog([contour(1, 2), contour(3, 4)], { ...unreviewed, added: () => 0 }).kinds).toEqual([]);
    expect(inLog([contour(1, 2), contour(3, 4)], { ...unreviewed, added: () => 12 }).lines).toMatch(
      /permits 12 acts more than/,
    );
  });

  it("with reviewers: finds each contour that none of them signed, under a new name or without one", () => {
    const unnamed = contour(3, 4, { name: undefined });
    const { kinds, lines } = inLog([contour(1, 2), contour(5, 6, { name: "new" }), unnamed], signedBy(1));
    expect(kinds).toEqual(["1 unreviewed-contour", "2 unreviewed-contour"]);
    expect(lines).toMatch(
      /contour "new" 0505050505050505… for any image: no reviewer signed it so: sign it, or withdraw/,
    );
    expect(lines).toMatch(/contour 0303030303030303… for any image: /);
    expect(inLog([contour(1, 2), unnamed]).kinds).toEqual([]);
  });

  it("with reviewers: says once what is wrong with a publication", () => {
    expect(inLog([contour(1, 2), contour(3, 4)], signedBy(1)).kinds).toEqual(["1 widened-contour"]);
    const beside = [contour(1, 2, { image: [image(3)] }), contour(4, 5, { name: "new" })];
    expect(inLog(beside, signedBy(1)).kinds).toEqual(["1 unreviewed-contour"]);
    expect(inLog(beside, signedBy(1, 4)).kinds).toEqual([]);
  });

  it("with reviewers: a contour that only permits less stands under the signature of the one before, for the same images", () => {
    const narrowing = { ...signedBy(1), added: () => 0 };
    const [first, less, other] = [[image(3), image(4)], [image(4)], [image(5)]];
    const published = (images: readonly string[]) => [
      contour(1, 2, { image: first }),
      { kind: "withdraw-contour", name: "web", digest: hash(1) } as const,
      contour(3, 4, { image: images }),
    ];
    expect(inLog(published(less), narrowing).kinds).toEqual([]);
    expect(inLog(published(other), narrowing).kinds).toEqual(["2 unreviewed-contour"]);
    expect(inLog(published([]), narrowing).kinds).toEqual(["2 unreviewed-contour"]);
    // What the log says of points is the verifier's word: the same state in another file proves nothing.
    expect(inLog([contour(1, 2), contour(3, 2)], signedBy(1)).kinds).toEqual(["1 widened-contour"]);
    expect(inLog([contour(5, 2), contour(1, 2)], narrowing).kinds).toEqual(["0 unreviewed-contour"]);
    expect(inLog([contour(5, 2), contour(6, 2)], narrowing).kinds).toEqual([
      "0 unreviewed-contour",
      "1 unreviewed-contour",
    ]);
  });

  it("finds a contour for any image beside that of one image, whichever came first", () => {
    const [one, any] = [contour(1, 2, { image: [image(3), image(6)] }), contour(4, 5, { name: "all" })];
    const later = inLog([one, any]);
    expect(later.kinds).toEqual(["1 two-contours"]);
    expect(later.lines).toMatch(
      /image sha256:030303030… has two contours, 0404040404040404… for any image and 0101010101010101… of entry 0/,
    );
    expect(inLog([any, one]).kinds).toEqual(["1 two-contours"]);
    const withdrawn = { kind: "withdraw-contour", name: "all", digest: hash(4) } as const;
    expect(inLog([any, withdrawn, one]).kinds).toEqual([]);
    // The same file in both ways, and services that run from no image.
    expect(inLog([one, contour(1, 2, { name: undefined })]).kinds).toEqual([]);
    expect(inLog([any, contour(7, 8, { name: "host" })]).kinds).toEqual([]);
  });

  it("finds two contours for one image", () => {
    const both = [contour(1, 2, { image: [image(3)] }), contour(4, 5, { name: "api", image: [image(3), image(6)] })];
    const { kinds, lines } = inLog(both);
    expect(kinds).toEqual(["1 two-contours"]);
    expect(lines).toMatch(
      /image sha256:030303030… has two contours, 0404040404040404… and 0101010101010101… of entry 0/,
    );
  });

  it("finds a register that was born twice, and a number that is two births", () => {
    const twice = inLog([birth(1, 1), birth(5, 1), birth(1, 1, { node: 2 })]);
    expect(twice.kinds).toEqual(["1 birth-twice", "2 birth-twice"]);
    expect(twice.lines).toMatch(
      /was born in record 1 of boot 1 of node 0101010101010101… in entry 0: distrust the node, its birth key signed twice/,
    );
    const other = inLog([birth(1, 1), birth(1, 2)]);
    expect(other.kinds).toEqual(["1 birth-twice"]);
    expect(inLog([birth(1, 1), birth(1, 1)]).kinds).toEqual([]);
  });

  it("finds a ledger that went back, in bytes or in boots, and one that forked", () => {
    expect(inLog([head(200, 1), head(100, 2)]).kinds).toEqual(["1 head-regressed"]);
    expect(inLog([head(200, 1, 3), head(300, 2, 2)]).kinds).toEqual(["1 head-regressed"]);
    const forked = inLog([head(200, 1), head(200, 2)]);
    expect(forked.kinds).toEqual(["1 head-forked"]);
    expect(forked.lines).toMatch(/two ledgers of 200 bytes for boot 1, the other in entry 0/);
  });

  it("finds neither where a node is enrolled anew after a revocation: its TPM may have been cleared", () => {
    const [ledgers, cleared] = [1, 2].map((at) => [birth(1, at, { boot: 3 }), head(300 - 100 * at, at, 5 - 2 * at)]);
    const findings = (...between: Said[]) => inLog([...(ledgers ?? []), ...between, ...(cleared ?? [])]).kinds;
    const enrolled = { kind: "enrolment", node: hash(1), which: "anew" } as const;
    const ended = [epoch(1), change(undefined, "revoked"), enrolled, change(undefined, "unknown", "revoked")];
    expect(findings(...ended)).toEqual([]);
    const renewed = findings(enrolled, change(undefined, "unknown", "affirming"));
    expect(renewed).toEqual(["4 birth-twice", "5 head-regressed"]);
  });

  it("finds verdicts under a policy that is not logged, once for each policy, and good ones under none", () => {
    const under = inLog([
      change(hash(6)),
      change(hash(6), "affirming", "affirming"),
      policy(6),
      change(hash(6), "affirming", "affirming"),
      change(undefined, "stale", "affirming"),
      change(undefined, "affirming", "stale"),
    ]);
    expect(under.kinds).toEqual(["0 unlogged-policy", "5 unlogged-policy"]);
    const withdrawn = [
      policy(6),
      { kind: "withdraw-policy", name: "default", digest: hash(6) } as const,
      change(hash(6)),
    ];
    expect(inLog(withdrawn).kinds).toEqual(["2 unlogged-policy"]);
  });

  it("finds a version of a policy that is not above the last", () => {
    const fell = inLog([policy(6, 2), policy(7, 1)]);
    expect(fell.kinds).toEqual(["1 policy-regressed"]);
    expect(fell.lines).toMatch(
      /policy "default" has version 1, 0707070707070707…, behind version 2 of entry 0: the verifier's database was set back/,
    );
    expect(inLog([policy(6, 2), policy(7, 2)]).kinds).toEqual(["1 policy-regressed"]);
    const withdrawn = { kind: "withdraw-policy", name: "default", digest: hash(6) } as const;
    expect(inLog([policy(6, 2), withdrawn, policy(7, 1)]).kinds).toEqual(["2 policy-regressed"]);
    expect(inLog([policy(6, 2), policy(6, 2), { ...policy(7, 1), name: "other" }, policy(8, 3)]).kinds).toEqual([]);
  });

  it("finds verdicts under a policy that another one took the place of, five minutes later, once for each policy", () => {
    const MINUTE = 60_000;
    const after = (minutes: number, from: "unknown" | "affirming" = "affirming") => ({
      ...change(hash(6), "affirming", from),
      at: START + minutes * MINUTE,
    });
    const under = inLog([policy(6), policy(7, 2), after(0, "unknown"), after(5), after(6), after(7)]);
    expect(under.kinds).toEqual(["4 policy-regressed"]);
    expect(under.lines).toMatch(
      /is judged affirming under policy 0606060606060606…, 6 minutes after 0707070707070707… of entry 1 took its place: look /,
    );
    // Also of one that was not in the log before.
    expect(inLog([after(0, "unknown"), policy(6), policy(7, 2), after(6)]).kinds).toEqual([
      "0 unlogged-policy",
      "3 policy-regressed",
    ]);
    const counted = [policy(6), policy(7, 2), { ...changes(hash(6), 9), at: START + 6 * MINUTE }];
    expect(inLog(counted).kinds).toEqual(["2 policy-regressed"]);
  });

  it("finds the same in changes that are only counted", () => {
    const counted = inLog([
      policy(6),
      changes(hash(6), 9),
      changes(hash(7), 0),
      changes(undefined, 0),
      changes(undefined, 1),
    ]);
    expect(counted.kinds).toEqual(["2 unlogged-policy", "4 unlogged-policy"]);
    expect(counted.lines).toMatch(
      /has 900 canisters that are judged under policy 0707070707070707…, which is not in the log: look/,
    );
  });

  it("finds a revocation epoch that went back, or came twice", () => {
    const back = inLog([epoch(2), epoch(3), epoch(1), epoch(2)]);
    expect(back.kinds).toEqual(["2 epoch-regressed"]);
    expect(back.lines).toMatch(/revocation epoch 1 comes behind epoch 3 of entry 1: the verifier was set back/);
    expect(inLog([epoch(2), epoch(2)]).kinds).toEqual(["1 epoch-regressed"]);
  });

  it("finds hours without a root: between two, at the end, and from the first statement on", () => {
    const hours = inLog(
      [root(HOUR), { ...root(HOUR + 4), at: START + 4 * 3_600_000 }],
      unreviewed,
      START + 4 * 3_600_000,
    );
    expect(hours.kinds).toEqual(["1 missing-root"]);
    expect(hours.lines).toMatch(/no root over all verdicts for 3 hours, 2026-09-12T09Z to 2026-09-12T11Z/);
    expect(inLog([root(HOUR)], unreviewed, START + 3_599_999 + 3_600_000).kinds).toEqual([]);
    expect(inLog([root(HOUR)], unreviewed, START + 2 * 3_600_000).kinds).toEqual(["0 missing-root"]);
    expect(inLog([policy(6)], unreviewed, START + 3_600_000).kinds).toEqual(["0 missing-root"]);
  });

  it("finds a root for an hour that has not come, and goes on to miss those before it", () => {
    const jumped = [root(HOUR), { ...root(HOUR + 48), at: START + 48 * 3_600_000 }];
    const { kinds, lines } = inLog(jumped, unreviewed, START + 3 * 3_600_000);
    expect(kinds).toEqual(["1 root-ahead", "0 missing-root"]);
    expect(lines).toMatch(
      /root for the hour 2026-09-14T08Z, and it is 2026-09-12T11Z here: a clock of the verifier's database ran ahead/,
    );
    expect(lines).toMatch(/no root over all verdicts for 2 hours, 2026-09-12T09Z to 2026-09-12T10Z/);
    // Clocks differ: the next hour may have begun elsewhere.
    expect(inLog([root(HOUR), root(HOUR + 1)]).kinds).toEqual([]);
    expect(inLog([root(HOUR), root(HOUR + 2)]).kinds).toEqual(["1 root-ahead"]);
    // The same where the log is read when that hour has come: it was not there when the root was stated.
    const later = [
      root(HOUR),
      root(HOUR + 2),
      ...[1, 2].map((hours) => ({ ...root(HOUR + hours, 8), at: START + hours * 3_600_000 })),
    ];
    const again = inLog(later, unreviewed, START + 2 * 3_600_000);
    expect(again.kinds).toEqual(["1 root-ahead"]);
    expect(again.lines).toMatch(/root for the hour 2026-09-12T10Z, and it was 2026-09-12T08Z when it was stated/);
    // Where the verifier was set right, it states the hours that come.
    expect(inLog([...jumped, root(HOUR + 1)], unreviewed, START + 3_600_000).kinds).toEqual(["1 root-ahead"]);
  });

  it("takes the first root also for the hour before that of the first statement: its clock is the database's", () => {
    expect(inLog([policy(6), root(HOUR - 1), root(HOUR)]).kinds).toEqual([]);
    expect(inLog([policy(6), root(HOUR - 1), root(HOUR - 1, 8)]).kinds).toEqual(["2 two-roots"]);
  });

  it("finds a second root for an hour", () => {
    expect(inLog([root(HOUR), root(HOUR)]).kinds).toEqual([]);
    expect(inLog([root(HOUR), root(HOUR, 8)]).kinds).toEqual(["1 two-roots"]);
  });

  it("finds no second root for hours that come after a clock that ran ahead was set right, but the one ahead", () => {
    const after = (hours: number, one: Said) => ({ ...one, at: START + hours * 3_600_000 });
    const from = (first: number, last: number) =>
      Array.from({ length: last - first + 1 }, (_, at) => after(first + at, root(HOUR + first + at, 20 + at)));
    const ten = START + 10 * 3_600_000;
    const set = { ...policy(6), at: START + 60_000 };
    const honest = inLog([root(HOUR), after(10, root(HOUR + 10)), set, ...from(1, 10)], unreviewed, ten);
    expect(honest.kinds).toEqual(["1 missing-root", "2 root-ahead"]);
    expect(honest.lines).toMatch(
      /the hour 2026-09-12T18Z has a root by entry 1, and this later entry was stated in the hour 2026-09-12T08Z, before that came: /,
    );
    // Where the log begins with what was ahead, and where several hours had passed by that clock.
    const begun = inLog([...from(8, 10), set, ...from(0, 10)], unreviewed, ten);
    expect(begun.kinds).toEqual(["3 root-ahead"]);
    expect(begun.lines).toMatch(
      /3 hours, 2026-09-12T16Z to 2026-09-12T18Z have roots by entry 2, and this later entry/,
    );
    expect(
      inLog([after(10, policy(6)), { ...policy(7, 2), at: START }, ...from(0, 10)], unreviewed, ten).kinds,
    ).toEqual([]);
    // Clocks of two verifiers differ.
    const apart = { ...policy(6), at: START + 3_600_000 - 299_999 };
    const two = [root(HOUR), after(1, root(HOUR + 1)), apart, after(1, root(HOUR + 1, 8))];
    expect(inLog(two, unreviewed, START + 3_600_000).kinds).toEqual(["3 two-roots"]);
  });

  it("finds the statement by which a verifier takes a root back, to tell another one", () => {
    const four = START + 4 * 3_600_000;
    const liar = [{ ...root(HOUR + 4), at: four }, policy(6), { ...root(HOUR + 4, 8), at: four }];
    expect(inLog(liar, unreviewed, four).kinds).toEqual(["1 root-ahead", "2 missing-root"]);
    const past = [root(HOUR), { ...policy(6), at: START - 3_600_000 }, root(HOUR, 8)];
    expect(inLog(past, unreviewed, START).kinds).toEqual(["2 two-roots"]);
  });

  it("goes on from a root that was ahead by less than two hours, as the verifier does, which states it once", () => {
    const soon = START + 3_600_000;
    const log = [
      { ...root(HOUR + 1), at: soon },
      { ...policy(6), at: soon - 1_200_000 },
      { ...root(HOUR + 2), at: soon + 3_600_000 },
    ];
    expect(inLog(log, unreviewed, soon + 3_600_000).kinds).toEqual([]);
  });

  it("finds a second root, and the statement that takes roots back, however many there were", () => {
    const many = Array.from({ length: 1200 }, (_, at) => ({ ...root(HOUR + at), at: START + at * 3_600_000 }));
    const end = START + 1199 * 3_600_000;
    expect(inLog([...many, { ...root(HOUR + 1199, 8), at: end }], unreviewed, end).kinds).toEqual(["1200 two-roots"]);
    const all = [...many, policy(6), ...many.map((one) => ({ ...one, root: hash(8) }))];
    expect(inLog(all, unreviewed, end).kinds).toEqual(["1200 root-ahead"]);
  });

  it("finds statements that are missing, came twice, or are of another source", () => {
    const all = stated([policy(6), policy(7, 2), policy(8, 3)]);
    const written = (places: readonly number[]) => places.map((place) => writeStatement(all[place] as (typeof all)[0]));
    expect(findingsIn(written([0, 2])).kinds).toEqual(["1 missing-statement"]);
    expect(findingsIn(written([1])).lines).toMatch(/statements 1 to 1 are missing \(source 0123456789abcdef…\)/);
    expect(findingsIn(written([0, 1, 1, 2])).kinds).toEqual(["2 missing-statement"]);
    const second = { ...(all[0] as (typeof all)[0]), source: SOURCE.replace("0", "f") };
    expect(findingsIn([...written([0]), writeStatement(second)]).kinds).toEqual(["1 second-source"]);
  });

  it("finds a statement that is damaged, and goes on behind it", () => {
    const [first, second] = entriesOf([change(hash(6)), change(hash(6), "affirming", "affirming")]);
    const damaged = Buffer.from(first as Uint8Array);
    damaged.write("kinf", damaged.indexOf("kind"));
    expect(findingsIn([damaged, second as Uint8Array]).kinds).toEqual([
      "0 damaged-statement",
      "1 missing-statement",
      "1 unlogged-policy",
    ]);
  });

  it("has a name for each finding, and stands what a sample of each kind says", () => {
    expect(new Set(findingKinds).size).toBe(findingKinds.length);
    expect(inLog(samples).kinds).not.toEqual([]);
    expect(inLog(samples).kinds.every((one) => findingKinds.some((kind) => one.endsWith(kind)))).toBe(true);
  });
});
