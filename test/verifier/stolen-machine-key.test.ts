/**
 * The key and the token of a node without a TPM were copied, and the confidential machine was not: nothing that can be sent with them is
 * affirmed. Each evidence needs a new report about its challenge, what it says, and the key, by the machine that was enrolled.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ReportEvidence } from "../../packages/attest/src/evidence/index.ts";
import * as amd from "../attest/tee/amd-vendor.ts";
import { snpRules } from "../attest/tee/machine-policy.ts";
import { dealings } from "./machine-dealings.ts";
import { guest, MachineNode, type Told } from "./machine-node.ts";
import { Rig, samplePolicy } from "./rig.ts";
import { SoftwareNode } from "./software-node.ts";

const chip = (byte: number) => Buffer.alloc(64, byte);
const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, "hex"));

describe("a stolen key of a node without a TPM", () => {
  const rig = new Rig();
  const software = new SoftwareNode("with-tpm");
  const node = new MachineNode("node", guest(chip(1)));
  const other = new MachineNode("other", guest(chip(2)));
  const { enrol, challengeFor, send } = dealings(rig);
  /** The report of the last evidence that was affirmed. A thief may have read it on the way. */
  let last: ReportEvidence | undefined;

  /** What a thief sends in answer to a challenge that the verifier gives to the stolen token. */
  const sends = async (told: Told) => {
    const challenge = await challengeFor(node);
    return send(node, challenge, await node.evidence(bytes(challenge), told));
  };
  const honest = async () => {
    const kept = (one: ReportEvidence) => [(last = one)];
    expect(await sends({ reports: kept })).toMatchObject({ state: "affirming" });
  };

  beforeAll(async () => {
    mkdirSync(join(rig.place, "trust", "tee-makers"), { mode: 0o700 });
    writeFileSync(join(rig.place, "trust", "tee-makers", "ark.der"), amd.ark.der);
    writeFileSync(join(rig.place, "trust", "tee-makers", "ask.der"), amd.ask.der);
    await rig.enrol([software]);
    await rig.start();
    await rig.rules(samplePolicy({ root: "tee", tee: { snp: snpRules } }));
  });
  afterAll(() => rig.close());

  it("is of use where it was not stolen: beside a new report by the machine that was enrolled", async () => {
    expect([await enrol(node), await enrol(other)]).toEqual(["200 enrolled", "200 enrolled"]);
    await honest();
  });

  it("does not keep the node from answering, however often the thief answers later challenges with what proves nothing", async () => {
    const challenge = await challengeFor(node);
    for (let time = 0; time < 3; time++) {
      await setTimeout(2);
      expect((await send(node, await challengeFor(node), Buffer.alloc(40, time))).state).toBe("unverifiable");
    }
    expect(await send(node, challenge, await node.evidence(bytes(challenge)))).toMatchObject({ state: "affirming" });
  });

  it.each<[what: string, told: () => Told, failure: string, why: RegExp]>([
    [
      "no report",
      () => ({ reports: () => [] }),
      "untrusted-platform",
      /^expected a report of a confidential machine, got none/,
    ],
    [
      "the report of before",
      () => ({ reports: ({ proof }) => [{ ...last!, proof }] }),
      "broken-evidence",
      /another challenge, key, aggregate/,
    ],
    [
      "the report of before, with the data of now written into it",
      () => ({ reports: ({ report, proof }) => [{ ...last!, proof, report: patched(last!.report, report) }] }),
      "broken-evidence",
      /not signed by the key of its certificate/,
    ],
    [
      "the new report, and the one of before as well",
      () => ({ reports: (one) => [one, last!] }),
      "broken-evidence",
      /^expected one report of a machine, got 2/,
    ],
    [
      "a report by another chip, which has a node of its own",
      () => ({ machine: other.machine }),
      "untrusted-platform",
      /^expected a report of the machine that was enrolled, snp:01.* got snp:02/,
    ],
    [
      "a report by a chip that no maker vouches for",
      () => ({ machine: { ...node.machine, certificates: strangers() } }),
      "untrusted-platform",
      /no trusted root leads to/,
    ],
    [
      "a report about another key, by the right chip",
      () => ({ about: other }),
      "untrusted-platform",
      /^expected a report about the key that was enrolled/,
    ],
    [
      "the same, said to be about this one",
      () => ({ about: other, reports: (one) => [{ ...one, key: node.key }] }),
      "broken-evidence",
      /another challenge, key, aggregate/,
    ],
    [
      "a new report by the right chip about other canisters than are told of",
      () => ({ reported: 1 }),
      "broken-evidence",
      /another challenge, key, aggregate/,
    ],
  ])("is of no use with %s", async (_, told, failure, why) => {
    expect(await sends(told())).toMatchObject({
      ...{ state: failure === "broken-evidence" ? "unverifiable" : "contraindicated", failure },
      why: expect.stringMatching(why) as string,
    });
    await honest();
  });

  it("is of no use with a report for another node's challenge, or one that was given earlier", async () => {
    const [theirs, mine] = [await challengeFor(other), await challengeFor(node)];
    const answered = await node.evidence(bytes(theirs));
    expect(await send(node, theirs, answered)).toMatchObject({ error: { code: "challenge-refused" } });
    expect(await send(node, mine, answered)).toMatchObject({ state: "unverifiable", failure: "stale" });
    // What proves nothing, and is not written, does not make the node's own challenge too early.
    await honest();
    const own = await challengeFor(node);
    expect(await sends({ reports: () => [] })).toMatchObject({ failure: "untrusted-platform" });
    expect(await send(node, own, await node.evidence(bytes(own)))).toMatchObject({ state: "affirming" });
    const early = await challengeFor(node);
    const kept = await node.evidence(bytes(early));
    await honest();
    expect(await send(node, early, kept)).toMatchObject({
      error: {
        message: expect.stringMatching(/^expected a challenge that was given after that of the last/) as string,
      },
    });
  });

  it.each<[what: string, told: Told, failure: string, why: RegExp]>([
    [
      "none",
      { reports: ({ provider, report, certificates, key }) => [{ provider, report, certificates, key }] },
      "untrusted-platform",
      /^expected a signature by the key that was/,
    ],
    [
      "one by another key",
      { by: other },
      "broken-evidence",
      /^expected a signature by the key that was enrolled over this/,
    ],
    ["that of before", { reports: (one) => [{ ...one, proof: last!.proof }] }, "broken-evidence", /over this evidence/],
    [
      "no signature at all",
      { reports: (one) => [{ ...one, proof: new Uint8Array(70) }] },
      "broken-evidence",
      /over this evidence/,
    ],
  ])("the right machine is of no use without the key, whose signature is %s", async (_, told, failure, why) => {
    expect(await sends(told)).toMatchObject({ failure, why: expect.stringMatching(why) as string });
    await honest();
  });

  it("is of no use with the quote of a TPM, though its key is a node's", async () => {
    const challenge = await challengeFor(node);
    const quoted = software.evidence(bytes(challenge), { node: { node: node.id } });
    expect(await send(node, challenge, quoted)).toMatchObject({
      state: "contraindicated",
      why: expect.stringContaining("expected an enrolled node") as string,
    });
    await honest();
  });

  it("lets nothing fail that is not a caller's fault", () => {
    expect(rig.failures).toEqual([]);
  });
});

/** The old report with the data of another: what who has no chip can write. */
function patched(old: Uint8Array, now: Uint8Array): Uint8Array {
  const report = Uint8Array.from(old);
  report.set(now.subarray(0x50, 0x90), 0x50);
  return report;
}

/** Certificates of the right chip's number by a maker of the same name, which the verifier does not trust. */
function strangers(): Uint8Array {
  return amd.certificateTable([amd.VCEK, amd.chipCertificate({ chip: chip(1) }, undefined, amd.strangerAsk).der]);
}
