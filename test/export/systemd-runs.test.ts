/** A service under the drop-in that export wrote, run by a real systemd: it works, and what it never did is refused. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isBuilt, isoline } from "../support/isoline.ts";
import { isRoot } from "../support/machine.ts";

const SYSTEMD = "/lib/systemd/systemd";
const NAMESPACES = ["--mount", "--pid", "--fork", "--uts", "--ipc", "--cgroup", "--mount-proc"];
const possible =
  isRoot &&
  isBuilt &&
  existsSync(SYSTEMD) &&
  spawnSync("unshare", [...NAMESPACES, "true"], { stdio: "ignore" }).status === 0;

const WORKLOAD = `set -e
cat in.txt >out.txt
mkdir -p "made here"
cp in.txt "made here/copy"
ls / >/dev/null
cat out.txt
rm -rf out.txt "made here"
`;

/** Each with what the kernel says where systemd's settings refuse it. */
const DEPARTURES: readonly (readonly [what: string, script: string, refusal: RegExp])[] = [
  ["a program that is not listed", "uname", /Permission denied/],
  ["a file elsewhere", "echo x > /var/tmp/isoline-refused", /Read-only file system/],
  ["a file in a home", "echo x > /root/isoline-refused", /Read-only file system/],
  ["a call by which no act of the contour is made", "cp -s in.txt link", /Operation not permitted/],
];

const LEFT = ["/var/tmp/isoline-refused", "/root/isoline-refused"];

describe.skipIf(!possible)("a service under an exported drop-in (needs root, a build, systemd, namespaces)", () => {
  let cwd: string;
  beforeAll(async () => {
    cwd = mkdtempSync(join(tmpdir(), "isoline-systemd-"));
    writeFileSync(join(cwd, "in.txt"), "text\n");
    writeFileSync(join(cwd, "work.sh"), WORKLOAD);
    await isoline(["learn", "-q", "-o", "app.contour", "--", "sh", "work.sh"], { cwd });
    mkdirSync(join(cwd, "units/app.service.d"), { recursive: true });
    mkdirSync(join(cwd, "generators"));
    const dropIn = ["-q", "-o", "units/app.service.d/50-isoline.conf"];
    await isoline(["export", "app.contour", "--to", "systemd", ...dropIn], { cwd });
  });
  afterAll(() => rmSync(cwd, { recursive: true, force: true }));

  /** A systemd of its own, which ends with the service. */
  function serve(command: string): { readonly stdout: string; readonly stderr: string } {
    for (const stream of ["stdout", "stderr"]) rmSync(join(cwd, stream), { force: true });
    writeFileSync(join(cwd, "command.sh"), command);
    writeFileSync(
      join(cwd, "units/app.service"),
      `[Unit]
DefaultDependencies=no
SuccessAction=exit-force
FailureAction=exit-force
[Service]
Type=oneshot
WorkingDirectory=${cwd}
ExecStart=/bin/sh ${command}
StandardOutput=file:${cwd}/stdout
StandardError=file:${cwd}/stderr
`,
    );
    const paths = ["SYSTEMD_UNIT_PATH=units", "SYSTEMD_GENERATOR_PATH=generators"].map((each) =>
      each.replace("=", `=${cwd}/`),
    );
    const start = `mount -t tmpfs none /run && mount -t cgroup2 none /sys/fs/cgroup && exec env -i container=test PATH="$PATH" ${paths.join(" ")} ${SYSTEMD} --system --unit=app.service --log-target=null`;
    spawnSync("unshare", [...NAMESPACES, "sh", "-c", start], { stdio: "ignore", timeout: 60_000 });
    const told = (stream: string) => (existsSync(join(cwd, stream)) ? readFileSync(join(cwd, stream), "utf8") : "");
    return { stdout: told("stdout"), stderr: told("stderr") };
  }

  it("works", () => {
    expect(serve("work.sh")).toEqual({ stdout: "text\n", stderr: "" });
  });

  it.each(DEPARTURES)("is refused %s", (_, script, refusal) => {
    writeFileSync(join(cwd, "departs.sh"), `echo begun\n${script}\n`);
    const { stdout, stderr } = serve("departs.sh");
    expect(stdout).toContain("begun\n");
    expect(stderr).toMatch(refusal);
    for (const place of LEFT) expect(existsSync(place)).toBe(false);
  });

  it("is refused nothing of that without the drop-in", () => {
    renameSync(join(cwd, "units/app.service.d"), join(cwd, "aside"));
    writeFileSync(join(cwd, "departs.sh"), DEPARTURES.map(([, script]) => `${script}\n`).join(""));
    expect(serve("departs.sh")).toEqual({ stdout: "Linux\n", stderr: "" });
    for (const place of LEFT) rmSync(place);
  });
});
