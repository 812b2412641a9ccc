/** Whether each verdict goes on from the last, as a monitor looks at it. */
import { describe, expect, it } from "vitest";
import { FleetMonitor } from "../../packages/log/src/monitor/index.ts";
import { type Said, type SaidOf, writeStatement } from "../../packages/log/src/statement/index.ts";
import { birth, changes, epoch, hash, head, policy, SOURCE, START, stated } from "./statements.ts";

type State = SaidOf<"change">["to"];

/** Of a node, or of one of its canisters. */
const change = (from: State, to: State, { node = 1, label = 0 } = {}): SaidOf<"change"> => ({
  ...{ kind: "change", node: hash(node), label: label === 0 ? undefined : hash(label), from, to, class: undefined },
  policy: to === "affirming" ? hash(6) : undefined,
});
const enrolment = (which: "first" | "anew", node = 1) => ({ kind: "enrolment", node: hash(node), which }) as const;
const withdrawal = (which: "collected" | "retired", node = 1) =>
  ({ kind: "withdraw-enrolment", node: hash(node), which }) as const;
const canister = { label: 4 };

function inLog(said: readonly Said[], source = SOURCE) {
  const monitor = new FleetMonitor({ hasReviewers: false, isReviewed: () => false, added: () => undefined }, START);
  const entries = stated([policy(6), ...said]).map((one) => writeStatement({ ...one, source }));
  const found = entries.flatMap((bytes, entry) => monitor.see(entry, bytes));
  return { kinds: found.map(({ entry, kind }) => `${entry} ${kind}`), lines: found.map(({ why }) => why).join("\n") };
}

describe("the verdicts of a node", () => {
  it("go on from each other: enrolled, silent, revoked, and enrolled anew by the same key or another", () => {
    const life = [
      enrolment("first"),
      change("unknown", "affirming"),
      change("unknown", "affirming", canister),
      head(100, 1),
      change("affirming", "stale"),
      change("affirming", "stale", canister),
      change("stale", "affirming"),
      change("stale", "unknown", canister),
      change("unknown", "contraindicated", canister),
      change("contraindicated", "contraindicated", canister),
      epoch(1),
      change("affirming", "revoked"),
      change("contraindicated", "revoked", canister),
      enrolment("anew"),
      change("revoked", "unknown"),
      change("revoked", "unknown", canister),
      change("unknown", "affirming"),
      change("unknown", "affirming", canister),
      epoch(2),
      change("affirming", "revoked"),
      change("affirming", "revoked", canister),
      enrolment("anew", 2),
      change("revoked", "unknown"),
      change("revoked", "unknown", canister),
      change("unknown", "affirming", { node: 2 }),
    ];
    expect(inLog(life)).toEqual({ kinds: [], lines: "" });
  });

  it("may be anything before the first: a log begins in the middle of a fleet", () => {
    expect(
      inLog([enrolment("first"), change("revoked", "revoked"), change("stale", "affirming", { node: 2 })]).kinds,
    ).toEqual([]);
  });

  it("do not become another without a statement: a revoked node whose row was set back", () => {
    const { kinds, lines } = inLog([
      enrolment("first"),
      change("unknown", "affirming"),
      epoch(1),
      change("affirming", "revoked"),
      change("unknown", "affirming"),
    ]);
    expect(kinds).toEqual(["5 broken-succession"]);
    expect(lines).toMatch(
      /node 0101010101010101… goes from unknown to affirming, and was revoked by entry 4: nothing states how; look who changed/,
    );
    expect(
      inLog([change("unknown", "affirming", canister), change("contraindicated", "affirming", canister)]).kinds,
    ).toEqual(["2 broken-succession"]);
  });

  it("do not end a revocation but directly behind an enrolment anew, of that one node", () => {
    const revoked = [epoch(1), change("affirming", "revoked")];
    const ended = inLog([...revoked, change("revoked", "unknown")]);
    expect(ended.kinds).toEqual(["3 broken-succession"]);
    expect(ended.lines).toMatch(/goes from revoked to unknown, and no enrolment anew stands before it/);
    expect(inLog([...revoked, change("revoked", "affirming")]).kinds).toEqual(["3 broken-succession"]);
    expect(inLog([...revoked, enrolment("anew"), change("revoked", "affirming")]).kinds).toEqual([
      "4 broken-succession",
    ]);
    expect(inLog([...revoked, enrolment("anew"), head(1, 1), change("revoked", "unknown")]).kinds).toEqual([
      "5 broken-succession",
    ]);
    const another = [enrolment("anew", 2), change("affirming", "unknown", { node: 2 }), change("revoked", "unknown")];
    expect(inLog([...revoked, ...another]).kinds).toEqual(["5 broken-succession"]);
  });

  it("that stay revoked let no ledger go back", () => {
    const revoked = [epoch(1), head(200, 1), change("affirming", "revoked")];
    expect(inLog([...revoked, change("revoked", "revoked"), head(100, 2)]).kinds).toEqual(["5 head-regressed"]);
    expect(inLog([...revoked, enrolment("anew"), change("revoked", "unknown"), head(100, 2)]).kinds).toEqual([]);
  });

  it("are not forgotten by an enrolment as if the node were new", () => {
    const { kinds, lines } = inLog([
      change("affirming", "revoked"),
      enrolment("first"),
      change("unknown", "affirming"),
    ]);
    expect(kinds).toEqual(["2 broken-succession"]);
    expect(lines).toMatch(/is enrolled as if it were new, and was revoked by entry 1/);
    expect(inLog([change("affirming", "unknown"), enrolment("first"), change("unknown", "affirming")]).kinds).toEqual(
      [],
    );
  });

  it("of canisters are known no longer once further ones are only counted; that of the node is", () => {
    const counted = [
      change("unknown", "affirming"),
      change("unknown", "affirming", canister),
      changes(undefined, 0),
      change("stale", "affirming", canister),
    ];
    expect(inLog(counted).kinds).toEqual([]);
    expect(inLog([...counted, change("stale", "affirming")]).kinds).toEqual(["5 broken-succession"]);
  });
});

