/** A boot as a verifier judges it: by references of machines that are good, from evidence with a log of measured boot. */
import { expect } from "vitest";
import { appraise, quotedBoot, quotedEvents, writeBoot } from "../../packages/attest/src/appraise/index.ts";
import { EvidenceReading } from "../../packages/attest/src/evidence/index.ts";
import { SoftwareNode, type Told } from "../verifier/software-node.ts";
import { registersAfter } from "./boot-log.ts";

const CHALLENGE = new Uint8Array(32).fill(9);
const FIRMWARE = [0, 1, 2, 3, 4, 5, 6, 7];
const node = new SoftwareNode("node-1");

interface Rule {
  readonly type: string;
  readonly digest: string;
  readonly required?: boolean;
  readonly after?: string;
  readonly note?: string;
}
export type Boot = {
  readonly name: string;
  readonly registers?: object;
  readonly events?: Readonly<Record<number, readonly Rule[]>>;
};

/** What a machine sends whose firmware kept this log, and extended what it says. */
export const booted = (log: Uint8Array): Told => ({ bootLog: log, booted: registersAfter(log) });

export async function referenceOf(told: Told, registers: readonly number[] = FIRMWARE): Promise<Required<Boot>> {
  const boot = await quotedBoot(new EvidenceReading(node.evidence(CHALLENGE, told)));
  const text = writeBoot({ name: "good", registers: new Map(), events: quotedEvents(boot, registers) });
  return (JSON.parse(text) as { boots: [Required<Boot>] }).boots[0];
}

/** What the check of the boot, and all of them, come to. */
export async function judge(told: Told, boots: readonly Boot[], policy: object = {}) {
  const rules = { policy: 1, name: "test", version: 1, ledger: "if-there", boots: boots.map(({ name }) => name) };
  const canisters = [{ label: "*", register: "if-there" }];
  const { platform } = await appraise({
    evidence: node.evidence(CHALLENGE, told),
    challenge: CHALLENGE,
    trust: {
      nodes: [{ id: node.id, attestationKey: node.key }],
      contourSigners: [],
      policySigners: [],
      contours: [],
    },
    policy: Buffer.from(JSON.stringify({ ...rules, canisters, ...policy })),
    references: [Buffer.from(JSON.stringify({ references: 1, boots }))],
    now: new Date(),
  });
  return { status: platform.status, ...platform.checks.find(({ name }) => name === "boot") };
}

/** The same reference with other rules for one register. */
export const withRules = (
  boot: Required<Boot>,
  register: number,
  change: (rules: readonly Rule[]) => readonly Rule[],
): Boot => ({
  ...boot,
  events: { ...boot.events, [register]: change(boot.events[register] ?? []) },
});

export const PASSED = { status: "affirming", outcome: "passed" };
export const refused = (why: RegExp) => ({
  status: "contraindicated",
  failure: "untrusted-platform",
  why: expect.stringMatching(why) as string,
});
export const unproven = (failure: string, why: RegExp) => ({
  status: "unverifiable",
  failure,
  why: expect.stringMatching(why) as string,
});
