/** What `isoline fleet` tells beside a verdict: canisters that a node's own state leaves out, and from when on a policy judges. */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isBuilt, isoline } from "../support/isoline.ts";
import { aCanister, aNode, type Answer, TinyVerifier } from "./tiny-verifier.ts";

describe.skipIf(!isBuilt)("isoline fleet tells (needs a build)", () => {
  const place = mkdtempSync(join(tmpdir(), "isoline-fleet-"));
  const configuration = join(place, "fleet.yaml");
  let server: TinyVerifier;
  const fleet = (...words: readonly string[]) =>
    isoline(["fleet", ...words], { cwd: place, env: { ISOLINE_FLEET_CONFIG: configuration } });
  const answering = (answers: Readonly<Record<string, Answer>>) =>
    server.answers(({ method, path }) => answers[`${method} ${path}`] ?? answers[path] ?? { status: 404 });

  beforeAll(async () => {
    server = await TinyVerifier.listen(() => ({ status: 404 }));
    const text = `servers:\n  - { name: here, url: "${server.url}", token: a-token-that-is-secret }\n`;
    writeFileSync(configuration, text, { mode: 0o600 });
  });
  afterAll(async () => {
    await server.close();
    rmSync(place, { recursive: true, force: true });
  });

  it("of a node that is affirmed which canisters are not, and ends with the status of the worst", async () => {
    const of = (counts: object) => ({ json: aNode({ canisters: { affirming: 1, ...counts } }) });
    const counts = { contraindicated: 1, unverifiable: 1 };
    server.answers(({ path, query }) => {
      if (path === "/v1/nodes/node-1") return of(counts);
      if (path === "/v1/nodes") return { json: { items: [of(counts).json] } };
      const state = query.get("state") ?? "";
      return { json: { items: [aCanister({ label: `a-${state}`, state, failure: "off-contour", why: "got 1" })] } };
    });
    const { stdout, status } = await fleet("why", "node-1");
    expect(stdout).toMatch(/^node-1: affirming for .*\n\n2 canisters of it are not affirmed:\n/);
    expect(stdout).toMatch(/ {2}a-contraindicated +contraindicated .* off-contour: got 1\n {2}a-unverifiable /);
    expect(status).toBe(3);
    expect((await fleet("nodes")).stdout).toMatch(
      /^node-1 +affirming .* 1 canister contraindicated, 1 canister unverifiable: isoline fleet why node-1$/m,
    );
    answering({
      "/v1/nodes/node-1": of({ unverifiable: 1 }),
      "/v1/canisters": { json: { items: [aCanister({ state: "unverifiable" })] } },
    });
    expect((await fleet("why", "node-1")).status).toBe(4);
  });

  it("from when on a policy judges, and where the same file is in force already", async () => {
    writeFileSync(join(place, "policy.json"), "{}");
    const digest = createHash("sha256").update("{}").digest("hex");
    const known = (items: readonly object[]) => ({
      "GET /v1/policies": { json: { items } },
      "/v1/nodes": { json: { items: [aNode({ due: "2026-01-02T03:04:35.678Z" })] } },
      "PUT /v1/policies/main": { status: 204, text: "" },
    });
    answering(known([{ name: "main", version: 1, digest: "00".repeat(32) }]));
    expect((await fleet("policy", "main", "--set", "policy.json")).stderr).toMatch(/next evidence on, within 30 s\n$/);
    answering(known([{ name: "main", version: 1, digest }]));
    expect((await fleet("policy", "main", "--set", "policy.json")).stderr).toMatch(/in force already; nothing was/);
  });
});