describe("a node whose enrolment is withdrawn", () => {
  const life = [enrolment("first"), change("unknown", "affirming"), change("unknown", "affirming", canister)];
  const gone = [...life, change("affirming", "stale"), withdrawal("collected")];

  it("has nothing stated of it, until it is enrolled again and begins as unknown: by the same name or another's", () => {
    expect(inLog([...gone, epoch(1), ...life]).kinds).toEqual([]);
    expect(inLog([...gone, enrolment("anew"), change("unknown", "affirming")]).kinds).toEqual([]);
    expect(inLog([...life, withdrawal("retired"), ...life, withdrawal("retired")]).kinds).toEqual([]);
    expect(inLog([...gone, change("unknown", "affirming", { node: 2 })]).kinds).toEqual([]);
  });

  it.each([
    ["a verdict", change("unknown", "affirming")],
    ["a verdict of a canister", change("unknown", "affirming", canister)],
    ["many verdicts of canisters", changes(hash(6), 3)],
    ["a ledger", head(100, 1)],
    ["a birth", birth(1, 2)],
  ] as const)("is found where %s is stated of it all the same, once", (_, said) => {
    const { kinds, lines } = inLog([...gone, said, head(100, 1)]);
    expect(kinds).toEqual(["6 broken-succession"]);
    expect(lines).toMatch(/is stated of node 0101010101010101…, whose enrolment was withdrawn in entry 5/);
  });

  it("is found where it is withdrawn once more, and where that hides a revocation", () => {
    expect(inLog([...gone, withdrawal("retired")]).kinds).toEqual(["6 broken-succession"]);
    const { kinds, lines } = inLog([...life, epoch(1), change("affirming", "revoked"), withdrawal("retired")]);
    expect(kinds).toEqual(["6 broken-succession"]);
    expect(lines).toMatch(/is withdrawn, and it was revoked by entry 5/);
  });
});
