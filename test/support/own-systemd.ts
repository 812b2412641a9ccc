/** A systemd of a test's own, in namespaces of its own: it runs the units of a folder until one of them ends. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isolineProgram } from "./isoline.ts";
import { isInstalled, isRoot } from "./machine.ts";

const SYSTEMD = "/lib/systemd/systemd";
const NAMESPACES = ["--mount", "--pid", "--fork", "--uts", "--ipc", "--cgroup", "--mount-proc"];

export const hasOwnSystemd =
  isRoot &&
  existsSync(SYSTEMD) &&
  isInstalled("systemctl") &&
  spawnSync("unshare", [...NAMESPACES, "true"], { stdio: "ignore" }).status === 0;

/** Runs until `unit`, of the folder `units` of this place, ends. `hidden`: folders of the machine that are empty for it, beside `/run`. */
export function runUnit(
  cwd: string,
  unit: string,
  { seconds, hidden = [] }: { seconds: number; hidden?: readonly string[] },
) {
  for (const folder of ["units", "generators"]) mkdirSync(join(cwd, folder), { recursive: true });
  const paths = `SYSTEMD_UNIT_PATH=${cwd}/units SYSTEMD_GENERATOR_PATH=${cwd}/generators`;
  const mounts = [
    ...["/run", ...hidden].map((folder) => `mount -t tmpfs none ${folder}`),
    "mount -t cgroup2 none /sys/fs/cgroup",
  ].join(" && ");
  const start = `${mounts} && exec env -i container=test PATH="$PATH" ${paths} ${SYSTEMD} --system --unit=${unit} --log-target=null`;
  spawnSync("unshare", [...NAMESPACES, "sh", "-c", start], { stdio: "ignore", timeout: seconds * 1000 });
}

/** The same with a shell script as the unit, which has `$ISOLINE` and the folder as its first word. It may use systemctl. */
export function runDriver(cwd: string, script: string, how: Parameters<typeof runUnit>[2]) {
  mkdirSync(join(cwd, "units"), { recursive: true });
  writeFileSync(join(cwd, "driver.sh"), script);
  writeFileSync(
    join(cwd, "units/driver.service"),
    `[Unit]
DefaultDependencies=no
SuccessAction=exit-force
FailureAction=exit-force
[Service]
Type=oneshot
Environment=ISOLINE=${isolineProgram}
ExecStart=/bin/sh ${cwd}/driver.sh ${cwd}
StandardOutput=append:${cwd}/driver.out
StandardError=append:${cwd}/driver.out
`,
  );
  runUnit(cwd, "driver.service", how);
}
