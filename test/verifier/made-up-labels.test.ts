/** A node makes up labels of canisters, in each evidence others: what a verifier keeps of it has a bound. */
import { beforeAll, describe, expect, it } from "vitest";
import { type Accepted, appraise } from "../../packages/attest/src/appraise/index.ts";
import { canisterSample } from "../attest/samples.ts";
import { samplePolicy } from "./rig.ts";
import { SoftwareNode, type Told } from "./software-node.ts";

const node = new SoftwareNode("node-1");
const challenge = new Uint8Array(32).fill(7);
const file = (value: object) => Buffer.from(JSON.stringify(value));
const contours = [{ name: "web", contour: "04".repeat(32), state: "05".repeat(32) }];

const judged = (told: Told, last: Accepted | undefined) =>
  appraise({
    evidence: node.evidence(challenge, told),
    challenge,
    trust: {
      nodes: [{ id: node.id, attestationKey: node.key }],
      ...{ contourSigners: [], policySigners: [], contours: [] },
    },
    policy: file(samplePolicy()),
    references: [file({ references: 1, contours })],
    last,
    now: new Date(),
  });
const counters = (events: number) => ({ events, departures: 0, refused: 0, lost: 0, untrusted: 0 });
const told = (label: string, events = 100) => canisterSample(label, { counters: counters(events) });

describe("canisters that evidence is no longer about", () => {
  let last: Accepted | undefined;
  beforeAll(async () => {
    last = (await judged({ canisters: [told("web")] }, undefined)).accepted;
  });

  it("count as long as the node runs: nothing of theirs is taken back", async () => {
    const { accepted } = await judged({ canisters: [told("db")] }, last);
    expect(accepted?.canisters.map(({ label }) => label)).toEqual(["web", "db"]);
    const { canisters } = await judged({ canisters: [told("web", 99)] }, accepted);
    expect(canisters.map(({ status }) => status)).toEqual(["contraindicated"]);
  });

  it("are the last 1024, however many labels a node makes up", async () => {
    let kept = last;
    for (let round = 0; round < 4; round++) {
      const canisters = Array.from({ length: 400 }, (_, at) => told(`${round}-${String(at).padStart(3, "0")}`));
      kept = (await judged({ canisters }, kept)).accepted;
    }
    const labels = kept?.canisters.map(({ label }) => label) ?? [];
    expect(labels).toHaveLength(1024 + 400);
    expect([labels[0], labels.at(-1)]).toEqual(["0-176", "3-399"]);
  });

  it("are forgotten when the node has booted anew", async () => {
    const { accepted } = await judged({ canisters: [told("db")], resetCount: 2 }, last);
    expect(accepted?.canisters.map(({ label }) => label)).toEqual(["db"]);
  });
});

it("a judgement stands still between two canisters as often as it is asked to, and comes to the same", async () => {
  let breaths = 0;
  const breathe = async () => void breaths++;
  const canisters = [told("a"), told("b"), told("c")];
  const evidence = node.evidence(challenge, { canisters });
  const { status } = await appraise({
    ...{ evidence, challenge, references: [file({ references: 1, contours })], policy: file(samplePolicy()) },
    trust: {
      nodes: [{ id: node.id, attestationKey: node.key }],
      ...{ contourSigners: [], policySigners: [], contours: [] },
    },
    breathe,
    now: new Date(),
  });
  expect({ status, breaths }).toEqual({ status: "affirming", breaths: 6 });
});
