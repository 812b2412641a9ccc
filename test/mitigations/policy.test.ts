/** The policy key `mitigations`, and what is done by it, with mitigations that a test makes. */
import { describe, expect, it } from "vitest";
import { canonicalPolicy, DEFAULT_POLICY, lensDigest, parsePolicy } from "../../packages/core/src/identity/index.ts";
import { Trust } from "../../packages/core/src/engine/trust.ts";
import type { Mitigations, Offer, Outcome } from "../../packages/linux/src/mitigations/setting.ts";
import {
  assertOffered,
  mitigateLaunch,
  UntrustedMitigations,
} from "../../packages/isoline/src/namespace/trust-mitigations.ts";

const refused: Outcome = { is: "refused", why: "the kernel answers EINVAL" };

/** Mitigations that answer as they are told, and remember what was asked. */
class Told implements Mitigations {
  readonly asked: string[] = [];
  readonly #answers: Readonly<Record<string, Outcome>>;

  constructor(answers: Readonly<Record<string, Outcome>>) {
    this.#answers = answers;
  }

  offers(): readonly Offer[] {
    return (["own-core", "own-cpus"] as const).map((name) => ({
      name,
      works: this.#answer(name).is === "set",
      detail: "told",
    }));
  }

  atLaunch(name: string): Outcome {
    this.asked.push(name);
    return this.#answer(name);
  }

  atLoss(name: string, pid: number, trusted: () => readonly number[]): Outcome {
    this.asked.push(`${name} ${pid} ${trusted().join()}`);
    return this.#answer(name);
  }

  close(): void {
    this.asked.push("close");
  }

  #answer(name: string): Outcome {
    return this.#answers[name] ?? { is: "set" };
  }
}

const policy = (mitigations: object) => parsePolicy({ mitigations }).mitigations;

describe("the policy key mitigations", () => {
  it("is not in a policy that does not set it, so contours stay what they are", () => {
    expect(canonicalPolicy(DEFAULT_POLICY)).not.toContain("mitigations");
    expect(canonicalPolicy(parsePolicy({ mitigations: {} }))).toBe(canonicalPolicy(DEFAULT_POLICY));
  });

  it("is written in one form, and read back", () => {
    const given = parsePolicy({
      mitigations: { trusted: ["own-core", "store-bypass"], untrusted: ["own-cpus", "own-core"] },
    });
    const line = canonicalPolicy(given);
    expect(line).toContain(
      '"mitigations":{"required":false,"trusted":["store-bypass","own-core"],"untrusted":["own-cpus","own-core"]}',
    );
    expect(canonicalPolicy(parsePolicy(JSON.parse(line)))).toBe(line);
  });

  it("decides nothing about the identity of events", () => {
    expect(lensDigest(parsePolicy({ mitigations: { trusted: ["own-core"] } }))).toBe(lensDigest(DEFAULT_POLICY));
  });

  it.each<[object, string]>([
    [{ trusted: ["own-cpus"] }, "mitigations.trusted[0]"],
    [{ untrusted: ["store-bypass"] }, "mitigations.untrusted[0]"],
    [{ untrusted: ["own-core", "own-core"] }, "each at most once"],
    [{ trusted: "own-core" }, "mitigations.trusted"],
    [{ trusted: [null] }, "mitigations.trusted[0]"],
    [{ required: "yes" }, "mitigations.required"],
    [{ trused: [] }, "mitigations.trused"],
    [[], "mitigations: expected a table"],
  ])("refuses %j", (mitigations, said) => {
    expect(() => parsePolicy({ mitigations })).toThrow(said);
  });
});

