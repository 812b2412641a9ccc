/** `isoline demo` as a user sees it: run by this user, by an ordinary user, and on machines that cannot run it. */
import { spawnSync } from "node:child_process";
import { chownSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Ended, isBuilt, isoline, isolineProgram, SYSTEM_PATH } from "../support/isoline.ts";
import { isRoot } from "../support/machine.ts";

/** The user `nobody`, which every system has. */
const ORDINARY_USER = 65534;
const CHAIN = "`node install\\.js` \\(dash .*\\)";
/** `sh` is another program on other systems. */
const why = (fate: string, act: string) =>
  new RegExp(`^isoline: ${fate}: ${CHAIN.replace("dash", "\\S+")} ${act}`, "m");

const place = mkdtempSync(join(tmpdir(), "isoline-demo-test-"));
spawnSync("chmod", ["755", place]);
afterAll(() => rmSync(place, { recursive: true, force: true }));

/** A temporary directory that belongs to a user, so that a test can see what is left in it. */
function temporary(name: string, uid?: number): string {
  const directory = join(place, name);
  mkdirSync(directory);
  if (uid !== undefined) chownSync(directory, uid, uid);
  return directory;
}

/** No other user can run the demo from a checkout that only root may enter. */
const isOpenToAll =
  isRoot && spawnSync(isolineProgram, ["--version"], { uid: ORDINARY_USER, gid: ORDINARY_USER }).status === 0;

const users = [
  { who: "this user", uid: undefined, possible: isBuilt },
  {
    who: "an ordinary user, which needs root",
    uid: ORDINARY_USER,
    possible: isBuilt && isOpenToAll,
  },
];

describe.each(users)("for $who", ({ uid, possible }) => {
  let ended: Ended;
  let left: readonly string[] = [];
  beforeAll(async () => {
    if (!possible) return;
    const directory = temporary(`as-${uid ?? "this-user"}`, uid);
    // Variables that `npm start` adds, or that a user set for npm, must not reach the project of the demo.
    const env = { TMPDIR: directory, npm_config_ignore_scripts: "true", npm_config_cache: "/nonexistent/cache" };
    ended = await isoline(["demo"], { cwd: "/", env, uid });
    left = readdirSync(directory);
  });

  test.skipIf(!possible)("the demo runs to its end, and leaves nothing behind", () => {
    expect(ended.stderr).not.toMatch(/^isoline: .*(incomplete|no control socket)/m);
    expect(ended.status).toBe(0);
    expect(left).toEqual([]);
  });

  test.skipIf(!possible)("the clean project is on its contour, which shows what the install script does", () => {
    expect(ended.stderr.match(/^isoline: on contour: .*/gm)).toHaveLength(1);
    expect(ended.stdout).toContain("(exit status 0: on contour)");
    expect(ended.stdout).toMatch(/^ {2}creates [^$]*(\$.*\n +)*\$CWD\/vendor\/greet\/phrases\.json$/m);
  });

  test.skipIf(!possible)(
    "the compromised dependency is off contour in each of its steps, and prints what it stole",
    () => {
      expect(ended.stderr).toMatch(why("off contour", "opened \\$HOME/\\.ssh/id_ed25519 for reading; "));
      expect(ended.stderr).toMatch(why("off contour", "executed \\S+/(uname|busybox|coreutils); "));
      expect(ended.stderr).toMatch(why("off contour", "connected to tcp 127\\.0\\.0\\.1:\\d+; "));
      expect(ended.stdout).toContain("(exit status 3: off contour)");
      expect(ended.stdout).toMatch(/^\{"key":"made-up-key-[0-9a-f]{16}\\n","system":"Linux .*\}$/m);
    },
  );

  test.skipIf(!possible)(
    "enforced, each step is refused, the project is installed and tested, and the key is not sent",
    () => {
      expect(ended.stderr).toMatch(why("refused, off contour", "opened \\$HOME/\\.ssh/id_ed25519 for reading; "));
      expect(ended.stderr).toMatch(why("refused, off contour", "executed \\S+/(uname|busybox|coreutils); "));
      expect(ended.stderr).toMatch(why("refused, off contour", "made a socket \\(inet stream\\); "));
      expect(ended.stderr).toMatch(/^isoline: off contour: 3 departures, .*all refused; /m);
      expect(ended.stdout).toContain("(exit status 0: the project's own");
      expect(ended.stdout).toContain("The attacker received nothing");
      // Learnt, checked twice, enforced: the tests passed each time.
      expect(ended.stdout.match(/^ok: Hello, you!$/gm)).toHaveLength(4);
    },
  );
});

describe.skipIf(!isBuilt)("where the demo cannot run", () => {
  test("under another listener it says so in one line", async () => {
    const directory = temporary("nested");
    const contour = join(directory, "outer.contour");
    const { status, stdout, stderr } = await isoline(["learn", "-q", "-o", contour, "--", isolineProgram, "demo"], {
      cwd: "/",
      env: { TMPDIR: directory },
    });
    expect(stderr).toMatch(/^isoline: nothing can be learnt here, .* already runs under a seccomp listener .*\n$/);
    expect(stdout).toBe("");
    expect(status).toBe(1);
    expect(readdirSync(directory)).toEqual(["outer.contour", "outer.contour.evidence"]);
  });

  test("without npm it says so in one line", async () => {
    const directory = temporary("without-npm");
    const programs = join(place, "programs");
    mkdirSync(programs);
    for (const name of ["sh", "base64", "tr", "readlink"]) symlinkSync(join("/bin", name), join(programs, name));
    const { status, stdout, stderr } = await isoline(["demo"], {
      cwd: "/",
      env: { TMPDIR: directory, PATH: programs, ISOLINE_NODE: process.execPath },
    });
    expect(stderr).toBe("isoline: the demo needs npm, which comes with Node; put it on PATH and try again\n");
    expect(stdout).toBe("");
    expect(status).toBe(1);
    expect(readdirSync(directory)).toEqual([]);
  });

  test("without a temporary directory it says so in one line", async () => {
    const { status, stderr } = await isoline(["demo"], { cwd: "/", env: { TMPDIR: join(place, "missing") } });
    expect(stderr).toMatch(/^isoline: the demo needs a directory of its own in .*; set TMPDIR\n$/);
    expect(status).toBe(1);
  });
});

test.skipIf(!isBuilt)("SIGTERM leaves nothing behind", async () => {
  const directory = temporary("stopped");
  const { status, stdout } = await isoline(["demo"], {
    cwd: "/",
    env: { TMPDIR: directory, PATH: SYSTEM_PATH },
    onStart: (child) =>
      child.stdout?.on("data", (text: string) => {
        if (text.includes("$ isoline learn")) child.kill("SIGTERM");
      }),
  });
  expect(status).toBe(143);
  expect(stdout).not.toContain("$ isoline show");
  expect(readdirSync(directory)).toEqual([]);
});

test.skipIf(!isBuilt)("--keep leaves the folder for inspection", async () => {
  const directory = temporary("kept");
  const { status, stdout } = await isoline(["demo", "--keep"], { cwd: "/", env: { TMPDIR: directory } });
  const project = /^The project is in (.*), its home is /m.exec(stdout)?.[1] ?? "";
  expect(readdirSync(project)).toEqual(expect.arrayContaining(["hello.contour", "package.json", "vendor"]));
  expect(project.startsWith(directory)).toBe(true);
  expect(status).toBe(0);
});
