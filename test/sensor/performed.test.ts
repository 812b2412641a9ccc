/**
 * Calls that the supervisor performs in place of a task: with the task's rights and no others, so that their results are those
 * without a supervisor.
 */
import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { landlockVersion } from "../../packages/linux/src/abi/landlock.ts";
import { isBuilt, isoline, readReport } from "../support/isoline.ts";
import { compiler, NOBODY } from "./case.ts";
import { isRoot } from "../support/machine.ts";

const obstacle = compiler === undefined || !isBuilt || !isRoot ? "needs gcc, a build, root" : undefined;

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "isoline-performed-"));
  chmodSync(directory, 0o755);
  if (compiler === undefined) return;
  for (const name of ["performed", "odd-names"]) {
    const source = fileURLToPath(new URL(`${name}.c`, import.meta.url));
    execFileSync("gcc", ["-O1", "-w", "-static", "-o", join(directory, name), source]);
  }
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const idsOf = (uid: number) => ["--reuid", `${uid}`, "--regid", `${uid}`, "--clear-groups"];

/** An empty directory of one user. */
function empty(name: string, uid: number): string {
  const place = join(directory, name);
  rmSync(place, { recursive: true, force: true });
  mkdirSync(place);
  chownSync(place, uid, uid);
  return place;
}

/** The files that the program finds: its user's own, and root's. */
function lay(name: string, uid: number): string {
  const place = empty(name, uid);
  const own = (path: string, gid = uid) => chownSync(join(place, path), uid, gid);
  for (const path of ["plain", "setgid", "acl", "empty", "full", "closed", "sticky", "foreign"])
    mkdirSync(join(place, path));
  for (const path of ["plain", "acl", "empty", "full"]) own(path);
  const files = [
    "mine",
    "grouped",
    "full/one",
    "closed/mine",
    "sticky/mine",
    "sticky/theirs",
    "foreign/theirs",
    "foreign/open",
  ];
  for (const path of [...files, "foreign/users"]) writeFileSync(join(place, path), "text\n");
  mkdirSync(join(place, "closed/empty"));
  for (const path of ["mine", "full/one", "closed/mine", "closed/empty", "sticky/mine"]) own(path);
  own("setgid", 7);
  own("grouped", 7);
  chownSync(join(place, "foreign/users"), NOBODY, NOBODY);
  for (const [path, mode] of [
    ["setgid", 0o2775],
    ["closed", 0o700],
    ["sticky", 0o1777],
    ["foreign/open", 0o666],
  ] as const)
    chmodSync(join(place, path), mode);
  return place;
}

interface Start {
  /** The user, inside and outside. */
  readonly uid?: number;
  /** Root starts it as that user: the supervisor remains root. */
  readonly byRoot?: boolean;
  readonly within?: readonly string[];
  /** The path of the program, if not its usual one. */
  readonly at?: string;
}

/** Learns a command; returns its output, its losses, and the calls that were not performed. */
async function learn(command: readonly string[], cwd: string, { uid, byRoot = false }: Start = {}) {
  const as = byRoot ? ["--user", `${uid}:${uid}`] : [];
  const report = ["--report", join(directory, "report.json"), "-o", join(directory, "contour")];
  chmodSync(directory, 0o777);
  const { stdout, stderr } = await isoline(["learn", "-q", ...report, ...as, "--", ...command], {
    cwd,
    ...(byRoot ? {} : { uid }),
  });
  chmodSync(directory, 0o755);
  const { racy: all, incomplete } = readReport(directory);
  // Opens and executions are not counted here.
  const isAsked = (call: string) => /dir|mknod|link|rename|truncate|chmod|chown|xattr|utim/.test(call);
  const racy = Object.fromEntries(Object.entries(all).filter(([call]) => isAsked(call)));
  for (const name of ["report.json", "contour"]) rmSync(join(directory, name), { force: true });
  return { stdout, stderr, racy, incomplete };
}

/** The same program outside and inside. */
async function both(section: string, start: Start = {}) {
  const { uid = 0, within = [], at = join(directory, "performed") } = start;
  const command = [...within, at, section];
  const laid = (name: string) => {
    const place = lay(name, uid);
    copyFileSync(join(directory, "performed"), join(place, "performed"));
    return place;
  };
  const bare = spawnSync("setpriv", [...idsOf(uid), ...command], { cwd: laid("bare"), encoding: "latin1" });
  const { stdout, stderr, ...rest } = await learn(command, laid("inside"), start);
  return { bare: bare.stdout + bare.stderr, inside: stdout + stderr, ...rest };
}

