/** `isoline fleet` as an operator uses it, against a server that answers what the test says. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { contour, digest } from "../forgery/published.ts";
import { isBuilt, isoline } from "../support/isoline.ts";
import { aCanister, aNode, type Answer, type Asked, TinyVerifier } from "./tiny-verifier.ts";

const TOKEN = "a-token-that-is-secret";

describe.skipIf(!isBuilt)("isoline fleet (needs a build)", () => {
  const place = mkdtempSync(join(tmpdir(), "isoline-fleet-"));
  const configuration = join(place, "fleet.yaml");
  let server: TinyVerifier;
  const fleet = (...words: readonly string[]) =>
    isoline(["fleet", ...words], { cwd: place, env: { ISOLINE_FLEET_CONFIG: configuration } });
  const answering = (answers: Readonly<Record<string, Answer>>) =>
    server.answers(({ method, path }: Asked) => answers[`${method} ${path}`] ?? answers[path] ?? { status: 404 });
  const configured = (text: string, mode = 0o600) => {
    writeFileSync(configuration, text);
    chmodSync(configuration, mode);
  };

  beforeAll(async () => {
    server = await TinyVerifier.listen(() => ({ status: 404 }));
  });
  beforeEach(() => {
    server.asked.length = 0;
    configured(`servers:\n  - { name: here, url: "${server.url}", token: ${TOKEN} }\n`);
  });
  afterAll(async () => {
    await server.close();
    rmSync(place, { recursive: true, force: true });
  });

  describe("lists", () => {
    it("prints nodes as a table, with the reason of what is not affirmed", async () => {
      const red = aNode({ name: "node-2", state: "contraindicated", failure: "rollback", why: "expected 3, got 2" });
      answering({ "/v1/nodes": { json: { items: [aNode(), red], counts: { affirming: 1 }, canisters: {} } } });
      const { stdout, status } = await fleet("nodes");
      expect(status).toBe(0);
      expect(stdout).toMatch(/^NAME +STATE +ROOT +CANISTERS +SINCE +SEEN +WHY\n/);
      expect(stdout).toMatch(/^node-1 +affirming +tpm +1 +\d+d +\d+d +-$/m);
      expect(stdout).toMatch(/^node-2 +contraindicated .* rollback: expected 3, got 2$/m);
    });

    it("shows the token to the server, and asks for what the selectors say", async () => {
      answering({ "/v1/nodes": { json: { items: [] } } });
      await fleet("nodes", "--state", "stale", "-l", "zone=north,rack=3", "--tenant", "shop");
      const [{ headers, query } = server.asked[0]!] = server.asked;
      expect(headers.authorization).toBe(`Bearer ${TOKEN}`);
      expect(query.getAll("label")).toEqual(["zone=north", "rack=3"]);
      expect([query.get("state"), query.get("tenant")]).toEqual(["stale", "shop"]);
    });

    it("reads page after page up to the limit, and says that there is more", async () => {
      server.answers(({ query }) => {
        const at = Number(query.get("cursor") ?? 0);
        return { json: { items: [aNode({ name: `n${at}` })], next: String(at + 1) } };
      });
      const { stdout, stderr } = await fleet("nodes", "--limit", "3", "-o", "name");
      expect(stdout).toBe("node/n0\nnode/n1\nnode/n2\n");
      expect(stderr).toContain("3 shown, and there are more");
    });

    it.each(["json", "yaml"])("prints the same as %s, for machines", async (form) => {
      const odd = { image: "one\u202etwo\u009b31m", why: "ünï \u{1f600} \u2028" };
      answering({ "/v1/canisters": { json: { items: [aCanister(odd)] } } });
      const { stdout } = await fleet("canisters", "-o", form);
      expect(stdout).not.toMatch(/[^\P{C}\n]|\u2028/u);
      expect(parse(stdout)).toMatchObject({ items: [odd] });
    });

    it("prints names that other commands take", async () => {
      answering({ "/v1/canisters": { json: { items: [aCanister()] } } });
      const { stdout } = await fleet("canisters", "-o", "name");
      expect(stdout).toBe("canister/node-1/web\n");
    });

    it("has more columns in -o wide", async () => {
      answering({ "/v1/canisters": { json: { items: [aCanister({ image: "sha256:aa", contourName: "web 3" })] } } });
      const { stdout } = await fleet("canisters", "-o", "wide");
      expect(stdout).toMatch(/IMAGE +CONTOUR/);
      expect(stdout).toMatch(/sha256:aa +web 3 +12 +100/);
    });

    it("goes on with a line for each change with --watch, also where the connection broke", async () => {
      let connections = 0;
      const change = (node: string, to: string) =>
        `id: ${node}\nevent: change\ndata: {"at":"2026-01-02T03:04:05.678Z","node":"${node}","from":"affirming","to":"${to}"}\n\n`;
      server.answers(({ path }) => {
        if (path === "/v1/nodes") return { json: { items: [aNode()] } };
        if (path !== "/v1/changes") return { json: aNode({ name: path.split("/").at(-1), state: "stale" }) };
        connections += 1;
        const last = connections;
        return (response) => {
          response.writeHead(200, { "content-type": "text/event-stream" });
          if (last === 1) response.end(`: hello\n\n${change("node-1", "stale")}`);
          else response.write(`id: 0\nevent: reset\ndata: {}\n\n${change("node-2", "stale")}`);
        };
      });
      const seen = await isoline(["fleet", "nodes", "--watch"], {
        cwd: place,
        env: { ISOLINE_FLEET_CONFIG: configuration },
        onStart: (child) =>
          child.stdout?.on("data", (text: string) => {
            if (text.includes("node-2")) child.kill("SIGTERM");
          }),
      });
      expect(seen.stdout).toMatch(/^node-1 +affirming[^]*^node-1 +stale[^]*^node-2 +stale/m);
      expect(seen.stderr).toMatch(/trying again[^]*the verifier was set back/);
      expect(server.asked.filter(({ path }) => path === "/v1/changes").at(-1)?.headers["last-event-id"]).toBe("node-1");
    });
  });

  describe("one node or canister", () => {
    const departed = {
      at: "2026-01-02T03:04:05.678Z",
      line: "`sh` opened /etc/shadow for reading",
      nearest: "opened /etc/passwd for reading",
      refused: true,
      times: 3,
    };
    const red = aCanister({
      state: "contraindicated",
      failure: "off-contour",
      why: "expected no departure, got 1",
      counters: { events: 5, departures: 1, refused: 3, lost: 0, untrusted: 1 },
      links: [
        { name: "contour", state: "passed" },
        { name: "trust", state: "failed", failure: "off-contour", why: "expected no departure, got 1" },
      ],
    });

    it("says why in one line, then the failed checks, then the node's own words", async () => {
      answering({ "/v1/nodes/node-1/canisters/web": { json: { ...red, departures: [departed], history: [] } } });
      const { stdout, status } = await fleet("why", "node-1/web");
      expect(status).toBe(3);
      expect(stdout.split("\n")[0]).toMatch(
        /^node-1\/web: contraindicated for .*off-contour: expected no departure, got 1$/,
      );
      expect(stdout).not.toContain("contour  ok");
      expect(stdout).toContain("in the node's own words");
      expect(stdout).toMatch(/refused +`sh` opened \/etc\/shadow for reading \(3 times\)/);
    });

    it.each([
      ["affirming", 0],
      ["revoked", 3],
      ["stale", 4],
    ])("ends with the status of the verdict: %s is %i", async (state, expected) => {
      answering({ "/v1/nodes/node-1": { json: aNode({ state }) } });
      const { status } = await fleet("why", "node/node-1");
      expect(status).toBe(expected);
    });

    it("shows a node with its canisters, a canister with its counters", async () => {
      answering({
        "/v1/nodes/node-1": { json: aNode() },
        "/v1/canisters": { json: { items: [red] } },
        "/v1/nodes/node-1/canisters/web": { json: { ...red, departures: [], history: [] } },
      });
      const node = await fleet("show", "node-1");
      expect(node.stdout).toMatch(/ok +freshness[^]*web +contraindicated/);
      const canister = await fleet("show", "canister/node-1/web");
      expect(canister.stdout).toMatch(/5 events, 1 departure, 3 refused, 0 lost, 1 untrusted/);
    });

    it("shows what a process began for itself as that, and what it is worth", async () => {
      const begun = { label: "begun:1000:web", begun: { user: 1000, name: "web" }, root: "node", state: "affirming" };
      const it = { ...aCanister(begun), departures: [], history: [] };
      answering({
        "/v1/canisters": { json: { items: [it] } },
        "/v1/nodes/node-1/canisters/begun%3A1000%3Aweb": { json: it },
        "/v1/nodes/node-1/canisters/bpf": { json: { ...it, sensor: "bpf" } },
      });
      expect((await fleet("canisters")).stdout).toMatch(/node-1 +begun:1000:web +affirming +enforcing \(begun\)/);
      for (const word of ["show", "why"])
        expect((await fleet(word, "node-1/begun:1000:web")).stdout).toMatch(
          /begun +for itself by a process of user 1000 of the node, which called it web; that process installed the filter/,
        );
      expect((await fleet("show", "node-1/bpf")).stdout).toContain("called it web; the kernel took that process in");
    });

    it("asks for a label as it is, whatever letters it has", async () => {
      answering({});
      await fleet("why", "node-1/../../v1/audit");
      expect(server.asked.map(({ path }) => path)).toEqual(["/v1/nodes/node-1/canisters/..%2F..%2Fv1%2Faudit"]);
    });
  });

  describe("what an operator does", () => {
    it("tries a policy, and ends with 3 where something would turn red", async () => {
      writeFileSync(join(place, "policy.json"), "{}");
      const changes = [{ node: "node-1", label: "web", from: "affirming", to: "contraindicated", why: "no signature" }];
      const json = { changes, unlisted: 9, red: 1, green: 7, other: 2, same: 4 };
      answering({ "POST /v1/policies/main/dry-run": { json } });
      const { stdout, stderr, status } = await fleet("policy", "main", "--dry-run", "policy.json");
      expect(stdout).toMatch(/node-1 +web +affirming +contraindicated +no signature/);
      expect(stderr).toMatch(
        /1 change shown, and there are 9 more\n.*: would turn 1 verdict red and 7 green, and change 2 otherwise; 4 stay/,
      );
      expect(status).toBe(3);
    });

    it("publishes reference values before their contours, which would count for any image, and withdraws contours last", async () => {
      writeFileSync(join(place, "references.json"), "{}");
      writeFileSync(join(place, "web.contour"), contour);
      server.answers(() => ({ status: 204 }));
      const old = "0a".repeat(32);
      await fleet("reference", "main", "--set", "references.json", "--contour", "web.contour", "--withdraw", old);
      expect(server.asked.map(({ method, path }) => `${method} ${path}`)).toEqual([
        "PUT /v1/references/main",
        `PUT /v1/contours/${digest}`,
        `DELETE /v1/contours/${old}`,
      ]);
      expect((await fleet("reference", "--withdraw", "web.contour")).status).toBe(2);
    });

    it("makes a token, which alone is on stdout", async () => {
      answering({ "POST /v1/enrolment-tokens": { json: { token: "once-abcdefgh" } } });
      const words = ["--tenant", "shop", "--name", "node-9", "-l", "zone=n", "--expires", "30m"];
      const { stdout } = await fleet("token", ...words);
      expect(stdout).toBe("once-abcdefgh\n");
      expect(JSON.parse(server.asked[0]!.body.toString())).toMatchObject({
        tenant: "shop",
        name: "node-9",
        labels: { zone: "n" },
      });
    });

    it("revokes with a reason, and lists what operators did", async () => {
      const at = "2026-01-02T03:04:05.678Z";
      answering({
        "POST /v1/nodes/node-1/revocation": { json: aNode({ state: "revoked" }) },
        "/v1/audit": { json: { items: [{ at, who: "ann", act: "revoke", object: "node-1", detail: "sold" }] } },
      });
      expect((await fleet("revoke", "node-1", "--reason", "sold")).stdout).toBe("node-1: revoked\n");
      expect((await fleet("audit", "-o", "wide")).stdout).toMatch(/ann +revoke +node-1 +sold/);
    });
  });

  describe("what is refused", () => {
    it.each<[string, number, Answer]>([
      ["the credential is missing, unknown or expired", 1, { status: 401 }],
      [
        "no such tenant; ask for a role that may",
        1,
        { status: 403, json: { error: { code: "x", message: "no such tenant" } } },
      ],
      ["ask less often", 1, { status: 429, headers: { "retry-after": "9" } }],
      ["expected JSON", 1, { text: "<html>" }],
      ["expected a list of at most", 1, { json: { items: "many" } }],
      ["expected the name of a node", 1, { json: { items: [aNode({ name: "../../x" })] } }],
      ["expected one of affirming", 1, { json: { items: [aNode({ state: "fine" })] } }],
      ["expected a whole number", 1, { json: { items: [aNode({ canisters: { affirming: -1 } })] } }],
      ["expected the name of a label", 1, { json: { items: [aNode({ labels: { "\u001b[2J": "" } })] } }],
    ])("says in one line: %s", async (expected, status, answer) => {
      server.answers(() => answer);
      const ended = await fleet("nodes");
      expect(ended.stderr).toContain(expected);
      expect(ended.stderr.trimEnd().split("\n")).toHaveLength(1);
      expect(ended.status).toBe(status);
    });

    it("does not follow a redirection, which could carry the token elsewhere", async () => {
      const other = await TinyVerifier.listen(() => ({ json: { items: [] } }));
      server.answers(() => ({ status: 307, headers: { location: `${other.url}/v1/nodes` } }));
      const { status } = await fleet("nodes");
      expect(status).toBe(1);
      expect(other.asked).toEqual([]);
      await other.close();
    });

    it("stops an answer that does not end", async () => {
      const piece = Buffer.alloc(1024 * 1024, "[");
      server.answers(() => (response) => {
        const more = (): void =>
          void (response.destroyed || (response.write(piece) ? setImmediate(more) : response.once("drain", more)));
        response.writeHead(200);
        more();
      });
      const { stderr, status } = await fleet("nodes");
      expect(stderr).toContain("expected at most 67108864 bytes, got more");
      expect(status).toBe(1);
    });

    it("lets no byte of the server move the cursor", async () => {
      const evil = "\u001b]0;x\u0007\u001b[2J\u009b31m\u202e\r\n";
      const odd = {
        kernel: evil,
        build: evil,
        why: evil,
        failure: "x\u001b[1m",
        tenant: evil,
        labels: { a: evil },
        state: "stale",
      };
      const link = { name: `c${evil}`, state: "failed", why: evil };
      const departures = [
        { at: "2026-01-02T03:04:05.678Z", line: evil, nearest: evil, program: evil, refused: false, times: 1 },
      ];
      const begun = { user: 1000, name: evil };
      const canister = aCanister({
        label: evil,
        begun,
        image: evil,
        mode: evil,
        contourName: evil,
        why: evil,
        links: [link],
      });
      answering({
        "/v1/nodes": { json: { items: [aNode(odd)] } },
        "/v1/nodes/node-1": { json: aNode({ ...odd, links: [link] }) },
        "/v1/canisters": { json: { items: [canister] } },
        "/v1/nodes/node-1/canisters/web": { json: { ...canister, departures, history: [] } },
        "/v1/policies": { json: { items: [{ name: evil }] } },
        "/v1/policies/main": { text: `{"a": "${evil}"}` },
        "/v1/audit": {
          json: { items: [{ at: "2026-01-02T03:04:05.678Z", who: evil, act: evil, object: evil, detail: evil }] },
        },
        "/v1/references": { status: 500, json: { error: { code: evil, message: evil } } },
      });
      const commands = [
        ["nodes", "-o", "wide"],
        ["nodes", "-o", "json"],
        ["nodes", "-o", "yaml"],
        ["canisters", "-o", "wide"],
        ["canisters", "-o", "name"],
        ["show", "node-1"],
        ["why", "node-1"],
        ["show", "node-1/web"],
        ["why", "node-1/web"],
        ["policy"],
        ["policy", "main"],
        ["audit", "-o", "wide"],
        ["reference"],
      ];
      for (const words of commands) {
        const { stdout, stderr } = await fleet(...words);
        expect(stdout + stderr).not.toBe("");
        expect(stdout + stderr).not.toMatch(/[^\P{C}\n\t]/u);
      }
    });
  });

  describe("the configuration", () => {
    it.each([
      ["open to others", "servers: []", 0o644, "closed to others"],
      ["no YAML", "servers: [", 0o600, "expected YAML"],
      ["without servers", "servers: []", 0o600, 'expected a list of "servers"'],
      [
        "with a server in the clear",
        "servers: [{name: a, url: 'http://example.org/', token: abcdefgh}]",
        0o600,
        "expected https://",
      ],
      ["with another name", "current: b\nservers: [{name: a, url: 'https://example.org/'}]", 0o600, 'no server "b"'],
    ])("is refused %s, and nothing is asked", async (_, text, mode, expected) => {
      configured(text, mode);
      const { stderr, status } = await fleet("nodes");
      expect(stderr).toContain(expected);
      expect(status).not.toBe(0);
      expect(server.asked).toEqual([]);
    });

    it("is never quoted, since it has tokens", async () => {
      configured(`servers: [{name: a, url: 'https://example.org/', token: "${TOKEN} with spaces"}]`);
      const { stderr } = await fleet("nodes");
      expect(stderr).toContain("is malformed");
      expect(stderr).not.toContain(TOKEN);
    });

    it("gives no token to a server that it does not name", async () => {
      const { stderr, status } = await fleet("nodes", "--server", "http://127.0.0.1:1");
      expect(stderr).toContain('no server "http://127.0.0.1:1"');
      expect(status).toBe(1);
    });

    it("takes a token from a file that is closed to others, and from no other", async () => {
      writeFileSync(join(place, "token"), `${TOKEN}\n`, { mode: 0o644 });
      configured(`servers: [{name: a, url: "${server.url}", tokenFile: token}]`);
      expect((await fleet("nodes")).stderr).toContain("closed to others");
      chmodSync(join(place, "token"), 0o600);
      answering({ "/v1/nodes": { json: { items: [] } } });
      await fleet("nodes");
      expect(server.asked.at(-1)?.headers.authorization).toBe(`Bearer ${TOKEN}`);
    });
  });
});
