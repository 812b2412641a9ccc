/** A ledger may be long, and a verifier serves others meanwhile: it is replayed in the turn of its node's tenant, and not once more. */
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { LedgerReplay } from "../../packages/attest/src/register/index.ts";
import { fileOf, sample } from "../attest/ledger-sample.ts";
import { Rig } from "./rig.ts";
import { SoftwareNode } from "./software-node.ts";

const rig = new Rig();
const node = new SoftwareNode("node-1");

beforeAll(async () => {
  await rig.enrol([node]);
  await rig.start();
  await rig.rules();
});
afterAll(() => rig.close());

it("a ledger that is news is replayed once for its verdict, what departed in it, and what is stated of it", async () => {
  const { drafts, records } = sample();
  const [begin] = drafts;
  if (begin?.kind !== "begin") throw new Error("the sample begins otherwise");
  const ledger = Uint8Array.from(fileOf(records.slice(0, 1)));
  const challenge = await rig.challenge(node);
  const evidence = node.evidence(Buffer.from(challenge, "hex"), { ledger, resetCount: begin.resetCount });
  const replayed = vi.spyOn(LedgerReplay.prototype, "add");
  try {
    expect((await rig.send(node, challenge, evidence)).body).toMatchObject({ state: "affirming" });
    expect(replayed).toHaveBeenCalledTimes(1);
  } finally {
    replayed.mockRestore();
  }
});
