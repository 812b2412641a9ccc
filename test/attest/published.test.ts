/** Published contours, and which of them a rule accepts. They are found by digest, however many there are, and however many canisters. */
import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { appraise, readRules, type References } from "../../packages/attest/src/appraise/index.ts";
import type { CanisterRule } from "../../packages/attest/src/appraise/policy.ts";
import { Published } from "../../packages/attest/src/appraise/published.ts";
import type { Trust } from "../../packages/attest/src/appraise/question.ts";
import { contour, digest, narrow, narrowReference, published } from "../forgery/published.ts";
import { SoftwareNode } from "../verifier/software-node.ts";
import { canisterSample } from "./samples.ts";

const state = Buffer.from(published.state).toString("hex");
const reference = (name: string, change: Partial<References["contours"][number]> = {}) => ({
  ...{ name, contour: digest, state, images: [] },
  ...change,
});
const references = (contours: References["contours"]): References => ({ contours, boots: [], builds: [], loads: [] });

describe("of what was published, a rule", async () => {
  const all = await Published.of(
    { contours: [contour, narrow, Buffer.from("no contour")] } as unknown as Trust,
    references([reference("small"), reference("also small"), reference("gone", { contour: "04".repeat(32) })]),
  );
  const by = (...named: readonly string[]) => {
    const contours = named.length === 0 ? undefined : new Set(named);
    const accepted = all.for({ contours } as unknown as CanisterRule);
    return {
      named: accepted.referencesOf(digest).map(({ name }) => name),
      inState: accepted.referencesIn(state).map(({ name }) => name),
      files: [digest, narrowReference.contour, "04".repeat(32)].map((one) => accepted.fileOf(one) !== undefined),
      ofStates: [state, narrowReference.state, "05".repeat(32)].map(
        (one) => accepted.fileIn(one, () => true) !== undefined,
      ),
    };
  };

  it("without contours accepts all", () => {
    expect(by()).toEqual({
      named: ["small", "also small"],
      inState: ["small", "also small", "gone"],
      files: [true, true, false],
      ofStates: [true, true, false],
    });
  });

  it("accepts those of a name that reference values give them, with their files", () => {
    const its = { files: [true, false, false], ofStates: [true, false, false] };
    expect(by("small", "no such")).toEqual({ named: ["small"], inState: ["small"], ...its });
    expect(by("gone")).toEqual({
      ...{ named: [], inState: ["gone"] },
      ...{ files: [false, false, false], ofStates: [false, false, false] },
    });
  });

  it("accepts those of a digest, whatever they are named, and a file that no reference values name", () => {
    expect(by(`sha256:${digest}`)).toMatchObject({ named: ["small", "also small"], files: [true, false, false] });
    expect(by(`sha256:${narrowReference.contour}`)).toEqual({
      ...{ named: [], inState: [] },
      ...{ files: [false, true, false], ofStates: [false, true, false] },
    });
  });
});

describe("an appraisal", () => {
  it("does not look through reference values, nor through what a rule names, for each canister", async () => {
    const node = new SoftwareNode("node-1");
    const digestOf = (at: number) => at.toString(16).padStart(64, "0");
    let looks = 0;
    const counted = Array.from({ length: 2000 }, (_, at) => {
      const looked = (value: string) => ({
        get: () => {
          looks++;
          return value;
        },
      });
      return Object.defineProperties(reference(""), {
        name: looked(`contour ${at}`),
        contour: looked(digestOf(at)),
      });
    });
    const kept = references(counted);
    const contours = Array.from({ length: 2000 }, (_, at) => `contour ${at}`);
    const policy = { policy: 1, name: "p", version: 1, ledger: "if-there", clockSkew: 10_000_000 };
    const canisters = [{ label: "*", register: "if-there", contours }];
    const looksOf = async (count: number) => {
      const challenge = Uint8Array.from(randomBytes(32));
      const told = Array.from({ length: count }, (_, at) => {
        const named = Uint8Array.from(Buffer.from(digestOf(at), "hex"));
        return canisterSample(`label-${at}`, { state: published.state, contour: named });
      });
      const evidence = node.evidence(challenge, { canisters: told });
      looks = 0;
      const { canisters: judged } = await appraise({
        ...{ evidence, challenge, references: [], now: new Date(), node: node.id },
        trust: {
          ...{
            nodes: [{ id: node.id, attestationKey: node.key }],
            contourSigners: [],
            policySigners: [],
            contours: [],
          },
        },
        policy: Buffer.from(JSON.stringify({ ...policy, canisters })),
        readRules: async (...files) => ({ ...(await readRules(...files)), references: kept }),
      });
      return { looks, states: new Set(judged.map(({ status }) => status)) };
    };
    expect((await looksOf(1)).states).toEqual(new Set(["affirming"]));
    const many = await looksOf(100);
    expect(many.states).toEqual(new Set(["affirming"]));
    // Once for all of them would be 2000, and once for each canister 200,000.
    expect(many.looks).toBeLessThan(1000);
  });

  it("of a contour of which only the file has not come proves nothing, if it is for this image and the rule accepts it", async () => {
    const node = new SoftwareNode("node-1");
    let whys: readonly (string | undefined)[] = [];
    const [one, other] = [`sha256:${"a".repeat(64)}`, `sha256:${"b".repeat(64)}`];
    const judged = async (awaited: ReadonlyMap<string, readonly string[]> | undefined, rule: object = {}) => {
      const challenge = Uint8Array.from(randomBytes(32));
      const canisters = [canisterSample("web", { ...published, image: one })];
      const rules = [{ label: "*", register: "if-there", ...rule }];
      const policy = { policy: 1, name: "p", version: 1, ledger: "if-there", clockSkew: 10_000_000, canisters: rules };
      const { status, canisters: found } = await appraise({
        ...{ evidence: node.evidence(challenge, { canisters }), challenge, now: new Date(), node: node.id },
        trust: {
          ...{
            nodes: [{ id: node.id, attestationKey: node.key }],
            contourSigners: [],
            policySigners: [],
            contours: [],
          },
          awaited,
        },
        ...{ policy: Buffer.from(JSON.stringify(policy)), references: [] },
      });
      const failed = found.flatMap(({ checks }) => checks.filter(({ outcome }) => outcome === "failed"));
      whys = failed.map(({ why }) => why);
      return [status, ...failed.map(({ name, failure }) => `${name}: ${failure}`)];
    };
    const unknown = ["contraindicated", "contour: unknown-contour"];
    expect(await judged(new Map([[digest, []]]))).toEqual(["unverifiable", "contour: incomplete"]);
    expect(await judged(new Map([[digest, [other, one]]]))).toEqual(["unverifiable", "contour: incomplete"]);
    expect(await judged(new Map([[digest, [other]]]))).toEqual(unknown);
    expect(await judged(new Map([[narrowReference.contour, []]]))).toEqual(unknown);
    expect(await judged(new Map([[digest, []]]), { contours: ["narrow"] })).toEqual(unknown);
    expect(await judged(new Map([[digest, []]]), { signedContour: true })).toEqual(unknown);
    expect(whys).toEqual([
      expect.stringMatching(/a key in contour-signers\/ of the verifier's trust directory.*got none/),
    ]);
    expect(await judged(undefined)).toEqual(unknown);
  });
});
