/** `isoline fleet nodes --watch` and `canisters --watch`: a line for each change, whatever the verifier does in between. */
import { describe, expect, it } from "vitest";
import { isBuilt, isoline } from "../support/isoline.ts";
import { tinyFleet } from "./tiny-fleet.ts";
import { aCanister, aNode, type Answer, type Asked } from "./tiny-verifier.ts";

const AT = "2026-01-02T03:04:06.000Z";
/** The last change of each test: with its line, the command is ended. */
const LAST = { node: "node-1", label: "last", from: "unknown", to: "affirming" };

describe.skipIf(!isBuilt)("lists of a fleet that are followed (needs a build)", () => {
  const fleet = tinyFleet();
  const { place, env } = fleet;
  const listed = (items: readonly object[]): Answer => ({ json: { items } });
  const refusal = (status: number, message: string, headers = {}): Answer => ({
    ...{ status, headers, json: { error: { code: "x", message } } },
  });

  /** Answers with these changes, then the last one, and otherwise as the test says. */
  const changing = (changes: readonly object[], otherwise: (asked: Asked) => Answer) => {
    const events = [...changes, LAST].map((one) => `event: change\ndata: ${JSON.stringify({ at: AT, ...one })}\n\n`);
    fleet.server.answers((asked) => {
      if (asked.path.endsWith("/canisters/last")) return { json: aCanister({ label: "last" }) };
      if (asked.path !== "/v1/changes") return otherwise(asked);
      return (response) => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.write(events.join(""));
      };
    });
  };
  const watch = (words: readonly string[], until = /\blast\b/) => {
    let said = "";
    return isoline(["fleet", ...words, "--watch"], {
      ...{ cwd: place, env },
      onStart: (child) =>
        child.stdout?.on("data", (text: string) => {
          said += text;
          if (until.test(said)) child.kill("SIGTERM");
        }),
    });
  };
  const rows = (stdout: string) =>
    stdout
      .trimEnd()
      .split("\n")
      .slice(1)
      .map((line) => line.replaceAll(/ {2,}/g, " | "));

  describe("what is there no longer by the time it is asked for", () => {
    const bad = { failure: "off-contour", why: "it ended; expected no departure, got 1" };
    const ended = (label: string, more: object = {}) => ({
      ...{ node: "node-1", label, from: "affirming", to: "unknown", why: "it ended" },
      ...more,
    });
    const onlyListed = ({ path }: Asked): Answer =>
      path === "/v1/canisters" ? listed([aCanister()]) : { status: 404 };

    it("is shown by what the change says, its failure too", async () => {
      changing([ended("web", bad)], onlyListed);
      const { stdout } = await watch(["canisters"]);
      expect(rows(stdout)[1]).toBe("node-1 | web | unknown | off-contour: it ended; expected no departure, got 1");
    });

    it("is shown in each form", async () => {
      changing([ended("web", bad)], onlyListed);
      const { stdout } = await watch(["canisters", "-o", "json"], /"label":"last"/);
      expect(stdout).toContain(JSON.stringify({ node: "node-1", label: "web", state: "unknown", since: AT, ...bad }));
      changing([ended("web", bad)], onlyListed);
      const names = await watch(["canisters", "-o", "name"]);
      expect(names.stdout).toBe("canister/node-1/web\ncanister/node-1/web\ncanister/node-1/last\n");
    });

    it("is shown where it was never listed: a run between two evidences", async () => {
      changing([ended("short", { from: "unknown", ...bad })], onlyListed);
      expect(rows((await watch(["canisters"])).stdout)[1]).toMatch(/^node-1 \| short \| unknown \| off-contour: /);
    });

    it("is shown once, and not again with its node", async () => {
      changing([ended("web"), { node: "node-1", from: "stale", to: "gone", why: "retired" }], onlyListed);
      const { stdout } = await watch(["canisters"]);
      expect(rows(stdout).slice(1)).toEqual([
        "node-1 | web | unknown | it ended",
        expect.stringMatching(/^node-1 \| last \| affirming /),
      ]);
    });

    it("is shown as it ended where another run has its name by then", async () => {
      changing([ended("web", bad)], ({ path }) =>
        path === "/v1/canisters" ? listed([aCanister()]) : { json: aCanister({ started: AT }) },
      );
      expect(rows((await watch(["canisters"])).stdout)[1]).toMatch(/^node-1 \| web \| unknown \| off-contour: /);
    });

    it.each([
      [["--node", "node-2"], []],
      [["--state", "contraindicated"], ["node-1 | short | unknown | off-contour: x"]],
      [["--image", "sha256:aa"], ["node-1 | short | unknown | off-contour: x"]],
      [["short"], ["node-1 | short | unknown | off-contour: x"]],
    ])("is shown unless the change itself says that it was not asked for: %j", async (words, expected) => {
      const short = ended("short", { from: "unknown", failure: "off-contour", why: "x" });
      const fits = { node: "node-2", label: "short", from: "affirming", to: "contraindicated", failure: "off-contour" };
      changing([short, ended("fine", { from: "unknown" }), fits], ({ path }) =>
        path === "/v1/canisters" ? listed([]) : { status: 404 },
      );
      const { stdout } = await watch(["canisters", ...words], /node-2 {2}short/);
      expect(rows(stdout).filter((line) => line.startsWith("node-1"))).toEqual(expected);
    });

    it("is not shown by its silence alone to a reader of one tenant, and gone is told of what was listed", async () => {
      const silent = { node: "node-3", from: "affirming", to: "stale", failure: "unreachable", why: "x" };
      const anew = { node: "node-1", from: "stale", to: "unknown", why: "enrolled anew" };
      changing([silent, anew, { node: "node-1", from: "unknown", to: "gone", why: "retired" }], ({ path }) =>
        path === "/v1/nodes" ? listed([aNode({ name: "node-1" })]) : { status: 404 },
      );
      const { stdout } = await watch(["nodes", "--tenant", aNode().tenant as string], /\bretired\b/);
      expect(stdout).not.toContain("node-3");
      expect(stdout).toContain("enrolled anew");
    });

    it("is a label that no path can name: the list is asked for it", async () => {
      const dots = { node: "node-1", label: "..", from: "unknown", to: "contraindicated", ...bad };
      changing([dots], ({ path, query }) => {
        if (path !== "/v1/canisters") return { status: 500 };
        const is = query.get("label") === "..";
        return listed(is ? [aCanister({ label: "..", state: "contraindicated", failure: bad.failure })] : []);
      });
      expect(rows((await watch(["canisters"])).stdout)[0]).toMatch(/^node-1 \| \.\. \| contraindicated \| enforcing /);
    });
  });

  describe("a verifier that is asked too often, or starts anew", () => {
    it("that always fails about one thing shows what the change says of it, and goes on", async () => {
      const bad = {
        node: "node-1",
        label: "web",
        from: "affirming",
        to: "contraindicated",
        failure: "off-contour",
        why: "x",
      };
      changing([bad], ({ path }) =>
        path === "/v1/canisters" ? listed([aCanister()]) : refusal(500, "a fault of its own", { "retry-after": "0" }),
      );
      expect(rows((await watch(["canisters"])).stdout)[1]).toBe("node-1 | web | contraindicated | off-contour: x");
    });

    it.each<[string, Answer]>([
      ["429", refusal(429, "too many requests", { "retry-after": "0" })],
      ["503", refusal(503, "it begins")],
      ["502 of a proxy", { status: 502, text: "<html>" }],
      ["a connection that breaks", (response) => void response.destroy()],
    ])("is asked again after %s, and each change is shown", async (_, failing) => {
      let failures = 1;
      changing([{ node: "node-1", label: "web", from: "affirming", to: "stale" }], ({ path }) => {
        if (path === "/v1/canisters") return listed([aCanister()]);
        return failures-- > 0 ? failing : { json: aCanister({ state: "stale" }) };
      });
      const { stdout, stderr } = await watch(["canisters"]);
      expect(rows(stdout).map((row) => row.split(" | ").slice(1, 3))).toEqual([
        ["web", "affirming"],
        ["web", "stale"],
        ["last", "affirming"],
      ]);
      expect(stderr).toMatch(/^isoline: changes are shown later than they happen: .*; trying again in \d+ s\n$/);
    });

    it("ends the command in one line where it refuses for good", async () => {
      changing([{ node: "node-1", label: "web", from: "affirming", to: "stale" }], ({ path }) =>
        path === "/v1/canisters" ? listed([aCanister()]) : refusal(401, "who is it"),
      );
      const { status, stderr } = await watch(["canisters"]);
      expect(status).toBe(1);
      expect(stderr).toMatch(/^isoline: .*who is it; the credential is missing, unknown or expired\n$/);
    });

    it("shows the state of each change, though it is another by the time that it is asked for", async () => {
      const change = (from: string, to: string, more = {}) => ({ node: "node-1", from, to, ...more });
      changing(
        [
          change("affirming", "contraindicated", { failure: "rollback", why: "expected 3, got 2" }),
          change("contraindicated", "affirming"),
          { node: "end", from: "unknown", to: "affirming" },
        ],
        ({ path }) =>
          path === "/v1/nodes" ? listed([aNode()]) : { json: aNode({ name: path.split("/").at(-1), since: AT }) },
      );
      const table = await watch(["nodes"], /^end /m);
      const cells = rows(table.stdout).map((row) => row.split(" | "));
      expect(cells.map((row) => [row[0], row[1], row.at(-1)])).toEqual([
        ["node-1", "affirming", "-"],
        ["node-1", "contraindicated", "rollback: expected 3, got 2"],
        ["node-1", "affirming", "-"],
        ["end", "affirming", "-"],
      ]);
      const red = await watch(["nodes", "--state", "contraindicated", "-o", "json"], /"state":"affirming"/);
      const told = red.stdout
        .split("\n")
        .flatMap((line) => (line.startsWith('{"') ? [JSON.parse(line) as object] : []));
      expect(told[0]).toMatchObject({
        state: "contraindicated",
        failure: "rollback",
        why: "expected 3, got 2",
        since: AT,
      });
      expect(told[0]).not.toHaveProperty("links");
      expect(told[1]).toMatchObject({ state: "affirming", links: [{ name: "freshness" }] });
    });
  });

  describe("what ends it before it began", () => {
    it.each([["nodes"], ["canisters"]])("says in one line that a stream was refused: %s", async (list) => {
      fleet.server.answers(() => refusal(401, "who is it"));
      const { status, stdout, stderr } = await watch([list]);
      expect([status, stdout]).toEqual([1, ""]);
      expect(stderr).toMatch(/^isoline: .*who is it; the credential is missing, unknown or expired\n$/);
    });

    it("says in one line that a stream is none, while the list is read", async () => {
      fleet.server.answers(({ path }) => {
        if (path === "/v1/nodes") return listed([aNode()]);
        return (response) => {
          response.writeHead(200, { "content-type": "text/event-stream" });
          response.write("event: change\ndata: what\n\n");
        };
      });
      const { status, stdout, stderr } = await watch(["nodes"]);
      expect([status, rows(stdout)]).toMatchObject([1, [{}]]);
      expect(stderr).toMatch(/^isoline: expected a change as JSON, got "what"[^\n]*\n$/);
    });

    it("says in one line that the list was refused, and follows no more", async () => {
      changing([], () => refusal(403, "not yours"));
      const { status, stderr } = await watch(["nodes"]);
      expect(status).toBe(1);
      expect(stderr).toMatch(/^isoline: .*not yours; ask for a role that may\n$/);
    });

    it("is no list that was read before the stream began: a change in between would be lost", async () => {
      let isFollowed = false;
      fleet.server.answers(({ path }) => {
        if (path === "/v1/nodes") return listed([aNode({ state: isFollowed ? "stale" : "affirming" })]);
        return (response) =>
          void setTimeout(() => {
            isFollowed = true;
            response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders();
          }, 100);
      });
      expect((await watch(["nodes"], /node-1/)).stdout).toMatch(/^node-1 +stale /m);
    });
  });
});
