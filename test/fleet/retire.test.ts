/** `isoline fleet retire`, and lists that are followed while nodes leave, against a server that answers what the test says. */
import { describe, expect, it } from "vitest";
import { isBuilt, isoline } from "../support/isoline.ts";
import { tinyFleet } from "./tiny-fleet.ts";
import { aCanister, aNode, type Answer, type Asked } from "./tiny-verifier.ts";

describe.skipIf(!isBuilt)("nodes that leave, for isoline fleet (needs a build)", () => {
  const fleet = tinyFleet();
  const { place, env } = fleet;
  const retire = (...words: readonly string[]) => isoline(["fleet", "retire", ...words], { cwd: place, env });
  const answering = (answers: Readonly<Record<string, Answer>>) =>
    fleet.server.answers(({ method, path }: Asked) => answers[`${method} ${path}`] ?? { status: 404 });
  const refusal = (status: number, message: string) => ({ status, json: { error: { code: "x", message } } });
  const asked = () => fleet.server.asked.map(({ method, path, query }) => `${method} ${path}?${query.toString()}`);
  const stale = (name: string) => ({ json: aNode({ name, state: "stale" }) });

  it("retires several, each once, by names as a list prints them", async () => {
    answering({ "DELETE /v1/nodes/node-1": stale("node-1"), "DELETE /v1/nodes/node-2": stale("node-2") });
    expect(await retire("node/node-1", "node-2", "node-1")).toMatchObject({
      ...{ status: 0, stdout: "node-1: retired\nnode-2: retired\n", stderr: "" },
    });
    expect(asked()).toEqual(["DELETE /v1/nodes/node-1?", "DELETE /v1/nodes/node-2?"]);
  });

  it("forces where it is told so, and prints names, or nodes as they were", async () => {
    answering({ "DELETE /v1/nodes/node-1": { json: aNode() } });
    expect((await retire("node-1", "--force", "-o", "name")).stdout).toBe("node/node-1\n");
    expect(asked()).toEqual(["DELETE /v1/nodes/node-1?force=true"]);
    expect(JSON.parse((await retire("node-1", "-o", "json")).stdout)).toMatchObject({
      items: [{ name: "node-1", state: "affirming", tenant: "shop" }],
    });
  });

  it("goes on behind one that is refused, says why, and ends with 1", async () => {
    const live = "expected a node that is stale or unknown, got node-2, which is affirming";
    answering({
      "DELETE /v1/nodes/node-2": refusal(409, live),
      "DELETE /v1/nodes/node-3": refusal(404, "no node node-3 is enrolled"),
      "DELETE /v1/nodes/node-4": stale("node-4"),
    });
    const { status, stdout, stderr } = await retire("node-2", "node-3", "node-4");
    expect([status, stdout]).toEqual([1, "node-4: retired\n"]);
    expect(stderr).toMatch(/got node-2, which is affirming\n[^]*no node node-3 is enrolled\n/);
  });

  it("stops where the person may not, and says what is gone by then", async () => {
    answering({ "DELETE /v1/nodes/node-1": stale("node-1"), "DELETE /v1/nodes/node-2": refusal(403, "role operator") });
    const { status, stdout, stderr } = await retire("node-1", "node-2", "node-3", "-o", "name");
    expect([status, stdout]).toEqual([1, "node/node-1\n"]);
    expect(stderr).toMatch(/role operator; ask for a role that may\n$/);
    expect(asked()).toHaveLength(2);
  });

  it.each([429, 503])("waits as long as the verifier says with %i, says so, and goes on", async (refused) => {
    let busy = 2;
    const wait = { ...refusal(refused, "not now"), headers: { "retry-after": "0" } };
    fleet.server.answers(() => (busy-- > 0 ? wait : stale("node-1")));
    const { status, stdout, stderr } = await retire("node-1");
    expect([status, stdout]).toEqual([0, "node-1: retired\n"]);
    expect(stderr).toMatch(/^(isoline: waiting for 0 s: [^\n]*not now; [^\n]*\n){2}$/);
    expect(asked()).toHaveLength(3);
    busy = 100;
    expect(await retire("node-1", "node-2")).toMatchObject({ status: 1, stdout: "" });
    expect(asked()).toHaveLength(3 + 21);
  });

  it("goes on behind one that keeps changing its verifier", async () => {
    const moving = {
      error: { code: "owned-elsewhere", message: "another verifier answers for node-1 now; ask again" },
    };
    fleet.server.answers(({ path }) =>
      path.endsWith("node-1") ? { status: 503, headers: { "retry-after": "0" }, json: moving } : stale("node-2"),
    );
    const { status, stdout, stderr } = await retire("node-1", "node-2");
    expect([status, stdout]).toEqual([1, "node-2: retired\n"]);
    expect(stderr).toMatch(/another verifier answers for node-1 now; ask again; try again later\n$/);
  });

  it.each([[["node-1", "node-2/web"]], [["canister/node-1/web"]], [["../x"]], [[]]])(
    "refuses %j before it asks anything",
    async (names) => {
      expect((await retire(...names)).status).toBe(2);
      expect(asked()).toEqual([]);
    },
  );

  const followed = (words: readonly string[], until: string) => {
    const change = (node: string, to: string) =>
      `event: change\ndata: {"at":"2026-01-02T03:04:05.678Z","node":"${node}","from":"stale","to":"${to}","why":"it was stale for 30 days"}\n\n`;
    fleet.server.answers(({ path }) => {
      if (path === "/v1/nodes") return { json: { items: [aNode(), aNode({ name: "node-3" })] } };
      if (path === "/v1/canisters")
        return { json: { items: [aCanister(), aCanister({ label: "a/b" }), aCanister({ node: "node-3" })] } };
      if (path !== "/v1/changes") return { status: 404 };
      return (response) => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.write(["node-2", "node-1", "node-1", "node-3"].map((node) => change(node, "gone")).join(""));
      };
    });
    let said = "";
    return isoline(["fleet", ...words], {
      ...{ cwd: place, env },
      onStart: (child) =>
        child.stdout?.on("data", (text: string) => {
          said += text;
          if (said.includes(until)) child.kill("SIGTERM");
        }),
    });
  };

  it("shows a node that was listed as gone, once", async () => {
    const { stdout } = await followed(["nodes", "--watch"], "node-3  gone");
    expect(stdout.split("\n").slice(3)).toEqual([
      "node-1  gone  it was stale for 30 days",
      "node-3  gone  it was stale for 30 days",
      "",
    ]);
  });

  it("shows its canisters as gone, in each form", async () => {
    const table = await followed(["canisters", "--watch"], "node-3  web  gone");
    expect(table.stdout.split("\n").slice(4, 6)).toEqual([
      "node-1  web  gone  it was stale for 30 days",
      "node-1  a/b  gone  it was stale for 30 days",
    ]);
    const json = await followed(["canisters", "--watch", "-o", "json"], '"node":"node-3","label":"web","state":"gone"');
    expect(json.stdout).toContain('"node":"node-1","label":"a/b","state":"gone"');
    const names = await followed(["nodes", "--watch", "-o", "name"], "node/node-3\nnode/node-1\nnode/node-3");
    expect(names.stdout).toBe("node/node-1\nnode/node-3\nnode/node-1\nnode/node-3\n");
  });

  it("is shown as a change by isoline fleet watch", async () => {
    expect((await followed(["watch"], "node-3")).stdout).toContain("node-1  stale → gone  it was stale for 30 days");
  });
});
