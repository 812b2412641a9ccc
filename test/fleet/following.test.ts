/** `isoline fleet watch` and the stream of changes: how it is taken up again, and when it is not. */
import { describe, expect, it } from "vitest";
import { isBuilt, isoline } from "../support/isoline.ts";
import { tinyFleet } from "./tiny-fleet.ts";
import type { Answer } from "./tiny-verifier.ts";

const CHANGE = { at: "2026-01-02T03:04:05.678Z", node: "node-1", from: "affirming", to: "stale" };
const changed = `event: change\nid: 8\ndata: ${JSON.stringify(CHANGE)}\n\n`;
const stream =
  (text: string, isOver: boolean): Answer =>
  (response) => {
    response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" });
    response.write(`: changes\n\n${text}`);
    if (isOver) response.end();
  };

describe.skipIf(!isBuilt)("changes of a fleet that are followed (needs a build)", () => {
  const fleet = tinyFleet();
  const { place, env } = fleet;
  /** One answer for each connection, in this order; the last one has a change, with which the command is ended. */
  const watched = (...answers: readonly Answer[]) => {
    const [...left] = [...answers, stream(changed, false)];
    fleet.server.answers(() => left.shift() ?? { status: 404 });
    return isoline(["fleet", "watch"], {
      ...{ cwd: place, env },
      onStart: (child) => child.stdout?.on("data", () => child.kill("SIGTERM")),
    });
  };
  const gaps = () => fleet.server.asked.slice(1).map(({ at }, index) => at - (fleet.server.asked[index]?.at ?? 0));

  it("names what changed in one word, whatever label a node gives", async () => {
    const odd = { ...CHANGE, label: "a'b\"c d" };
    const [answer] = [stream(`event: change\nid: 8\ndata: ${JSON.stringify(odd)}\n\n`, false)];
    fleet.server.answers(() => answer);
    const { stdout } = await isoline(["fleet", "watch", "-o", "name"], {
      ...{ cwd: place, env },
      onStart: (child) => child.stdout?.on("data", () => child.kill("SIGTERM")),
    });
    expect(stdout).toBe('node-1/a\\u0027b\\"c\\u0020d\n');
  });

  it.each([
    ["a page", { headers: { "content-type": "text/html" }, text: "<html>" }, '"text/html"'],
    ["JSON", { json: {} }, '"application/json"'],
  ])("ends where %s answers: that is no verifier, and would be asked for ever", async (_, answer, got) => {
    const { status, stdout, stderr } = await watched(answer);
    expect([status, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/^isoline: [^\n]*see --server: is it a verifier\?\n$/);
    expect(stderr).toContain(`expected changes as text/event-stream, got ${got}`);
    expect(fleet.server.asked).toHaveLength(1);
  });

  it.each([429, 503])("waits as long as the verifier says with %i", async (status) => {
    const { stdout } = await watched({ status, headers: { "retry-after": "2" } });
    expect(stdout).toContain("node-1  affirming → stale");
    expect(gaps()[0]).toBeGreaterThanOrEqual(2000);
  });

  it("waits longer after each stream that ended without a change", async () => {
    const none = stream("event: begun\nid: 7\ndata: {}\n\n", true);
    expect((await watched(none, none, none)).stdout).toContain("node-1  affirming → stale");
    expect(gaps()[2]).toBeGreaterThanOrEqual(2000);
  });

  it.each([
    ["with data", "event: begun\nid: 7\ndata: {}\n\n"],
    ["without data", "event: begun\nid: 7\n\n"],
  ])("goes on behind the id of the first event, %s, and says that nothing is missing", async (_, begun) => {
    const { stderr } = await watched(stream(begun, true));
    expect(fleet.server.asked[1]?.headers["last-event-id"]).toBe("7");
    expect(stderr).toMatch(/trying again\nisoline: following again\n$/);
  });

  it("says what may be missing where the verifier gave no id", async () => {
    const { stderr } = await watched(stream("", true));
    expect(fleet.server.asked[1]?.headers).not.toHaveProperty("last-event-id");
    expect(stderr).toMatch(/following again; what changed in between may be missing: list it anew\n$/);
  });
});
