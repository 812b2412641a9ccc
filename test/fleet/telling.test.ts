/** What `isoline fleet` tells beside a verdict: canisters that a node's own state leaves out, and from when on a policy judges. */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
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

  describe("how much of a list there is", () => {
    /** So many canisters on the node, in pages as they are asked for. */
    const running = (count: number, more: object = {}) =>
      server.answers(({ path, query }) => {
        if (path !== "/v1/canisters") return { json: aNode({ canisters: { contraindicated: count } }) };
        const at = Number(query.get("cursor") ?? 0);
        const size = Math.min(Number(query.get("limit")), count - at);
        const items = Array.from({ length: size }, (_, index) => aCanister({ label: `c${at + index}`, ...more }));
        return { json: { items, ...(at + size < count && { next: String(at + size) }) } };
      });
    const red = { state: "contraindicated", failure: "off-contour", why: "got 1" };

    it("of a node with more than a thousand canisters: all of them", async () => {
      running(1200, red);
      expect((await fleet("why", "node-1")).stdout).toMatch(/^1 200 canisters of it are not affirmed:$/m);
      const shown = await fleet("show", "node-1");
      expect(shown.stdout).toMatch(/^c1199 /m);
      expect(shown.stderr).toBe("");
      expect(JSON.parse((await fleet("show", "node-1", "-o", "json")).stdout)).toMatchObject({ more: false });
    });

    it("of a node with more than evidence may have: that there are more", async () => {
      running(5000, red);
      const why = await fleet("why", "node-1");
      expect(why.stdout).toMatch(/^at least 4 096 canisters of it are not affirmed:$/m);
      const said = /^isoline: 4 096 canisters read, and there are more: isoline fleet canisters --node node-1 --limit/;
      expect(why.stderr).toMatch(said);
      const shown = await fleet("show", "node-1", "-o", "json");
      expect(shown.stderr).toMatch(said);
      expect(JSON.parse(shown.stdout)).toMatchObject({ more: true });
    });

    it.each(["json", "yaml"])("in the document itself, as %s", async (form) => {
      running(3);
      const listed = async (limit: string) =>
        parse((await fleet("canisters", "--limit", limit, "-o", form)).stdout) as { more: boolean };
      expect((await listed("2")).more).toBe(true);
      expect((await listed("3")).more).toBe(false);
    });
  });

  it.each([
    ["nodes", "-l", "zone=a", "-l", "zone=b"],
    ["nodes", "-l", "zone=a,rack=1,zone=b"],
    ["token", "--tenant", "shop", "-l", "zone=a", "-l", "zone=b"],
  ])("that a label was given twice, of which only one would count: %s %s %s", async (...words) => {
    server.asked.length = 0;
    const { status, stderr } = await fleet(...words);
    expect(stderr).toContain("expected each label once, got zone twice");
    expect([status, server.asked]).toEqual([2, []]);
  });
});
