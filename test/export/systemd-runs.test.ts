/** A service under the drop-in that export wrote, run by a real systemd: it works, and what it never did is refused. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isBuilt, isoline } from "../support/isoline.ts";
import { hasOwnSystemd, runUnit } from "../support/own-systemd.ts";

const possible = isBuilt && hasOwnSystemd;

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
    runUnit(cwd, "app.service", { seconds: 60 });
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
