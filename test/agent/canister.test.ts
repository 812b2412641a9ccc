/** Containers of isoline-runc that the agent supervises: their calls end when runc ends, and nothing else stays behind. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { missing, Workshop } from "../canister/bundle.ts";
import { until } from "../faults/bench.ts";
import { TestAgent } from "./agent.ts";

const why = missing("runc", "busybox");

describe.skipIf(why !== undefined)(`a container at the agent${why === undefined ? "" : ` (${why})`}`, () => {
  const agent = new TestAgent();
  let shop: Workshop;

  const start = (mode: string, contour: string, what: string): string => {
    const id = shop.id();
    const annotations = { "dev.isoline.mode": mode, "dev.isoline.contour": contour };
    expect(shop.create("--bundle", shop.bundle(what, annotations), id).status).toBe(0);
    expect(shop.runc("start", id).status).toBe(0);
    return id;
  };

  const environment = (): Record<string, string> => ({
    ISOLINE_CANISTERS: shop.path("host.json"),
    XDG_RUNTIME_DIR: shop.path("run"),
  });

  beforeAll(async () => {
    shop = new Workshop();
    process.env["ISOLINE_AGENT"] = agent.socket;
    await agent.start("", environment());
  });
  afterAll(async () => {
    delete process.env["ISOLINE_AGENT"];
    shop.close();
    await agent.clear();
  });

  it("is created, started, joined by exec, and deleted; its supervisor is the agent", async () => {
    const id = start("learn", "box.contour", "cat /etc/passwd > /dev/null; /bin/sleep 60");
    expect(shop.supervisorOf(id)).toBe(agent.pid);
    expect(shop.runc("exec", id, "cat", "/etc/group")).toMatchObject({ status: 0, stdout: "root:x:0:\n" });
    expect(shop.runc("kill", id, "KILL").status).toBe(0);
    expect(shop.runc("delete", "--force", id).status).toBe(0);
    await until(() => agent.log.some(({ event, namespace }) => event === "ended" && namespace === id));
    expect(readFileSync(shop.path("contours/box.contour"), "utf8")).toContain("path=/etc/group");
  });

  it("is refused what is off its contour", async () => {
    const learnt = start("learn", "kept.contour", "cat /etc/passwd");
    await until(() => existsSync(shop.path("contours/kept.contour")));
    shop.runc("delete", "--force", learnt);
    const id = start("enforce", "kept.contour", "cat /etc/group");
    await until(
      () => existsSync(shop.path("reports/kept.json")) && shop.report("kept.contour").verdict === "off-contour",
    );
    expect(shop.report("kept.contour")).toMatchObject({ refused: 1, incomplete: [] });
    shop.runc("delete", "--force", id);
  });

  it("leaves no descriptor at the agent", async () => {
    const counts: number[] = [];
    for (let turn = 0; turn < 4; turn++) {
      const id = start("learn", "left.contour", "cat /etc/passwd");
      await until(() => agent.log.some(({ event, namespace }) => event === "ended" && namespace === id));
      shop.runc("delete", "--force", id);
      counts.push(readdirSync(`/proc/${agent.pid}/fd`).length);
    }
    // What the first one brings may be for all.
    expect(counts[3]).toBe(counts[1]);
  });

  it("is not made where its label is wrong, and the reason is said", () => {
    const id = shop.id();
    const bundle = shop.bundle("true", { "dev.isoline.mode": "never", "dev.isoline.contour": "x.contour" });
    const call = shop.runc("create", "--bundle", bundle, id);
    expect(call.status).toBe(125);
    expect(call.stderr).toContain("dev.isoline.mode: expected one of learn, check, enforce");
    expect(existsSync(shop.path(`state/${id}`))).toBe(false);
  });

  it("has a supervisor of its own where the host says so", () => {
    shop.configure({ agent: "ignore" });
    const id = start("learn", "own.contour", "/bin/sleep 60");
    expect(shop.supervisorOf(id)).not.toBe(agent.pid);
    shop.runc("delete", "--force", id);
    shop.configure({});
  });

  it("is not made without the agent where the host requires it", async () => {
    shop.configure({ agent: "require" });
    await agent.end();
    const labels = { "dev.isoline.mode": "learn", "dev.isoline.contour": "never.contour" };
    const call = shop.runc("create", "--bundle", shop.bundle("true", labels), shop.id());
    expect(call.status).toBe(125);
    expect(call.stderr).toContain("requires its agent");
    await agent.start("", environment());
    shop.configure({});
  });

  it("fails closed when the agent makes way for the next one, and its deletion says that it was not observed to its end", async () => {
    const id = start(
      "learn",
      "gap.contour",
      "cat /etc/passwd > /dev/null; while cat /etc/group > /dev/null; do :; done",
    );
    await until(() => agent.log.at(-1)?.event === "began");
    await agent.end("SIGTERM");
    await agent.start("", environment());
    await until(() => shop.runc("state", id).stdout.includes('"stopped"'));
    expect(shop.runc("exec", id, "true")).toMatchObject({ status: 125, stderr: expect.stringContaining("is gone") });
    const deleted = shop.runc("delete", "--force", id);
    expect(deleted.stderr).toContain(
      `${id}: its supervisor died before the container; mediated calls failed from then on, and its observations are lost`,
    );
    expect(deleted.status).toBe(0);
    for (const left of ["contours/gap.contour", "reports/gap.json", `state/${id}`])
      expect(existsSync(shop.path(left))).toBe(false);
    expect(agent.log.map(({ event }) => event)).toEqual(["ready"]);
    const next = start("learn", "next.contour", "/bin/sleep 60");
    expect(shop.supervisorOf(next)).toBe(agent.pid);
    shop.runc("delete", "--force", next);
  });

  it("fails closed when the agent is killed", async () => {
    const learnt = start("learn", "loop.contour", "while cat /etc/passwd > /dev/null; do :; done");
    await until(() => agent.log.at(-1)?.event === "began");
    await agent.end("SIGKILL");
    await until(() => shop.runc("state", learnt).stdout.includes('"stopped"'));
    const call = shop.runc("exec", learnt, "true");
    expect(call.status).toBe(125);
    expect(call.stderr).toContain("is gone");
  });
});
