/** The policy that the label of a machine without a TPM chooses: which tokens give it to another key. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as amd from "../attest/tee/amd-vendor.ts";
import { snpRules } from "../attest/tee/machine-policy.ts";
import { isInstalled } from "../support/machine.ts";
import { dealings } from "./machine-dealings.ts";
import { guest, MachineNode } from "./machine-node.ts";
import { Rig, samplePolicy } from "./rig.ts";

describe.skipIf(!isInstalled("openssl"))("a machine whose key was lost (needs openssl)", () => {
  const rig = new Rig();
  const { enrol, attest } = dealings(rig);

  beforeAll(async () => {
    const makers = join(rig.place, "trust/tee-makers");
    mkdirSync(makers, { mode: 0o700 });
    writeFileSync(join(makers, "ark.der"), amd.ark.der);
    writeFileSync(join(makers, "ask.der"), amd.ask.der);
    await rig.start();
    await rig.rules(samplePolicy({ version: 1, root: "tee", tee: { snp: snpRules } }));
  });
  afterAll(() => rig.close());

  it("is judged by a policy that was chosen for a lost key only by a token that chooses it as well", async () => {
    const [node, anew] = [
      new MachineNode("chosen", guest(Buffer.alloc(64, 14))),
      new MachineNode("chosen", guest(Buffer.alloc(64, 14))),
    ];
    const chosen = { name: "chosen", labels: { policy: "default" } };
    expect(await enrol(node, { more: chosen })).toBe("200 enrolled");
    expect(await enrol(anew, { more: { name: "chosen" } })).toMatch(
      /^409 expected the key of chosen, which its label policy/,
    );
    expect((await attest(node)).state).toBe("affirming");
    expect(await enrol(anew, { more: chosen })).toBe("200 enrolled");
    expect((await attest(anew)).state).toBe("affirming");
  });
});
