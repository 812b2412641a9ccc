/** Nodes that are confidential machines with a TPM: a fleet's policy may demand both, and the trust directory says whose machines count. */
import { createHash } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { infoOfKey, reportData } from "../../packages/attest/src/tee/index.ts";
import type { DryRun, Node } from "../../packages/verifier/src/http/model.ts";
import * as amd from "../attest/tee/amd-vendor.ts";
import { snpRules } from "../attest/tee/machine-policy.ts";
import { Rig, samplePolicy } from "./rig.ts";
import { SoftwareNode } from "./software-node.ts";

const chips = amd.certificateTable([amd.VCEK, amd.chipCertificate().der]);
/** SHA-256 over registers 0 to 7 of a software node. */
const aggregate = Uint8Array.from(
  [0, 1, 2, 3, 4, 5, 6, 7]
    .reduce((hash, register) => hash.update(new Uint8Array(32).fill(register)), createHash("sha256"))
    .digest(),
);

describe("a node that is a confidential machine", () => {
  const rig = new Rig();
  const node = new SoftwareNode("node-1");
  const trust = (...parts: readonly string[]) => join(rig.place, "trust", ...parts);
  /** Evidence with a report of SEV-SNP, which is about this node unless it is said otherwise. */
  const attest = async (about: { readonly launched?: Uint8Array; readonly by?: SoftwareNode } = {}) => {
    const challenge = Buffer.from(await rig.challenge(node), "hex");
    const key = infoOfKey((about.by ?? node).key);
    let data = new Uint8Array();
    const report = (bytes: Uint8Array) => [
      { provider: "sev_guest", report: Uint8Array.from(bytes), certificates: chips, key },
    ];
    // What the report is about is known only once the statement is, so the statement is made twice.
    const told = { clock: BigInt(Date.now()), node: { made: Date.now() } };
    const statements: Promise<void>[] = [];
    node.evidence(challenge, {
      ...told,
      report: ({ qualifying, tree }) => {
        statements.push(
          reportData({ challenge: qualifying, key, aggregate, contour: tree.root }).then((made) => {
            data = made;
          }),
        );
        return [];
      },
    });
    await Promise.all(statements);
    const form = {
      report_data: Buffer.from(data),
      ...(about.launched && { measurement: Buffer.from(about.launched) }),
    };
    const evidence = node.evidence(challenge, { ...told, report: () => report(amd.snpReport(form)) });
    return (await rig.send(node, challenge.toString("hex"), evidence)).body;
  };
  const demanding = (version: number) => samplePolicy({ version, root: "tpm+tee", tee: { snp: snpRules } });

  beforeAll(async () => {
    for (const section of ["tee-makers", "tee-revocations"]) mkdirSync(trust(section), { recursive: true });
    writeFileSync(trust("tee-makers/ark.der"), amd.ark.der);
    writeFileSync(trust("tee-makers/ask.der"), amd.ask.der);
    await rig.enrol([node]);
    await rig.start();
    await rig.rules();
  });
  afterAll(() => rig.close());

  it("would turn red under a policy that demands it, where its evidence has no report; and it does", async () => {
    expect((await rig.attest(node)).body.state).toBe("affirming");
    const { body } = await rig.call<DryRun>("POST", "/v1/policies/default/dry-run", {
      body: JSON.stringify(demanding(2)),
    });
    expect(body.changes).toMatchObject([{ node: "node-1", to: "contraindicated" }, { label: "web" }]);
    await rig.rules(demanding(2));
    expect((await rig.attest(node)).body).toMatchObject({
      state: "contraindicated",
      why: expect.stringContaining("expected a report of a confidential machine, got none") as string,
    });
  });

  it("is affirmed with a report about its attestation key, of a maker that is trusted", async () => {
    expect(await attest()).toMatchObject({ state: "affirming", canisters: [{ label: "web", state: "affirming" }] });
    expect((await rig.get<Node>("/v1/nodes/node-1")).body.root).toBe("tpm+tee");
  });

  it("is refused with a report about another key, or of another launch", async () => {
    expect(await attest({ by: new SoftwareNode("node-2") })).toMatchObject({ failure: "untrusted-platform" });
    expect(await attest({ launched: new Uint8Array(48) })).toMatchObject({ failure: "untrusted-platform" });
    expect((await attest()).state).toBe("affirming");
  });

  it("is refused where no maker is trusted; what is no revocation list is named at start", async () => {
    await rig.stop();
    rmSync(trust("tee-makers"), { recursive: true });
    await rig.start();
    expect((await attest()).why).toContain("expected roots of the makers of confidential machines, got none");
    await rig.stop();
    writeFileSync(trust("tee-revocations/odd.crl"), "no list");
    mkdirSync(trust("tee-makers"));
    writeFileSync(trust("tee-makers/ark.der"), amd.ark.der);
    await expect(rig.start()).rejects.toThrow(/^tee-revocations\/odd\.crl: not a certificate or revocation list/);
    expect(rig.failures).toEqual([]);
  });
});
