/** A thread of the agent ends over a container, and the agent goes on: what the thread had open is closed, and its record says so. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { missing, Workshop } from "../canister/bundle.ts";
import { supervisingThread, until } from "../faults/bench.ts";
import { ended } from "../support/isoline.ts";
import { TestAgent } from "./agent.ts";

const why = missing("runc", "busybox", "gcc");
describe.skipIf(why !== undefined)(`a thread of the agent that is lost${why === undefined ? "" : ` (${why})`}`, () => {
  const agent = new TestAgent();
  const endThread = join(agent.directory, "end-thread");
  let shop: Workshop;

  beforeAll(async () => {
    const source = fileURLToPath(new URL("../faults/end-thread.c", import.meta.url));
    execFileSync("gcc", ["-O1", "-static", "-o", endThread, source]);
    shop = new Workshop();
    process.env["ISOLINE_AGENT"] = agent.socket;
    await agent.start("", { ISOLINE_CANISTERS: shop.path("host.json"), XDG_RUNTIME_DIR: shop.path("run") });
  });
  afterAll(async () => {
    delete process.env["ISOLINE_AGENT"];
    shop.close();
    await agent.clear();
  });

  it("leaves no call waiting, of what was brought in by exec neither, and delete says at once what became of it", async () => {
    const id = shop.id();
    const label = { "dev.isoline.mode": "learn", "dev.isoline.contour": "lost.contour" };
    expect(shop.create("--bundle", shop.bundle("sleep 1000", label), id).status).toBe(0);
    expect(shop.runc("start", id).status).toBe(0);
    const loop = "echo in; while cat /etc/group > /dev/null; do sleep 0.1; done";
    let said = "";
    const exec = ended(shop.runtime, ["--root", shop.path("state"), "exec", id, "sh", "-c", loop], {
      cwd: "/",
      onStart: (child) => {
        child.stdout?.on("data", (text: string) => {
          said += text;
        });
      },
    });
    await until(() => said !== "");
    execFileSync(endThread, [await supervisingThread(agent.pid)]);
    expect(await exec).toMatchObject({ stdout: "in\n" });
    await until(() => agent.log.some(({ event }) => event === "refused"));
    const deleted = shop.runc("delete", "--force", id);
    expect(deleted).toMatchObject({
      status: 0,
      stderr: expect.stringContaining(
        `${id}: its supervisor died before the container; mediated calls failed`,
      ) as string,
    });
    const next = shop.run("echo on", "learn", "next.contour");
    expect(next).toMatchObject({ status: 0, stdout: "on\n" });
  });
});
