/** A contour as the policy of another system: its own tool reads it, the workload works under it, and a departure is refused. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseYaml } from "../../packages/isoline/src/store/yaml.ts";
import { ended, isBuilt, isoline } from "../support/isoline.ts";
import { isInstalled } from "../support/machine.ts";

/** Names with spaces and with characters that mean something in each of the forms. */
const ODD = `odd 'name" *[x]{y}%n$HOME`;
const WORKLOAD = `set -e
cat in.txt >out.txt
mkdir -p "$(cat odd.txt)"
cp in.txt "$(cat odd.txt)/copy"
ls / >/dev/null
mktemp -p . tmp.XXXXXXXX >/dev/null
rm -rf out.txt "$(cat odd.txt)" tmp.*
`;

interface Paths {
  readonly matchPaths: readonly { readonly path: string }[];
  readonly matchDirectories: readonly { readonly dir: string }[];
}
interface Resource {
  readonly apiVersion: string;
  readonly kind: string;
  readonly spec: { readonly action: string; readonly process: Paths; readonly file: Paths };
}
const yaml = async (text: string) => (await parseYaml(text, (why) => new Error(why))) as Resource;

describe.skipIf(!isBuilt)("an exported contour", () => {
  let cwd: string;
  beforeAll(async () => {
    cwd = mkdtempSync(join(tmpdir(), "isoline-export-"));
    writeFileSync(join(cwd, "in.txt"), "text\n");
    writeFileSync(join(cwd, "odd.txt"), ODD);
    writeFileSync(join(cwd, "work.sh"), WORKLOAD);
    await isoline(["learn", "-o", "app.contour", "--", "sh", "work.sh"], { cwd });
  });
  afterAll(() => rmSync(cwd, { recursive: true, force: true }));

  async function exported(format: string, contour = "app.contour"): Promise<string> {
    const { status, stderr } = await isoline(["export", contour, "--to", format, "-o", format], { cwd });
    expect([status, stderr]).toEqual([0, expect.anything()]);
    expect(stderr).toContain(`${format} cannot say everything that ${contour} says`);
    expect(stderr).toContain("which program does it");
    return readFileSync(join(cwd, format), "utf8");
  }

  describe.skipIf(!["runc", "busybox", "perl"].every(isInstalled))("to seccomp (needs runc, busybox and perl)", () => {
    /** A container of busybox under the profile, that runs a script. */
    async function contained(script: string) {
      const bundle = mkdtempSync(join(tmpdir(), "isoline-bundle-"));
      try {
        mkdirSync(join(bundle, "rootfs/bin"), { recursive: true });
        for (const program of PROGRAMS)
          spawnSync("sh", ["-c", `cp "$(command -v ${program})" ${bundle}/rootfs/bin/${program}`]);
        for (const library of libraries()) {
          mkdirSync(join(bundle, "rootfs", library, ".."), { recursive: true });
          spawnSync("cp", ["-L", library, join(bundle, "rootfs", library)]);
        }
        writeFileSync(join(bundle, "rootfs/in.txt"), "text\n");
        spawnSync("runc", ["spec"], { cwd: bundle });
        const config = JSON.parse(readFileSync(join(bundle, "config.json"), "utf8"));
        Object.assign(config.process, { terminal: false, args: ["/bin/busybox", "sh", "-c", script] });
        config.root.readonly = false;
        config.linux.seccomp = JSON.parse(readFileSync(join(cwd, "seccomp"), "utf8"));
        writeFileSync(join(bundle, "config.json"), JSON.stringify(config));
        const options = ["--root", join(bundle, "state"), "run", "--bundle", bundle, `e${process.pid}`];
        return await ended("runc", options, { cwd: bundle });
      } finally {
        rmSync(bundle, { recursive: true, force: true });
      }
    }
    const PROGRAMS = ["busybox", "perl"];
    const libraries = () =>
      PROGRAMS.flatMap(
        (program) =>
          spawnSync("sh", ["-c", `ldd "$(command -v ${program})"`], { encoding: "utf8" }).stdout.match(/\/\S+/g) ?? [],
      );

    it("lets the workload run in a container, and refuses what it never did", async () => {
      const work = "/bin/busybox cat /in.txt > /out.txt; /bin/busybox cat /out.txt";
      writeFileSync(join(cwd, "contained.sh"), "busybox cat in.txt > copy.txt; busybox cat copy.txt; rm copy.txt");
      const learnt = await isoline(["learn", "-o", "box.contour", "--", "busybox", "sh", "contained.sh"], { cwd });
      expect(learnt.stdout).toBe("text\n");
      await exported("seccomp", "box.contour");
      const same = await contained(work);
      expect(same).toMatchObject({ status: 0, stdout: "text\n" });
      for (const act of ["chmod 777 /in.txt", "ln -s /in.txt /link", "mkdir /made", "nc -l -p 99"]) {
        const { status, stderr } = await contained(`/bin/busybox ${act}`);
        expect([act, status === 0, /not permitted/i.test(stderr)]).toEqual([act, false, true]);
      }
    });

    it("refuses a new kernel namespace by clone, and has libraries use that in place of clone3", async () => {
      const { stderr } = await isoline(["export", "box.contour", "--to", "seccomp", "-q", "-o", "seccomp"], { cwd });
      expect(stderr).toBe("");
      // SIGCHLD, alone and with CLONE_NEWUSER, CLONE_NEWPID; then clone3 without arguments.
      const calls = "[56, 17], [56, 17 | 0x10000000], [56, 17 | 0x20000000], [435, 0]";
      const script = `for my $call (${calls}) { my $made = syscall($call->[0], $call->[1], 0, 0, 0, 0); exit if $made == 0; print $made > 0 ? "made" : $! + 0, "\\n" }`;
      const { stdout } = await contained(`exec /bin/perl -e '$| = 1; ${script}'`);
      expect(stdout.trim().split("\n")).toEqual(["made", "1", "1", "38"]);
    });
  });

  it.skipIf(!isInstalled("apparmor_parser"))(
    "to AppArmor: its parser accepts the profile (needs apparmor)",
    async () => {
      await exported("apparmor");
      const { status, stderr } = await ended("apparmor_parser", ["-Q", "-K", "apparmor"], { cwd });
      expect([status, stderr]).toEqual([0, expect.anything()]);
    },
  );

  it.skipIf(!isInstalled("systemd-analyze"))("to systemd: it knows every setting (needs systemd)", async () => {
    const dropIn = await exported("systemd");
    writeFileSync(join(cwd, "app.service"), `${dropIn}ExecStart=/bin/sh work.sh\n`);
    const verified = await ended("systemd-analyze", ["verify", join(cwd, "app.service")], { cwd });
    expect(verified.stderr).not.toContain("app.service");
    const rated = await ended("systemd-analyze", ["security", "--offline=true", join(cwd, "app.service")], { cwd });
    expect([rated.status, rated.stderr]).toEqual([0, expect.anything()]);
    expect(rated.stdout).toMatch(/overall exposure level for app.service: \d/i);
  });

  const landlocks = spawnSync("setpriv", ["--landlock-access", "fs:make-block", "true"]).status === 0;
  it.skipIf(!landlocks)(
    "to Landlock: the script runs the workload, and the kernel refuses the rest (needs setpriv)",
    async () => {
      await exported("landlock");
      const same = await ended("sh", ["landlock", "sh", "work.sh"], { cwd });
      expect([same.status, same.stderr]).toEqual([0, ""]);
      const read = await ended("sh", ["landlock", "cat", "/etc/passwd"], { cwd });
      expect([read.status, read.stdout]).toEqual([1, ""]);
      expect(read.stderr).toContain("Permission denied");
      const wrote = await ended("sh", ["landlock", "sh", "-c", "echo x >in.txt; echo y >/var/tmp/isoline-refused"], {
        cwd,
      });
      expect(wrote.stderr).toContain("Permission denied");
      expect(existsSync("/var/tmp/isoline-refused")).toBe(false);
      const ran = await ended("sh", ["landlock", "uname"], { cwd });
      expect(ran.status).not.toBe(0);
    },
  );

  it("to KubeArmor: paths and directories as the resource's schema asks for them", async () => {
    const policy = await yaml(await exported("kubearmor"));
    expect([policy.apiVersion, policy.kind, policy.spec.action]).toEqual([
      "security.kubearmor.com/v1",
      "KubeArmorPolicy",
      "Allow",
    ]);
    for (const { path } of [...policy.spec.process.matchPaths, ...policy.spec.file.matchPaths])
      expect(path).toMatch(/^\/+.*[^/]$/);
    for (const { dir } of policy.spec.file.matchDirectories) expect(dir).toMatch(/^\/$|^\/.*\/$/);
    const executed = policy.spec.process.matchPaths.map(({ path }) => path);
    expect(executed).toContain("/usr/bin/cat");
    const read = policy.spec.file.matchPaths.find(({ path }) => path === join(cwd, "in.txt"));
    expect(read).toEqual({ path: join(cwd, "in.txt"), readOnly: true });
  });

  it("to Kubescape, and read again: every rule is confirmed, and none is lacking", async () => {
    const profile = await yaml(await exported("kubescape"));
    expect([profile.apiVersion, profile.kind]).toEqual([
      "spdx.softwarecomposition.kubescape.io/v1beta1",
      "ApplicationProfile",
    ]);
    const { status, stdout } = await isoline(["import", "kubescape", "app.contour", "--from", "kubescape", "--json"], {
      cwd,
    });
    const told = JSON.parse(stdout);
    expect([status, told.unseen]).toEqual([0, []]);
    // Removed names have no flag there.
    expect(told.lacking.filter((line: string) => !/^remove|^make|^change|^list/.test(line))).toEqual([]);
  });

  it("says what stands for the paths of another machine", async () => {
    const { stdout } = await isoline(["export", "app.contour", "--to", "apparmor", "--cwd", "/srv/app", "-q"], { cwd });
    expect(stdout).toContain("/srv/app/in.txt r,");
    expect(stdout).not.toContain(cwd);
  });

  it("refuses a name that no profile can have", async () => {
    const { status, stderr } = await isoline(["export", "app.contour", "--to", "kubearmor", "--name", "a\nb: c"], {
      cwd,
    });
    expect([status, stderr.split("\n").length]).toEqual([2, 3]);
  });
});
