/** A file system that the workload freezes: a change there waits for the workload, and so must not be the supervisor's. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isRoot } from "../support/machine.ts";
import { compiler, workplace } from "./case.ts";
import { isBuilt, supervise } from "./supervised.ts";

/** Longer than a starved machine takes for all of it. */
const LONG = 120_000;

const succeeds = (command: string, ...words: string[]) => spawnSync(command, words, { timeout: 60_000 }).status === 0;

/** Mounts an ext4 of eight mebibytes at `disk`; false if the machine lets it not. */
function mounted(directory: string): boolean {
  const [image, disk] = [join(directory, "image"), join(directory, "disk")];
  writeFileSync(image, Buffer.alloc(8 * 2 ** 20));
  mkdirSync(disk);
  return succeeds("mkfs.ext4", "-q", "-F", image) && succeeds("mount", "-o", "loop", image, disk);
}

describe.skipIf(!isRoot || !isBuilt)("a frozen file system (needs root, a build, ext4 on a loop device)", () => {
  let directory: string;
  let isMounted = false;
  beforeAll(() => {
    directory = workplace();
    isMounted = mounted(directory);
  });
  afterAll(() => {
    const disk = join(directory, "disk");
    // On a disk that is still frozen, everything after this would wait for ever.
    succeeds("fsfreeze", "--unfreeze", disk);
    if (!isMounted || succeeds("umount", disk)) rmSync(directory, { recursive: true, force: true });
  });

  const run = async (script: string) => {
    let wasStuck = false;
    const disk = join(directory, "disk");
    const rescue = setTimeout(() => {
      wasStuck = true;
      spawnSync("fsfreeze", ["--unfreeze", disk]);
    }, LONG);
    const supervised = supervise({ command: ["sh", "-c", script], directory });
    const { stdout, report } = await supervised.finally(() => clearTimeout(rescue));
    return { stdout, wasStuck, incomplete: report.incomplete, left: Object.keys(report.racy) };
  };

  it("is thawed by the task that froze it, while others wait to change it", async ({ skip }) => {
    skip(!isMounted, "no ext4 could be mounted");
    const script = `: > disk/file; fsfreeze --freeze disk; mkdir disk/new & : > disk/made & chmod 600 disk/file &
      rm disk/none; sleep 1; mkdir beside; echo waited; fsfreeze --unfreeze disk; wait; ls disk`;
    const { left, ...seen } = await run(script);
    expect(seen).toEqual({ stdout: "waited\nfile\nlost+found\nmade\nnew\n", wasStuck: false, incomplete: [] });
    expect(left.filter((call) => /mkdir|open|chmod/.test(call)).length).toBeGreaterThan(1);
  });

  const ENOPROTOOPT = 92;
  it.skipIf(compiler === undefined).for([
    ["sent", 0],
    ["peer", ENOPROTOOPT],
  ] as const)(
    "keeps none waiting for a result that is written there: %s (needs gcc)",
    async ([what, told], { skip }) => {
      skip(!isMounted, "no ext4 could be mounted");
      const source = fileURLToPath(new URL("frozen.c", import.meta.url));
      execFileSync("gcc", ["-O1", "-w", "-static", "-o", join(directory, "frozen"), source]);
      const { stdout, wasStuck, incomplete } = await run(`./frozen disk ${what}`);
      expect({ stdout, wasStuck, incomplete }).toEqual({
        stdout: `another open: 1\n${what}: ${told}\n`,
        wasStuck: false,
        incomplete: [],
      });
    },
  );

  it("by no task without the right to, so that its calls stay the supervisor's", async ({ skip }) => {
    skip(!isMounted, "no ext4 could be mounted");
    const without = "setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin";
    const { left, stdout } = await run(`${without} fsfreeze --freeze disk 2>&- || echo refused; mkdir disk/more`);
    expect({ stdout, left: left.filter((call) => /mkdir/.test(call)) }).toEqual({ stdout: "refused\n", left: [] });
  });
});
