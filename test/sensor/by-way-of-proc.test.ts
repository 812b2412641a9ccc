/**
 * Paths that are walked component by component: by way of /proc, and from a directory that lies where its task may not come from the
 * root. They lead where the kernel leads the task, with the task's rights, and the supervisor makes the calls all the same.
 */
import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Bench } from "./bench.ts";
import { compiler, NOBODY } from "./case.ts";
import { isBuilt } from "./supervised.ts";
import { isRoot } from "../support/machine.ts";

/** Says for each path what it holds, or that it cannot be opened. Opening is a matter of the shell itself, which has dropped root. */
const READ = 'for p; do if ( exec 9<"$p" ) 2>/dev/null; then echo "$p: yes"; else echo "$p: no"; fi; done';
const ids = `--reuid=${NOBODY} --regid=${NOBODY} --clear-groups`;
/** As a daemon that began as root, with all capabilities gone. The kernel has closed its entries in /proc to its own user. */
const dropped = `setpriv ${ids} --no-new-privs bash -c '${READ}' read`;

describe.skipIf(!compiler || !isBuilt || !isRoot)("paths by way of /proc (needs gcc, a build, root)", () => {
  let bench: Bench;
  beforeAll(() => {
    bench = new Bench();
    chmodSync(bench.directory, 0o755);
    for (const name of ["closed", "closed/start", "shared", "open"]) mkdirSync(bench.at(name));
    for (const name of ["closed/start/file", "closed/file", "open/file"]) writeFileSync(bench.at(name), "text\n");
    writeFileSync(bench.at("open/secret"), "secret\n", { mode: 0o600 });
    chmodSync(bench.at("closed"), 0o700);
    chmodSync(bench.at("shared"), 0o1777);
    for (const owner of [0, NOBODY, 1]) {
      const link = bench.at(`shared/of-${owner}`);
      symlinkSync(bench.at("open/file"), link);
      symlinkSync(bench.at("open"), `${link}-directory`);
      execFileSync("chown", ["-h", String(owner), link, `${link}-directory`]);
    }
    chownSync(bench.at("shared"), 0, 0);
  });
  afterAll(() => bench.close());

  /** What a script says outside, and what inside, with the number of opens that the supervisor left to tasks. */
  const both = async (script: string) => {
    const command = ["/bin/bash", "-c", script];
    const outside = execFileSync(command[0] as string, command.slice(1), { cwd: bench.directory, encoding: "utf8" });
    const inside = await bench.run([], { command });
    return { outside, inside: inside.stdout, opens: inside.report.racy["openat"] ?? 0, report: inside.report };
  };

  const names = [
    "open/file",
    "open/file/",
    "open/file/.",
    "open/",
    "open/.",
    "open/secret",
    "closed/file",
    "closed/..",
  ].concat(
    [0, NOBODY, 1].flatMap((owner) => ["", "-directory", "-directory/file"].map((end) => `shared/of-${owner}${end}`)),
  );
  it.each(["/proc/self/cwd", "/proc/self/root$PWD", "/proc/thread-self/cwd", "/proc/self/task/../cwd"])(
    "%s: a task that dropped root finds what it finds outside",
    async (way) => {
      const { outside, inside, opens, report } = await both(
        `${dropped} ${names.map((name) => `${way}/${name}`).join(" ")}`,
      );
      expect(inside).toBe(outside);
      expect(outside).toMatch(/open\/file: yes/);
      expect(outside).toMatch(/open\/secret: no/);
      expect(opens).toBe((await both(dropped)).opens);
      expect(report.incomplete).toEqual([]);
    },
  );

  it("what the kernel shows a process of itself, and of others, is the same", async () => {
    const paths = ["fd", "map_files", "mem", "environ", "exe", "ns/pid", "root/etc/shadow", "fd/7", "fd/8"];
    const all = ["self", "$$", "1"].flatMap((each) => paths.map((path) => `/proc/${each}/${path}`)).join(" ");
    const { outside, inside, report } = await both(
      `exec 7<open/secret 8<open/file; ${dropped} ${all} | sed 's/[0-9]*//g'`,
    );
    expect(inside).toBe(outside);
    expect(report.incomplete).toEqual([]);
  });

  it("a path below a directory that is called like the supervisor is found as any other", async () => {
    const script = (name: string) => `mkdir ${name} && echo text > ${name}/file && cat ${name}/file && rm -r ${name}`;
    const { inside, opens } = await both(script("$PPID.x"));
    expect(inside).toBe("text\n");
    expect(opens).toBe((await both(script("named"))).opens);
  });

  it.each(["", "unshare --mount "])(
    "`%s`: a start that may not be reached from the root is searched all the same",
    async (apart) => {
      const { outside, inside, opens } = await both(
        `cd closed/start; ${apart}${dropped} file ./file ../start/file ../file $PWD/file`,
      );
      expect(inside).toBe(outside);
      expect(outside).toMatch(/^file: yes/);
      expect(opens).toBe((await both(`${apart}${dropped}`)).opens);
    },
  );
});
