/**
 * A socket whose listener is in a namespace of the bpf sensor, and a client that is. The kernel's table of members is stubbed: a true one
 * needs a machine that loads the sensor.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ApproverClient } from "../../packages/isoline/src/control/approver-client.ts";
import { ApproverServer } from "../../packages/isoline/src/control/approver-server.ts";
import { findNamespace } from "../../packages/isoline/src/control/directory.ts";
import { ControlServer } from "../../packages/isoline/src/control/server.ts";
import { Questions } from "../../packages/isoline/src/namespace/questions.ts";
import type { Ask, Request } from "../../packages/isoline/src/namespace/requests.ts";
import { FakeNamespace } from "./namespace.ts";

/** What the table says of the process at the other end. */
const table = vi.hoisted(() => ({ says: (): boolean => false }));
vi.mock(import("@isoline/linux"), async (original) => ({
  ...(await original()),
  isInBpfNamespace: () => table.says(),
}));

const says = {
  outside: () => false,
  inside: () => true,
  nothing: () => {
    throw new Error("the table cannot be opened");
  },
};
const INSIDE = "the process that listens there is in a namespace itself";
const open: { close(): Promise<void> }[] = [];
let place = "";
let before: string | undefined;

beforeEach(() => {
  before = process.env["XDG_RUNTIME_DIR"];
  place = mkdtempSync(join(tmpdir(), "isoline-listener-"));
  process.env["XDG_RUNTIME_DIR"] = place;
});
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
  if (before === undefined) delete process.env["XDG_RUNTIME_DIR"];
  else process.env["XDG_RUNTIME_DIR"] = before;
  rmSync(place, { recursive: true, force: true });
  table.says = says.outside;
});

describe("what a listener says of a namespace for evidence", () => {
  beforeEach(async () => {
    open.push(await ControlServer.open(new FakeNamespace("t-web")));
  });
  const attested = async () => (await findNamespace("t-web")).attest(undefined);

  it("is believed where it is in no namespace", async () => {
    expect(await attested()).toMatchObject({ name: "t-web", points: 7 });
  });

  it.each([
    ["is in a namespace of the bpf sensor", "inside"],
    ["cannot be looked up", "nothing"],
  ] as const)("is not believed where the listener %s", async (_, what) => {
    table.says = says[what];
    await expect(attested()).rejects.toThrow(INSIDE);
  });
});

describe("an approver", () => {
  const intruders: number[] = [];
  let server: ApproverServer;
  beforeEach(async () => {
    intruders.length = 0;
    const ask = (async ({ ask: what }: Request) => what !== "member") as Ask;
    const about = { ask, questions: new Questions(ask), onIntruder: (pid: number) => intruders.push(pid) };
    server = await ApproverServer.open({ name: "t-web", ...about });
    open.push(server, await ControlServer.open(new FakeNamespace("t-web")));
  });
  const heard = () =>
    new Promise<boolean>((resolve) => {
      get({ socketPath: server.path, path: "/questions" }, (response) => {
        response.resume();
        resolve(response.statusCode === 200);
      }).on("error", () => resolve(false));
    });

  it("asks no listener that is in a namespace of the bpf sensor", async () => {
    const client = await ApproverClient.find("t-web");
    expect(await client.questions()).toEqual([]);
    table.says = says.inside;
    await expect(client.questions()).rejects.toThrow(INSIDE);
  });

  it.each([
    ["is heard outside of all namespaces", "outside", true, 0],
    ["is not heard in another namespace of the bpf sensor", "inside", false, 1],
    ["is not heard where that cannot be told", "nothing", false, 1],
  ] as const)("%s", async (_, what, isHeard, turnedAway) => {
    table.says = says[what];
    expect([await heard(), intruders.length]).toEqual([isHeard, turnedAway]);
  });
});
