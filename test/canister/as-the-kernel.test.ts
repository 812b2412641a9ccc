/**
 * What calls mean in a container, where its supervisor's own view is another: paths in memory that only the kernel reads, and names on
 * which something is mounted inside and nothing outside.
 */
import { spawnSync } from "node:child_process";
import { existsSync, rmSync, statSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { compileProbe } from "../sensor/case.ts";
import { call, kept, type Memory, type Script } from "../sensor/script.ts";
import { missing, type Result, Workshop } from "./bundle.ts";

const why = missing("runc", "busybox", "gcc");
const [EPERM, EBUSY] = [1, 16];
const memories: readonly Memory[] = ["write-only", "readable, then write-only", "write-only, then read-only"];
const kinds = memories.map((memory) => [memory] as const);

describe.skipIf(why !== undefined)(`calls in a container${why === undefined ? "" : ` (${why})`}`, () => {
  let shop: Workshop;
  const file = (name: string) => shop.path(`rootfs/etc/${name}`);
  beforeAll(() => {
    shop = new Workshop();
    compileProbe(shop.path("rootfs/bin"));
    writeFileSync(shop.path("outside"), "outside\n");
    lay();
    run("learn", call("open", "/etc/known", 0));
  });
  beforeEach(lay);
  afterAll(() => shop?.close());

  function lay(): void {
    for (const name of ["known", "secret", "bound"]) {
      rmSync(file(name), { force: true });
      writeFileSync(file(name), `${name}\n`, { mode: 0o600 });
    }
  }

  function run(mode: string, ...calls: readonly Script[]): Result {
    const annotations = { "dev.isoline.mode": mode, "dev.isoline.contour": "calls.contour" };
    const bundle = shop.bundle("", annotations, (config) => {
      const { process, mounts } = config as unknown as { process: { args: readonly string[] }; mounts: object[] };
      process.args = ["/bin/probe", ...calls.flat()];
      mounts.push({ destination: "/etc/bound", type: "bind", source: shop.path("outside"), options: ["bind"] });
    });
    const words = ["run", "--bundle", bundle, shop.id()];
    return mode === "none" ? spawnSync("runc", words, { encoding: "utf8", input: "" }) : shop.runc(...words);
  }
  const acts = (): readonly string[] => shop.report("calls.contour").departures.map(({ act }) => act);

  it.each(kinds)("in memory that is %s, each act is named, and refused when enforcing", (memory) => {
    const path = (name: string) => kept(memory, Buffer.from(`/etc/${name}\0`));
    const off = [call("open", path("secret"), 0), call("chmod", path("secret"), 0o644)];
    const on = call("open", path("known"), 0);
    const named = [
      expect.stringMatching(/^open access=read path=\/etc\/secret /),
      expect.stringMatching(/^chmod path=\/etc\/secret /),
    ];
    expect(run("enforce", ...off, on).stdout).toBe(`2: errno ${EPERM}\n90: errno ${EPERM}\n2: ok\n`);
    expect(acts()).toEqual(named);
    expect(statSync(file("secret")).mode & 0o777).toBe(0o600);
    expect(run("check", ...off, on).stdout).toBe("2: ok\n90: ok\n2: ok\n");
    expect(acts()).toEqual(named);
    expect(statSync(file("secret")).mode & 0o777).toBe(0o644);
  });

  it("what is mounted inside is neither removed nor moved, in any mode", () => {
    const calls = [
      call("rmdir", "/dev/shm"),
      call("unlink", "/etc/bound"),
      call("rename", "/etc/bound", "/etc/moved"),
      call("rename", "/etc/secret", "/etc/bound"),
    ];
    const said = ["84", "87", "82", "82"].map((each) => `${each}: errno ${EBUSY}\n`).join("");
    for (const mode of ["none", "learn", "check", "enforce"]) {
      expect({ mode, said: run(mode, ...calls).stdout }).toEqual({ mode, said });
      expect([existsSync(file("secret")), existsSync(file("bound"))]).toEqual([true, true]);
    }
    expect(acts()).toEqual([]);
  });
});
