/** Files that the supervisor opens in place of a task: everything a program can see of them is as without a supervisor. */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ended, isBuilt, isoline, isolineProgram, readReport } from "../support/isoline.ts";
import { compiler, NOBODY } from "./case.ts";
import { isRoot } from "../support/machine.ts";

const PYTHON = "/usr/bin/python3";

/** The user that isoline runs as, and that of the workload. */
const ways = [
  { who: "root", isoline: undefined, workload: undefined },
  { who: "an ordinary user", isoline: NOBODY, workload: NOBODY },
  { who: "a user, by root", isoline: undefined, workload: NOBODY },
] as const;

describe.skipIf(compiler === undefined || !isBuilt || !isRoot)("opened in its place (needs gcc, a build, root)", () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), "isoline-opened-"));
    chmodSync(directory, 0o755);
    const source = fileURLToPath(new URL("./opened.c", import.meta.url));
    execFileSync("gcc", ["-O1", "-w", "-static", "-o", join(directory, "opened"), source]);
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  function lay(name: string, uid: number): string {
    const place = join(directory, name);
    rmSync(place, { recursive: true, force: true });
    for (const path of [".", "directory", "shut", "sticky"]) mkdirSync(join(place, path), { recursive: true });
    for (const path of ["mine", "theirs", "closed", "leased", "full", "shut/inside", "sticky/theirs"])
      writeFileSync(join(place, path), "text\n");
    copyFileSync("/bin/true", join(place, "program"));
    symlinkSync("mine", join(place, "link"));
    symlinkSync("nowhere", join(place, "dangling"));
    for (const path of [".", "directory", "mine", "leased", "full", "program"]) chownSync(join(place, path), uid, uid);
    chownSync(join(place, "sticky/theirs"), 4321, 4321);
    chmodSync(join(place, "sticky/theirs"), 0o666);
    chmodSync(join(place, "sticky"), 0o1777);
    chmodSync(join(place, "closed"), 0);
    chmodSync(join(place, "shut"), 0o700);
    return place;
  }

  it.each(ways)("as $who: numbers, flags, modes, limits, locks and leases", async ({ isoline: uid, workload }) => {
    const owner = workload ?? 0;
    const bare = await ended("../opened", [], { cwd: lay("bare", owner), uid: workload });
    expect(bare.stdout).toContain("locks that stayed: 0\nprograms that were busy: 0\n");
    const as = workload === uid ? [] : ["--user", String(workload)];
    const cwd = lay("supervised", owner);
    const report = ["--report", join(cwd, "report.json")];
    const learnt = await isoline(["learn", "-q", ...as, ...report, "-o", join(cwd, "contour"), "--", "../opened"], {
      cwd,
      uid,
    });
    expect(learnt.stdout).toBe(bare.stdout);
    expect(readReport(cwd).incomplete).toEqual([]);
    for (const words of [["check"], ["run", "--enforce", "--no-landlock"]] as const) {
      const contour = execFileSync("cat", [join(cwd, "contour")]);
      lay("supervised", owner);
      writeFileSync(join(cwd, "contour"), contour);
      const again = await isoline([...words, "-q", ...as, join(cwd, "contour"), "--", "../opened"], { cwd, uid });
      expect(again.stdout).toBe(bare.stdout);
    }
  });

  it.skipIf(!existsSync(PYTHON)).each(ways)(
    "as $who: also where the task restricts its way (RESOLVE_; needs python3)",
    async ({ isoline: uid, workload }) => {
      const owner = workload ?? 0;
      // NO_SYMLINKS, BENEATH, IN_ROOT (linux/openat2.h), by openat2 from the working directory, AT_FDCWD.
      const script = `import ctypes, struct
libc = ctypes.CDLL(None, use_errno=True)
for resolve in 4, 8, 16:
    for path in b"mine", b"link", b"shut/inside", b"../mine":
        fd = libc.syscall(437, -100, path, struct.pack("QQQ", 0, 0, resolve), 24)
        print(resolve, path, "opened" if fd >= 0 else ctypes.get_errno())`;
      const bare = await ended(PYTHON, ["-c", script], { cwd: lay("bare", owner), uid: workload });
      const cwd = lay("supervised", owner);
      const as = workload === uid ? [] : ["--user", String(workload)];
      const report = ["--report", join(cwd, "report.json"), "-o", join(cwd, "contour")];
      const learnt = await isoline(["learn", "-q", ...as, ...report, "--", PYTHON, "-c", script], { cwd, uid });
      expect(learnt.stdout).toBe(bare.stdout);
      expect(bare.stdout).toContain("8 b'mine' opened\n");
      const { incomplete, racy } = readReport(cwd);
      expect(incomplete).toEqual([]);
      expect(racy).not.toHaveProperty("openat2");
    },
  );

  it.skipIf(!existsSync(PYTHON))("an openat2 that fails with ENOSYS is no act (needs python3)", async () => {
    const cwd = lay("supervised", 0);
    // openat2 from the working directory with O_PATH, then the openat to which programs fall back.
    const script = `import ctypes, os, struct
libc = ctypes.CDLL(None, use_errno=True)
print(libc.syscall(437, -100, b"mine", struct.pack("QQQ", os.O_PATH, 0, 0), 24), ctypes.get_errno())
os.open("theirs", os.O_PATH)`;
    const learnt = await isoline(["learn", "-q", "-o", join(cwd, "contour"), "--", PYTHON, "-c", script], { cwd });
    expect(learnt.stdout).toBe("-1 38\n");
    const contour = readFileSync(join(cwd, "contour"), "utf8");
    expect(contour).toContain("/theirs");
    expect(contour).not.toContain("/mine");
  });

  it("a file of /proc that is mounted on what malloc reads is not opened", async () => {
    const cwd = lay("supervised", 0);
    const file = "/proc/sys/vm/overcommit_memory";
    const script = `cat ${file} > /dev/null && echo before; mount --bind /proc/version ${file}; cat ${file}`;
    const words = ["learn", "-q", "-o", join(cwd, "contour"), "--", "sh", "-c", script];
    const { stdout, stderr } = await ended("unshare", ["--mount", isolineProgram, ...words], { cwd });
    expect(stdout).toBe("before\n");
    expect(stderr).toContain("Operation not permitted");
  });

  // Not of the supervisor's group, and with other capabilities than the supervisor.
  it("root with fewer capabilities kills its own group", async () => {
    const cwd = lay("supervised", 0);
    const script = "sleep 60 & kill -KILL 0; echo lives";
    const fewer = ["setpriv", "--bounding-set=-sys_time", "setsid", "--wait", "sh", "-c", script];
    const learnt = await isoline(
      ["learn", "-q", "-o", join(cwd, "contour"), "--", "sh", "-c", '"$@"; echo $?', "sh", ...fewer],
      {
        cwd,
      },
    );
    expect(learnt.stdout).toBe("137\n");
  });

  it("a process in a pid namespace kills its own group, and the first one there does not", async () => {
    const cwd = lay("supervised", 0);
    // The first one leads a group of its own, but its parent is outside, and could move it to the supervisor's.
    const script = "setsid --wait sh -c 'sleep 60 & kill -KILL 0; echo lives'; echo $?; kill -KILL 0 || echo refused";
    const first = ["unshare", "--pid", "--fork", "--mount-proc", "setsid", "sh", "-c", script];
    const learnt = await isoline(["learn", "-q", "-o", join(cwd, "contour"), "--", ...first], { cwd });
    expect(learnt.stdout).toBe("137\nrefused\n");
  });
});
