/** If the supervisor is killed, the rest of the workload can no longer make a mediated call. */
import { once } from "node:events";
import { spawnSync } from "node:child_process";
import { chownSync, existsSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Bench } from "./bench.ts";
import { compiler, NOBODY } from "./case.ts";
import { at, call, execution, inChild, must, result, type Script } from "./script.ts";
import { isBuilt } from "./supervised.ts";
import { isRoot } from "../support/machine.ts";

const O_RDWR = 2;
const ENOSYS = 38;
const S_IFIFO = 0o010000;
const before: readonly Script[] = [must(call("open", "gate", O_RDWR)), call("socket", 2, 1, 0)];

describe.skipIf(!compiler || !isBuilt)("the supervisor dies (needs gcc and a build)", () => {
  let bench: Bench;
  let contour = "";
  let after: readonly Script[] = [];

  beforeAll(async () => {
    bench = new Bench(isRoot ? NOBODY : undefined);
    const address = await bench.listen();
    spawnSync(bench.at("probe"), [...call("mknod", "gate", S_IFIFO | 0o600, 0)], { cwd: bench.directory });
    if (bench.uid !== undefined) chownSync(bench.at("gate"), bench.uid, bench.uid);
    contour = (await bench.run(before)).learnt;
    after = [
      call("open", "file", 0),
      call("mkdir", "new", 0o700),
      call("unlink", "other"),
      call("connect", result(1), address, 16),
      call("fork"),
      call("kill", 0, 23),
      call("getpid"),
      ...execution("./probe", call("mkdir", "new", 0o700)),
    ];
  });
  beforeEach(() => bench.lay());
  afterAll(() => bench?.close());

  it.each(["learn", "watch", "enforce"] as const)("in mode %s", async (mode) => {
    const pass = [call("write", 1, "ready\n", 6), call("read", result(0), at(0), 1)];
    const { stdout, exit } = await bench.run([...before, ...pass, ...after], {
      mode,
      contour,
      onOutput: async (text, supervisor) => {
        if (!text.includes("ready")) return;
        supervisor.kill("SIGKILL");
        await once(supervisor, "exit");
        writeFileSync(bench.at("gate"), "x");
      },
    });
    expect(exit.state).toBe("lost");
    const refused = [2, 83, 87, 42, 57, 62].map((number) => `${number}: errno ${ENOSYS}\n`).join("");
    expect(stdout).toBe(`2: ok\n41: ok\nready\n1: ok\n0: ok\n${refused}39: ok\n59: errno ${ENOSYS}\n`);
    expect(existsSync(bench.at("new"))).toBe(false);
    expect(existsSync(bench.at("other"))).toBe(true);
    expect(bench.connections).toBe(0);
  });

  it("with a child of the workload in the middle of a call", async () => {
    const { stdout } = await bench.run(
      [
        ...before,
        inChild(call("write", 1, "ready\n", 6), call("read", result(0), at(0), 1), call("mkdir", "new", 0o700)),
      ],
      {
        onOutput: async (text, supervisor) => {
          if (!text.includes("ready")) return;
          supervisor.kill("SIGKILL");
          await once(supervisor, "exit");
          writeFileSync(bench.at("gate"), "x");
        },
      },
    );
    expect(stdout).toContain(`83: errno ${ENOSYS}\n`);
    expect(existsSync(bench.at("new"))).toBe(false);
  });
});