describe.skipIf(obstacle !== undefined)(`performed calls${obstacle ? ` (${obstacle})` : ""}`, () => {
  const starts: [string, Start][] = [
    ["root", {}],
    ["an ordinary user", { uid: NOBODY }],
    ["an ordinary user whose supervisor is root", { uid: NOBODY, byRoot: true }],
  ];

  describe.each(starts)("for %s", (_, start) => {
    it("give a new file the owner and the mode that it would have", async () => {
      const { bare, inside, racy } = await both("modes", start);
      expect(inside.split("\n")).toEqual(bare.split("\n"));
      expect(bare).toMatch(/acl\/1-0: 41775, \d+:\d+, 0 bytes, access 0200.*, default 0200/);
      expect(racy).toEqual({});
    });

    it("reach what the task would reach, and nothing else", async () => {
      const { bare, inside, incomplete } = await both("reach", start);
      expect(inside.split("\n")).toEqual(bare.split("\n"));
      expect(incomplete).toEqual([]);
    });

    it("fail as they would, and succeed as they would, with odd names and attributes", async () => {
      const command = [join(directory, "odd-names")];
      const { uid = 0 } = start;
      const places = ["bare", "inside"].map((name) => empty(name, uid)) as [string, string];
      const bare = spawnSync("setpriv", [...idsOf(uid), ...command], { cwd: places[0], encoding: "latin1" });
      const { stdout, stderr } = await learn(command, places[1], start);
      expect((stdout + stderr).split("\n")).toEqual((bare.stdout + bare.stderr).split("\n"));
    });

    it("keep to the limit of its files, and signal the task", async () => {
      const { bare, inside } = await both("limits", start);
      expect(inside.split("\n")).toEqual(bare.split("\n"));
      expect(bare).toMatch(/truncate\("mine", 11\): EFBIG\n {2}heard of it 1 times/);
      // tmpfs has no such mode.
      expect(bare).toMatch(/fallocate\(file, FALLOC_FL_ZERO_RANGE, 0, 20\): (EFBIG|EOPNOTSUPP)/);
    });

    it("are made once, whatever signals the task gets", async () => {
      const { inside } = await both("storm", start);
      expect(inside).toBe("a storm, 0 made twice\n");
    });

    it("do not wait for the holder of a lease", async () => {
      const { bare, inside, racy } = await both("lease", start);
      expect(inside.split("\n")).toEqual(bare.split("\n"));
      expect(racy).toEqual({ truncate: 1 });
    });

    it.skipIf(landlockVersion() < 1)("leave a task to the Landlock rules that it has put on itself", async () => {
      const { bare, inside, racy } = await both("landlock", start);
      expect(inside.split("\n")).toEqual(bare.split("\n"));
      expect(bare).toMatch(/after", 0755\): EACCES/);
      expect(racy).toEqual({ chmod: 1, mkdir: 2, unlink: 1 });
    });

    it("are performed for a task that has tried in vain to put rules on itself", async () => {
      const { bare, inside, racy } = await both("in-vain", start);
      expect(inside.split("\n")).toEqual(bare.split("\n"));
      expect(racy).toEqual({});
    });
  });

  it("are performed in a mount namespace of its own, and below another root", async () => {
    const unshared = await both("modes", { within: ["unshare", "--mount"] });
    expect(unshared.inside.split("\n")).toEqual(unshared.bare.split("\n"));
    expect(unshared.racy).toEqual({});
    const jailed = await both("modes", { within: ["chroot", "."], at: "/performed" });
    expect(jailed.inside.split("\n")).toEqual(jailed.bare.split("\n"));
    expect(jailed.bare).toMatch(/acl\/1-0: 41775/);
    expect(jailed.racy).toEqual({});
  });

  it("are not performed for a task in a user namespace of its own, and this is reported", async () => {
    const { bare, inside, racy } = await both("modes", { uid: NOBODY, within: ["unshare", "--map-root-user"] });
    expect(inside.split("\n")).toEqual(bare.split("\n"));
    expect(racy).toEqual({ mkdir: 12, mknodat: 24, symlink: 12, setxattr: 1 });
  });

  const group = ["/sys/fs/cgroup/devices", "/sys/fs/cgroup"].find((path) => existsSync(join(path, "cgroup.procs")));
  it.skipIf(group === undefined)("let the kernel decide which devices a control group may create", async () => {
    const own = join(group as string, `isoline-performed-${process.pid}`);
    mkdirSync(own);
    try {
      const script = `echo $$ > ${own}/cgroup.procs; mknod null c 1 3; mknod fifo p; mknod white c 0 0; stat -c %F null fifo white`;
      const { stdout, racy } = await learn(["sh", "-c", script], lay("inside", 0));
      expect(stdout).toBe("character special file\nfifo\ncharacter special file\n");
      expect(racy).toEqual({ mknodat: 1 });
    } finally {
      rmdirSync(own);
    }
  });

  it("do not give back to root what it has given up", async () => {
    const given = "-chown,-fowner,-dac_override,-dac_read_search,-mknod,-sys_admin";
    const within = ["setpriv", "--bounding-set", given, "--inh-caps", given];
    const { bare, inside, racy } = await both("lesser", { within });
    expect(inside.split("\n")).toEqual(bare.split("\n"));
    expect(bare.match(/EPERM|EACCES/g)).toHaveLength(4);
    expect(racy).toEqual({});
  });
});
