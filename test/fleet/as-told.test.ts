/** `isoline fleet` where what it is given is not what it seems: files of the configuration, labels of nodes, and half of a command. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { dryRunOf } from "../../packages/isoline/src/fleet/people.ts";
import { FleetServer } from "../../packages/isoline/src/fleet/server.ts";
import { contour } from "../forgery/published.ts";
import { ended, isBuilt, isoline } from "../support/isoline.ts";
import { aCanister, aNode, TinyVerifier } from "./tiny-verifier.ts";

describe.skipIf(!isBuilt)("isoline fleet, and what it is told (needs a build)", () => {
  const place = mkdtempSync(join(tmpdir(), "isoline-told-"));
  const at = (name: string) => join(place, name);
  let server: TinyVerifier;
  const env = { ISOLINE_FLEET_CONFIG: at("fleet.yaml") };
  const fleet = (...words: readonly string[]) => isoline(["fleet", ...words], { cwd: place, env });
  const configured = (more: object, ...others: readonly object[]) => {
    const here = { name: "here", url: server.url, token: "a-token-that-is-secret" };
    writeFileSync(at("fleet.yaml"), JSON.stringify({ servers: [here, ...others], ...more }), { mode: 0o600 });
  };
  const called = () => server.asked.map(({ method, path }) => `${method} ${path}`);

  beforeAll(async () => {
    server = await TinyVerifier.listen(() => ({ status: 404 }));
    writeFileSync(at("references.json"), "{}");
    writeFileSync(at("web.contour"), contour);
  });
  beforeEach(() => {
    server.asked.length = 0;
    configured({});
  });
  afterAll(async () => {
    await server.close();
    rmSync(place, { recursive: true, force: true });
  });

  describe("the configuration", () => {
    it.each(["", "\n", "no certificate"])(
      "with an authority that is no certificate, but %j, is refused",
      async (text) => {
        writeFileSync(at("ca.pem"), text);
        configured({}, { name: "other", url: server.url, ca: "ca.pem" });
        const { status, stderr } = await fleet("nodes", "--server", "other");
        expect([status, stderr]).toEqual([
          1,
          expect.stringMatching(/ca\.pem: expected certificates in PEM that the server/),
        ]);
        expect(server.asked).toEqual([]);
      },
    );

    it.each([
      [
        "a current server that is a number",
        { current: 2024 },
        'expected the name of a server as "current", in quotes if',
      ],
      ["no current server after its word", { current: null }, 'expected the name of a server as "current"'],
      [
        "two servers of one name",
        { servers: ["a", "b"].map((host) => ({ name: "x", url: `https://${host}.example/` })) },
        'expected servers with names of their own, got two of "x"',
      ],
    ])("with %s is refused, and none is asked", async (_, more, expected) => {
      configured(more);
      const { status, stderr } = await fleet("revoke", "node-1", "--reason", "sold");
      expect([status, stderr]).toEqual([1, expect.stringContaining(expected)]);
      expect(server.asked).toEqual([]);
    });
  });

  it("does not attest where a kept enrolment has an authority without a certificate", async () => {
    mkdirSync(at("node"), { mode: 0o700 });
    const kept = { isoline: "fleet node 1", server: "https://verifier.example:8443", ca: "", name: "node-1" };
    const more = { node: "01".repeat(32), nodeToken: "node-token-1", tpm: "tcp:127.0.0.1:1" };
    writeFileSync(at("node/node.json"), JSON.stringify({ ...kept, ...more }), { mode: 0o600 });
    chmodSync(at("node"), 0o700);
    const { status, stderr } = await isoline(["fleet", "attest", "--state", at("node")], {
      ...{ cwd: place, env },
      onStart: (child) =>
        child.stderr?.on("data", (text: string) => void (text.includes("no verdict") && child.kill("SIGTERM"))),
    });
    expect(status).toBe(1);
    expect(stderr).toMatch(/node\.json: expected certificates as "ca", got none; remove "ca" from it if/);
  });

  describe("a label that forges a row", () => {
    const forged = "db  affirming         enforcing   0     206d    -";
    const rows = (text: string) => text.split("\n").filter((line) => line.startsWith("node-9"));

    it.each(["table", "wide"])("stays one word in the %s", async (form) => {
      const red = aCanister({ node: "node-9", label: forged, mode: "a b", state: "contraindicated" });
      server.answers(() => ({ json: { items: [red] } }));
      const [row = ""] = rows((await fleet("canisters", "-o", form)).stdout);
      expect(row.split(/\s+/).slice(0, 4)).toEqual([
        "node-9",
        expect.stringMatching(/^db\\x20\\x20aff/),
        "contraindicated",
        "a\\x20b",
      ]);
    });

    it("and a kernel that does: neither ends a column", async () => {
      const odd = aNode({
        name: "node-9",
        kernel: "6.12   affirming   x",
        tenant: "a   b",
        build: "1 2",
        sensors: ["bpf x"],
      });
      server.answers(() => ({ json: { items: [odd] } }));
      const { stdout } = await fleet("nodes", "-o", "wide");
      expect(stdout).toContain("6.12\\x20\\x20\\x20affirming\\x20\\x20\\x20x   1\\x202   bpf\\x20x");
      expect(stdout).toContain("   a\\x20\\x20\\x20b   ");
    });

    it("stays one word of a shell and of xargs with -o name", async () => {
      const labels = ["web node/victim", "it's", 'a"b', "back\\slash", "wide\u3000space"];
      server.answers(() => ({ json: { items: labels.map((label) => aCanister({ node: "node-9", label })) } }));
      const { stdout } = await fleet("canisters", "-o", "name");
      writeFileSync(at("names"), stdout);
      const { stdout: words } = await ended("/bin/sh", ["-c", "xargs -n1 printf '%s\\n' < names"], { cwd: place });
      expect(
        words
          .trimEnd()
          .split("\n")
          .map((word) => word.slice(0, 19)),
      ).toEqual([
        ...[
          "canister/node-9/web",
          "canister/node-9/itu",
          'canister/node-9/a"b',
          "canister/node-9/bac",
          "canister/node-9/wid",
        ],
      ]);
      expect(stdout).not.toMatch(/[^\P{Z}]/u);
    });

    it("in what a policy would change as well", async () => {
      writeFileSync(at("policy.json"), "{}");
      const changes = [{ node: "node-9", label: forged, from: "affirming", to: "contraindicated" }];
      server.answers(() => ({ json: { changes, red: 1, green: 0, same: 0 } }));
      const [row = ""] = rows((await fleet("policy", "main", "--dry-run", "policy.json")).stdout);
      expect(row.split(/\s+/)[2]).toBe("affirming");
      expect(row).not.toContain("db  ");
    });
  });

  describe("reference values with contours", () => {
    it.each([
      ["is missing", "web.contuor", /web\.contuor: expected a contour, found nothing/],
      ["is another file", "references.json", /references\.json: /],
    ])("leave nothing half done where a contour %s", async (_, file, expected) => {
      server.answers(() => ({ status: 204 }));
      const words = ["reference", "main", "--set", "references.json", "--contour", "web.contour", "--contour", file];
      const { status, stderr } = await fleet(...words);
      expect([status, stderr]).toEqual([1, expect.stringMatching(expected)]);
      expect(called()).toEqual([]);
    });

    it.each([
      ["--contour", "web.contour"],
      ["--withdraw", "0a".repeat(32)],
    ])("are not meant where a name stands beside %s alone", async (...words) => {
      const { status, stderr } = await fleet("reference", "main", ...words);
      expect([status, stderr]).toEqual([2, expect.stringMatching(/expected --set beside a name; .* leave it out/)]);
      expect(called()).toEqual([]);
    });
  });

  it("takes the names that lists print where a node is meant", async () => {
    server.answers(({ method }) => ({ json: method === "GET" ? { items: [] } : aNode({ state: "revoked" }) }));
    expect((await fleet("revoke", "node/node-1", "--reason", "sold")).stdout).toBe("node-1: revoked\n");
    expect((await fleet("canisters", "--node", "node/node-1", "--tenant", "shop")).status).toBe(0);
    expect(called()).toEqual(["POST /v1/nodes/node-1/revocation", "GET /v1/canisters"]);
    expect(server.asked[1]?.query.toString()).toBe("node=node-1&tenant=shop&limit=500");
    const odd = await fleet("revoke", "canister/node-1/web", "--reason", "sold");
    expect([odd.status, odd.stderr]).toEqual([2, expect.stringContaining("expected the name of a node")]);
  });

  it.each([
    "show node-1 -o name",
    "why node-1 -o wide",
    "watch -o yaml",
    "nodes --watch -o yaml",
    "canisters --watch -o yaml",
    "revoke node-1 --reason sold -o wide",
    "retire node-1 -o wide",
    "token --tenant shop -o name",
    "policy main -o json",
    "policy main --set references.json -o json",
    "policy main --dry-run references.json -o name",
    "reference main -o yaml",
    "reference --contour web.contour -o json",
    "reference main --image registry.example/web:1 -o json",
  ])("does nothing where its form would be passed over: %s", async (line) => {
    server.answers(() => ({ status: 500 }));
    const { status, stdout, stderr } = await fleet(...line.split(" "));
    expect({ status, stdout, stderr }).toEqual({
      ...{ status: 2, stdout: "" },
      stderr: expect.stringMatching(/expected -o |Allowed choices are /),
    });
    expect(called()).toEqual([]);
  });

  describe("a verifier that is long at work", () => {
    it("has minutes for a policy that is tried on every node", async () => {
      const asked: unknown[] = [];
      const spy = { ask: async (_: string, __: unknown, how: unknown) => void asked.push(how) };
      await dryRunOf(spy as unknown as FleetServer, "main", new Uint8Array());
      expect(asked).toEqual([expect.objectContaining({ patience: 1800 })]);
    });

    it("is not said to be absent", async () => {
      server.answers(() => () => {});
      const asking = new FleetServer({ url: server.url });
      await expect(asking.text("/v1/nodes", { patience: 0.1 })).rejects.toThrow(
        /: expected an answer within 0\.1 s, got silence; it may be at work on it still: see whether it runs, and ask again later$/,
      );
      asking.close();
    });
  });
});