describe("at launch", () => {
  it("sets everything that the policy names, and reports the kernel's answers", () => {
    const told = new Told({ "l1d-flush": refused, "indirect-branch": { is: "not-affected" } });
    const launch = mitigateLaunch(told, policy({ trusted: ["store-bypass", "indirect-branch", "l1d-flush"] }));
    expect(told.asked).toStrictEqual(["store-bypass", "indirect-branch", "l1d-flush"]);
    expect(launch).toStrictEqual({
      "store-bypass": "set",
      "indirect-branch": "not-affected",
      "l1d-flush": "the kernel answers EINVAL",
    });
  });

  it("starts nothing without what is required", () => {
    const told = new Told({ "own-core": refused });
    const required = { trusted: ["own-core"], required: true };
    expect(() => mitigateLaunch(told, policy(required))).toThrow(
      "requires the mitigation own-core, but the kernel answers",
    );
  });

  it("starts nothing if no required mitigation for untrusted processes is there", () => {
    const required = policy({ untrusted: ["own-core", "own-cpus"], required: true });
    expect(() => assertOffered(new Told({ "own-core": refused, "own-cpus": refused }), required)).toThrow(
      "this machine has none",
    );
    expect(() => assertOffered(new Told({ "own-core": refused }), required)).not.toThrow();
    expect(() => assertOffered(new Told({ "own-core": refused }), policy({ untrusted: ["own-core"] }))).not.toThrow();
  });
});

describe("at the loss of trust", () => {
  it("takes the first mitigation that the machine has", () => {
    const told = new Told({ "own-core": refused });
    const untrusted = new UntrustedMitigations(told, policy({ untrusted: ["own-core", "own-cpus"], required: true }));
    expect(untrusted.fell(7, () => [8, 9])).toBeUndefined();
    untrusted.close();
    expect(told.asked).toStrictEqual(["own-core 7 8,9", "own-cpus 7 8,9", "close"]);
    expect(untrusted.report({})).toStrictEqual({
      launch: {},
      untrusted: { "own-cpus": 1 },
      failures: { "own-core: the kernel answers EINVAL": 1 },
    });
  });

  it("says that the run is incomplete if none could be set and one is required", () => {
    const none = new Told({ "own-core": refused, "own-cpus": refused });
    const names = { untrusted: ["own-core", "own-cpus"] };
    expect(new UntrustedMitigations(none, policy({ ...names, required: true })).fell(7, () => [])).toContain(
      "could not be set",
    );
    const lenient = new UntrustedMitigations(none, policy(names));
    expect(lenient.fell(7, () => [])).toBeUndefined();
    expect(lenient.report({}).untrusted).toStrictEqual({ none: 1 });
  });

  it("has nothing to do for a process that has ended", () => {
    const told = new Told({ "own-core": { is: "gone" } });
    const untrusted = new UntrustedMitigations(told, policy({ untrusted: ["own-core", "own-cpus"], required: true }));
    expect(untrusted.fell(7, () => [])).toBeUndefined();
    expect(untrusted.report({})).toStrictEqual({ launch: {}, untrusted: {}, failures: {} });
  });

  it("keeps a bounded number of answers", () => {
    let times = 0;
    const talkative = new Told({});
    talkative.atLoss = () => ({ is: "refused", why: `answer ${times++}` });
    const untrusted = new UntrustedMitigations(talkative, policy({ untrusted: ["own-core"] }));
    for (let pid = 1; pid <= 100; pid++) untrusted.fell(pid, () => []);
    expect(Object.keys(untrusted.report({}).failures)).toHaveLength(33);
  });
});

describe("trust", () => {
  const cause = { reason: "off-contour", what: "a test" } as const;

  it("tells once of each process that loses it, and of each that is born without it", () => {
    const fallen: number[] = [];
    const trust = new Trust();
    trust.onFall = (process) => fallen.push(process);
    trust.born(1, 0);
    trust.born(2, 1);
    trust.distrust(1, cause);
    trust.distrust(1, cause);
    trust.born(3, 1);
    trust.born(4, 2);
    trust.born(5, 99);
    expect(fallen).toStrictEqual([1, 3, 5]);
  });
});
