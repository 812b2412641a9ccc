/** What processes began for themselves at the agent, in the evidence of the node and in its metrics. */
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { appraise } from "../../packages/attest/src/appraise/index.ts";
import {
  type CanisterBody,
  readCanisterBody,
  readEvidence,
  readNodeBody,
} from "../../packages/attest/src/evidence/index.ts";
import { attestationKey } from "../../packages/attest/src/tpm/index.ts";
import { until } from "../faults/bench.ts";
import { type Ended, isBuilt } from "../support/isoline.ts";
import { isRoot } from "../support/machine.ts";
import { TestAgent } from "./agent.ts";

const OWNER = 65_529;
const CHALLENGE = "cd".repeat(32);

describe.skipIf(!isBuilt || !isRoot)("evidence of what processes began for themselves (needs a build and root)", () => {
  const agent = new TestAgent();
  const socket = join(agent.directory, "begin", "socket");
  const place = join(agent.directory, "owner");
  const at = (file: string) => join(place, file);
  const env = { ISOLINE_HOST_DIRECTORY: agent.directory };
  const running: Promise<Ended>[] = [];
  const begin = async (name: string, options: readonly string[], script: string) => {
    const words = ["namespace", "begin", "-q", "--agent-socket", socket, "--name", name, ...options];
    running.push(agent.isoline([...words, "--", "sh", "-c", script], { uid: OWNER, cwd: place }));
    await until(() => agent.log.some((line) => line.event === "began" && line.namespace === `${OWNER}/${name}`));
  };
  const evidence = async () => {
    const words = ["attest", "evidence", "--no-tpm", "--challenge", CHALLENGE, "-o", at("out.cbor")];
    const said = await agent.isoline(words, { env });
    expect(said).toMatchObject({ status: 0 });
    const { node, canisters } = readEvidence(readFileSync(at("out.cbor")));
    return {
      said,
      node: readNodeBody(node),
      bodies: new Map(canisters.map(({ body }) => readCanisterBody(body)).map((body) => [body.label, body])),
    };
  };
  beforeAll(async () => {
    await agent.start(`begin: { socket: ${socket}, allow: [{ users: [${OWNER}] }] }\n`, env);
    chmodSync(agent.directory, 0o711);
    mkdirSync(place, { mode: 0o777 });
    chmodSync(place, 0o777);
    const waits = "until [ -e end ]; do sleep 0.1; done";
    writeFileSync(at("end"), "");
    const learn = ["learn", "-q", "-o", "waits.contour", "--", "sh", "-c", `sleep 0.1; ${waits}`];
    await agent.isoline(learn, { uid: OWNER, cwd: place });
    rmSync(at("end"));
    await begin("web", [], waits);
    await begin("held", ["--contour", "waits.contour", "--enforce"], `sleep 0.1; cat /etc/passwd; ${waits}`);
  });
  afterAll(async () => {
    writeFileSync(at("end"), "");
    await Promise.all(running);
    await agent.clear();
  });

  it("says of each its contour, its mode, what departed, and what it is worth", async () => {
    const digest = createHash("sha256")
      .update(readFileSync(at("waits.contour")))
      .digest("hex");
    let held: CanisterBody | undefined;
    let web: CanisterBody | undefined;
    for (let tries = 0; tries < 50 && (held?.counters.refused ?? 0) === 0; tries++) {
      const { bodies, node } = await evidence();
      expect(node).toMatchObject({ complete: true, canisters: 2, losses: [] });
      [held, web] = [bodies.get(`begun:${OWNER}:held`), bodies.get(`begun:${OWNER}:web`)];
    }
    expect(web).toMatchObject({ mode: "learning", sealed: false, sensor: "seccomp" });
    expect(web?.contour).toBeUndefined();
    expect(web?.points).toBeGreaterThan(0);
    expect(held).toMatchObject({ mode: "enforcing", sealed: true });
    expect(Buffer.from(held?.contour ?? []).toString("hex")).toBe(digest);
    expect(held?.counters.departures).toBeGreaterThan(0);
    for (const body of [web, held]) expect(body?.guarantee).toMatch(/^a process began it for itself and installed/);
    const { text } = await agent.fetch("/metrics");
    expect(text).toContain(
      `isoline_namespace_off{namespace="${OWNER}/held",contour="sha256:${digest}",mode="enforce",sensor="seccomp"}`,
    );
    expect((await agent.isoline(["ps", "-q"], { env })).stdout).toBe("");
  });

  it("is judged by the published contour that a rule for its user and name names", async () => {
    const node = readNodeBody(readEvidence(readFileSync(at("out.cbor"))).node);
    const contour = readFileSync(at("waits.contour"));
    const digest = createHash("sha256").update(contour).digest("hex");
    const statusUnder = async (label: string, contours: readonly string[]) => {
      const rule = { label, contours, register: "if-there", departures: 1_000_000, losses: "warn" };
      const policy = { policy: 1, name: "p", version: 1, root: "none", ledger: "if-there", canisters: [rule] };
      const { canisters } = await appraise({
        evidence: readFileSync(at("out.cbor")),
        challenge: Buffer.from(CHALLENGE, "hex"),
        trust: {
          nodes: [{ id: node.node, attestationKey }],
          ...{ contourSigners: [], policySigners: [], contours: [contour] },
        },
        policy: Buffer.from(JSON.stringify(policy)),
        references: [],
        now: new Date(),
      });
      const held = canisters.find((one) => one.label === `begun:${OWNER}:held`);
      return held?.checks.find(({ outcome }) => outcome === "failed")?.name ?? held?.status;
    };
    expect(await statusUnder(`begun:${OWNER}:held`, [`sha256:${digest}`])).toBe("affirming");
    expect(await statusUnder(`begun:${OWNER}:held`, [`sha256:${"0".repeat(64)}`])).toBe("contour");
    expect(await statusUnder(`begun:${OWNER + 1}:held`, [`sha256:${digest}`])).toBe("rules");
  });
});
