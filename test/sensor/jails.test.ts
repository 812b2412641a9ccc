/**
 * What was learnt in a jail is not valid outside, nor the reverse: the same program under the same path or address, once in
 * another root, mount or network namespace and once in that of the launch.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isBuilt, isoline, readReport } from "../support/isoline.ts";
import { isCI, isRoot } from "../support/machine.ts";

const program = fileURLToPath(new URL("./jails.py", import.meta.url));
const python = spawnSync("python3", ["-c", "import sys; print(sys.executable)"]).stdout?.toString().trim();

const LISTENING = `
import socket, sys, time
made = socket.socket(socket.AF_UNIX)
made.bind("\\0" + sys.argv[1])
made.listen(64)
print("listens", flush=True)
time.sleep(600)`;

/** Each way into a jail, and the name of the object or peer that is reached there. */
const ways: readonly (readonly [way: string, called: RegExp])[] = [
  ["chroot", /opened \$IN:\$CWD\/jail\/\/\S+\/data\/config/],
  ["bind", /opened \$IN:\$CWD\/jail\/\/\S+\/data\/config/],
  ["fresh", /opened \$IN:tmpfs\/python[\d.]*\/\/\$CWD\/data\/config/],
  ["pivot", /opened \$IN:\$CWD\/jail\/\/\S+\/data\/config/],
  ["own_mounts", /opened \$IN:\$CWD\/jail\/\/\S+\/data\/config/],
  ["proc_root", /opened \$IN:\S+\/\/\S*\/?config/],
  ["proc_cwd", /opened \$IN:\S+\/\/\S*\/?config/],
  ["passed", /opened \$IN:\S+\/\/\S*\/?config/],
  ["detached", /opened \$IN:\S+\/\/\S*\/?config/],
  ["kept", /opened \$IN:\$CWD\/\/\S*data\/config/],
  ["network", /socket \(\$NET:python[\d.]*\/inet stream\)/],
  ["old_socket", /udp \$NET:\S+\/127\.0\.0\.1:9/],
  ["abstract", /socket \(\$NET:python[\d.]*\/unix stream\)/],
  ["sniff", /socket \(\$NET:python[\d.]*\/packet raw\)/],
];

describe.skipIf(!isRoot || !python || !isBuilt)("jails (need root, python3 and a build)", () => {
  let directory: string;
  let server: Server;
  let abstractServer: ChildProcess;
  let env: Record<string, string>;
  beforeAll(async () => {
    directory = realpathSync(mkdtempSync(join(tmpdir(), "isoline-jails-")));
    for (const [place, text] of [
      [directory, "launch"],
      [join(directory, "jail", directory), "jail"],
    ] as const) {
      mkdirSync(join(place, "data"), { recursive: true });
      writeFileSync(join(place, "data/config"), text);
    }
    const name = `isoline-jails-${process.pid}`;
    server = createServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    abstractServer = spawn(python as string, ["-c", LISTENING, name], { stdio: ["ignore", "pipe", "inherit"] });
    await new Promise((resolve) => abstractServer.stdout?.once("data", resolve));
    env = { PORT: String((server.address() as { port: number }).port), NAME: name };
  });
  afterAll(() => {
    server?.close();
    abstractServer?.kill();
    if (directory) rmSync(directory, { recursive: true });
  });

  const run = (args: readonly string[], way: string, where: "in" | "out") =>
    isoline([...args, "--", python as string, "-IS", program, way, where], { cwd: directory, env });

  describe.each(ways)("%s", (way, called) => {
    const directions = [
      ["in", "out", true],
      ["out", "in", isCI],
    ] as const;
    for (const [learnt, then, isPossible] of directions)
      it.skipIf(!isPossible)(
        `learnt ${learnt} of the jail, it is not valid ${then} of it${isPossible ? "" : " (only in CI)"}`,
        async () => {
          const contour = `${way}-${learnt}.contour`;
          const learning = await run(["learn", "-o", contour], way, learnt);
          expect(learning.stderr).not.toContain("Traceback");
          const again = await run(["check", contour], way, learnt);
          expect(again).toMatchObject({ status: 0, stdout: learning.stdout });
          expect(await run(["check", contour, "--report", "report.json"], way, then)).toMatchObject({ status: 3 });
          const what = readReport(directory).departures.map(({ act, why }) => `${act} ${why}`);
          expect(what.join("\n")).toMatch(called);
        },
      );
  });

  it("in a mount namespace without new mounts, paths are the launch's", async () => {
    await run(["learn", "-o", "nothing.contour"], "nothing", "in");
    const checked = await run(["check", "nothing.contour"], "nothing", "out");
    expect(checked).toMatchObject({ status: 0, stdout: "launch\n" });
  });
});
