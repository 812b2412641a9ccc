/** A control socket that is there before its namespace begins. */
import { chmodSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { canistersHere } from "../../packages/isoline/src/attest/collect/canisters.ts";
import { SocketAhead } from "../../packages/isoline/src/control/ahead.ts";
import { assertNameFree, findNamespace, liveNamespaces } from "../../packages/isoline/src/control/directory.ts";
import { openControlDirectory } from "../../packages/isoline/src/control/place.ts";
import type { Namespace } from "../../packages/isoline/src/namespace/namespace.ts";
import { isRoot } from "../support/machine.ts";
import { FakeNamespace } from "./namespace.ts";

let runtime = "";
let before: string | undefined;
const open: SocketAhead[] = [];

beforeEach(() => {
  before = process.env["XDG_RUNTIME_DIR"];
  runtime = mkdtempSync(join(tmpdir(), "isoline-ahead-"));
  process.env["XDG_RUNTIME_DIR"] = runtime;
});
afterEach(async () => {
  for (const { server } of open.splice(0)) await server.close();
  if (before === undefined) delete process.env["XDG_RUNTIME_DIR"];
  else process.env["XDG_RUNTIME_DIR"] = before;
  rmSync(runtime, { recursive: true, force: true });
});

const called = { name: "t-web", command: "sleep 1", contour: "app.contour" };
async function ahead(): Promise<SocketAhead> {
  const socket = await SocketAhead.open(called);
  open.push(socket);
  return socket;
}
const begun = () => {
  const fake = new FakeNamespace();
  const namespace = { first: { pid: fake.pid }, ask: fake.ask, follow: fake.follow } as unknown as Namespace;
  return { fake, namespace };
};

describe("a control socket ahead of its namespace", () => {
  it("has the name for itself: of two that start together, one is refused before anything of it begins", async () => {
    const outcomes = await Promise.allSettled([ahead(), ahead()]);
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    const refused = outcomes.find((each) => each.status === "rejected");
    expect(refused?.reason).toMatchObject({
      code: "name-taken",
      message: expect.stringContaining("is there already; choose another --name") as string,
    });
    await expect(assertNameFree("t-web")).rejects.toMatchObject({ code: "name-taken" });
  });

  it("keeps clients waiting until the namespace has begun, and answers for it from then on", async () => {
    const socket = await ahead();
    const client = await findNamespace("t-web");
    const [told, events] = [client.state(), client.events()];
    const first = events.next();
    const { fake, namespace } = begun();
    expect(await socket.until(Promise.resolve({ namespace }))).toEqual({ namespace });
    expect(await client.attest(undefined)).toMatchObject({ name: "t-web", points: 7 });
    expect(await told).toMatchObject({
      name: "t-web",
      pid: 4242,
      command: "sleep 1",
      contour: "app.contour",
    });
    await expect.poll(() => fake.followers.size).toBe(1);
    fake.happen(1);
    expect(await first).toMatchObject({ value: { sequence: 1 } });
  });

  it("tells evidence at once that it has not begun, which is no loss where the ledger is read that tells of its birth", async () => {
    const socket = await ahead();
    const client = await findNamespace("t-web");
    expect(await client.attest(undefined)).toBeUndefined();
    const ofIt = async (readsLedger: boolean) => {
      const { bodies, losses } = await canistersHere(undefined, readsLedger);
      // The user may have others on the machine.
      const isThere = bodies.some(({ label }) => label === "t-web");
      return [isThere, losses.filter((loss) => loss.includes("begun"))];
    };
    expect(await ofIt(true)).toEqual([false, []]);
    expect(await ofIt(false)).toEqual([false, ["a live namespace has not begun yet"]]);
    await socket.until(Promise.resolve(begun()));
    expect(await ofIt(true)).toEqual([true, []]);
  });

  it("is asked again by evidence where its supervising thread was busy, so that this is no loss", async () => {
    const socket = await ahead();
    const { fake, namespace } = begun();
    await socket.until(Promise.resolve({ namespace }));
    fake.stuck = true;
    const asked = canistersHere(undefined);
    await expect.poll(() => fake.asked.length, { timeout: 10_000 }).toBe(1);
    fake.stuck = false;
    const { bodies, losses } = await asked;
    expect(bodies.map(({ label }) => label)).toContain("t-web");
    expect(losses).toEqual([]);
  });

  it("is gone where the namespace does not begin", async () => {
    const socket = await SocketAhead.open(called);
    const client = await findNamespace("t-web");
    const told = client.state().catch((fault: unknown) => fault);
    await expect(socket.until(Promise.reject(new Error("no such program")))).rejects.toThrow("no such program");
    expect(await told).toMatchObject({ code: "namespace-lost" });
    expect(existsSync(socket.server.path)).toBe(false);
    expect((await liveNamespaces()).map(({ name }) => name)).not.toContain("t-web");
  });

  it.skipIf(isRoot)("says why nothing begins where it cannot be made", async () => {
    const directory = openControlDirectory();
    chmodSync(directory, 0o500);
    await expect(SocketAhead.open(called)).rejects.toMatchObject({
      code: "unsafe-place",
      message: expect.stringMatching(/cannot make the socket .*t-web\.sock: .*does not begin without/) as string,
    });
    chmodSync(directory, 0o700);
  });
});
