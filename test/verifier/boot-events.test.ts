/** A verifier judges the whole log of a boot by the rules of a reference, however the log came to it: whole, in part, or to another one. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { quotedBoot, quotedEvents, writeBoot } from "../../packages/attest/src/appraise/index.ts";
import { EvidenceReading, readEvidence } from "../../packages/attest/src/evidence/index.ts";
import { SentLogs } from "../../packages/isoline/src/fleet/sent-logs.ts";
import type { DryRun, Node as NodeShown, Result } from "../../packages/verifier/src/http/model.ts";
import { eventOf, logOf, registersAfter } from "../attest/boot-log.ts";
import { Rig, samplePolicy } from "./rig.ts";
import { SoftwareNode, type Told } from "./software-node.ts";

const [SEPARATOR, APPLICATION, DRIVER_CONFIG] = [4, 0x8000_0003, 0x8000_0001];
const SECURE = eventOf(7, DRIVER_CONFIG, "secure boot on");
const KEYS = eventOf(7, DRIVER_CONFIG, "keys");
const LOADER = eventOf(4, APPLICATION, "boot loader");
const FOREIGN = eventOf(4, APPLICATION, "another program");
const separators = [4, 7].map((register) => eventOf(register, SEPARATOR, new Uint8Array(4)));
const EVENTS = [SECURE, KEYS, ...separators, LOADER];
const WHY = new RegExp(
  `^expected events of rack-a alone in register 4, got event 6, EV_EFI_BOOT_SERVICES_APPLICATION ${Buffer.from(FOREIGN.digests.sha256!).toString("hex")}; `,
);

const booted = (events: typeof EVENTS): Told => {
  const bootLog = logOf(events);
  return { bootLog, booted: registersAfter(bootLog) };
};
const bytes = (text: string) => Uint8Array.from(Buffer.from(text, "hex"));

describe("a reference with rules for events, at a verifier", () => {
  const rig = new Rig();
  const node = new SoftwareNode("node-1");
  const other = new SoftwareNode("node-2");
  const sent = new SentLogs();
  let resetCount = 1;
  beforeAll(async () => {
    await rig.enrol([node, other]);
    await rig.start();
    const boot = await quotedBoot(new EvidenceReading(node.evidence(new Uint8Array(32), booted(EVENTS))));
    const written = writeBoot({ name: "rack-a", registers: new Map(), events: quotedEvents(boot, [0, 4, 7]) });
    await rig.rules();
    await rig.call("PUT", "/v1/references/boots", { body: written });
  });
  afterAll(() => rig.close());

  /** Sends evidence as a node does: as a delta, where the verifier said that it has logs. */
  const attest = async (told: Told) => {
    const challenge = await rig.challenge(node);
    const whole = node.evidence(bytes(challenge), { resetCount, ...told });
    const evidence = readEvidence(whole);
    const delta = sent.deltaOf(evidence, whole);
    let answer = await rig.send(node, challenge, delta ?? whole, delta && "/delta");
    const isFull = answer.status === 409;
    if (isFull) answer = await rig.send(node, challenge, whole);
    sent.answered(evidence, answer.body.kept);
    return { body: answer.body, came: isFull ? "asked for whole" : delta ? "delta" : "whole" };
  };
  const policy = (version: number) => samplePolicy({ version, boots: ["rack-a"] });
  const refused: Partial<Result> = {
    state: "contraindicated",
    failure: "untrusted-platform",
    why: expect.stringMatching(WHY) as string,
  };

  it("is tried before it counts: a dry run says which event does not fit", async () => {
    await rig.attest(node, booted(EVENTS));
    expect((await rig.attest(other, booted([...EVENTS, FOREIGN]))).body).toMatchObject({ state: "affirming" });
    const body = JSON.stringify(policy(2));
    const { body: tried } = await rig.call<DryRun>("POST", "/v1/policies/default/dry-run", { body });
    const ofNodes = tried.changes.filter(({ label }) => label === undefined);
    expect(ofNodes).toEqual([
      { node: "node-2", from: "affirming", to: "contraindicated", why: expect.stringMatching(WHY) as string },
    ]);
  });

  it("affirms a node that measured the same in another order, and says of another one which event is not listed", async () => {
    await rig.rules(policy(2));
    resetCount = 2;
    const swapped = [KEYS, SECURE, ...separators, LOADER];
    expect((await attest(booted(swapped))).body).toMatchObject({ state: "affirming" });
    expect((await rig.attest(other, { ...booted([...EVENTS, FOREIGN]), resetCount })).body).toMatchObject(refused);
    const { body } = await rig.get<NodeShown>("/v1/nodes/node-2");
    expect(body).toMatchObject(refused);
    expect(body.links?.find(({ name }) => name === "boot")).toMatchObject({ state: "failed", why: refused.why });
  });

  it("judges a log whose beginning it has kept, with what was added, as a whole", async () => {
    resetCount = 3;
    expect(await attest(booted(EVENTS))).toMatchObject({ body: { state: "affirming" } });
    expect(await attest(booted(EVENTS))).toMatchObject({ came: "delta", body: { state: "affirming" } });
    expect(await attest(booted([...EVENTS, FOREIGN]))).toMatchObject({ came: "delta", body: refused });
    // Root leaves out of the log what its TPM has: nothing that was kept stands in for it.
    const { booted: registers } = booted([...EVENTS, FOREIGN]);
    expect(await attest({ ...booted(EVENTS), booted: registers })).toMatchObject({
      body: { state: "unverifiable", failure: "broken-evidence" },
    });
    expect(await attest({ booted: booted(EVENTS).booted })).toMatchObject({
      body: {
        state: "unverifiable",
        failure: "incomplete",
        why: expect.stringContaining("events of register 0") as string,
      },
    });
  });

  it("judges alike when it was started anew, and has no log any more", async () => {
    expect(await attest(booted(EVENTS))).toMatchObject({ body: { state: "affirming" } });
    await rig.stop();
    await rig.start();
    expect(await attest(booted([...EVENTS, FOREIGN]))).toMatchObject({ came: "asked for whole", body: refused });
    expect(await attest(booted([...EVENTS, FOREIGN]))).toMatchObject({ came: "delta", body: refused });
    expect(await attest(booted(EVENTS))).toMatchObject({ body: { state: "affirming" } });
  });

  it("has not failed", () => {
    expect(rig.failures).toEqual([]);
  });
});
