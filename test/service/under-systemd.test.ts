/** A service by a real systemd: learnt, finished and enforced with isoline's commands, and what it never did is refused. */
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isBuilt } from "../support/isoline.ts";
import { isCI } from "../support/machine.ts";
import { hasOwnSystemd, runDriver } from "../support/own-systemd.ts";

const possible = isCI && isBuilt && hasOwnSystemd;

/** As a user would type it; each command's words go to a file of its own. */
const DRIVER = `set -u
cd "$1"
service() { word=$1; shift; "$ISOLINE" service "$word" app --directory units "$@"; }
step() { name=$1; shift; "$@" >"$name.out" 2>&1; echo "$?" >"$name.status"; }
step learn service learn --program "$ISOLINE" --contour services/app.contour
systemctl daemon-reload
systemctl show app --property=ExecStart --value >argv
step first systemctl start app
step second systemctl start app
step finish service finish --contour services/app.contour
systemctl daemon-reload
step enforce service enforce --program "$ISOLINE" --contour services/app.contour
systemctl daemon-reload
step kept systemctl start app
step show service show --program "$ISOLINE" --contour services/app.contour
echo 'cat in.txt; echo departs >secret' >work/work.sh
step departs systemctl start app
long="--contour services/long.contour"
"$ISOLINE" service learn long --directory units --program "$ISOLINE" $long 2>>long.out
systemctl daemon-reload
step up systemctl start long
until [ -e work/up ]; do sleep 0.2; done
kill -HUP "$(systemctl show long --property=MainPID --value)"
until [ -e work/reloaded ]; do sleep 0.2; done
step down systemctl stop long
"$ISOLINE" service finish long --directory units $long 2>>long.out
`;

describe.skipIf(!possible)("a service of systemd (needs CI, root, a build, systemd, namespaces)", () => {
  let cwd: string;
  const told = (file: string) => (existsSync(join(cwd, file)) ? readFileSync(join(cwd, file), "utf8") : "");

  beforeAll(() => {
    cwd = mkdtempSync(join(tmpdir(), "isoline-service-"));
    chmodSync(cwd, 0o755);
    for (const folder of ["units", "services", "work"]) mkdirSync(join(cwd, folder));
    spawnSync("chown", ["nobody:", join(cwd, "work")]);
    writeFileSync(join(cwd, "work/in.txt"), "text\n");
    writeFileSync(join(cwd, "work/work.sh"), 'cat in.txt\necho "$1|$2|$3" >out.txt\n');
    writeFileSync(
      join(cwd, "units/app.service"),
      `[Unit]
DefaultDependencies=no
[Service]
Type=oneshot
User=nobody
ProtectSystem=strict
ReadWritePaths=${cwd}/work
LockPersonality=yes
PrivateDevices=yes
ProtectHome=yes
ProtectKernelTunables=yes
RestrictNamespaces=yes
RestrictRealtime=yes
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectControlGroups=yes
ProtectProc=invisible
SystemCallArchitectures=native
PrivateNetwork=yes
NoNewPrivileges=yes
WorkingDirectory=${cwd}/work
Environment=TOLD="two words"
ExecStart=/bin/sh work.sh "a  b" \${TOLD} '100%%'
StandardOutput=append:${cwd}/stdout
StandardError=append:${cwd}/stderr
`,
    );
    writeFileSync(
      join(cwd, "units/long.service"),
      `[Unit]
DefaultDependencies=no
[Service]
Type=notify
User=nobody
WorkingDirectory=${cwd}/work
ExecStart=/bin/sh -c 'trap "touch reloaded" HUP; trap "touch down; exit 0" TERM; systemd-notify --ready; touch up; while :; do sleep 0.2; done'
StandardError=append:${cwd}/long.err
`,
    );
    runDriver(cwd, DRIVER, { seconds: 100 });
  });
  afterAll(() => rmSync(cwd, { recursive: true, force: true }));

  it("is learnt in two starts, with the words that its unit gives it", () => {
    expect(told("learn.out")).toContain("Now: systemctl daemon-reload");
    expect(["learn", "first", "second"].map((step) => told(`${step}.status`))).toEqual(["0\n", "0\n", "0\n"]);
    expect(told("work/out.txt")).toBe("a  b|two words|100%\n");
    expect(told("argv")).toContain(" --user nobody -- /bin/sh work.sh ");
  });

  it("has a contour when learning is finished, and keeps to it enforced", () => {
    expect(told("finish.out")).toContain("To enforce: isoline service enforce app.service");
    expect(["finish", "enforce", "kept", "show"].map((step) => told(`${step}.status`))).toEqual(Array(4).fill("0\n"));
    expect(told("show.out")).toContain("app.service: enforced\n");
    expect(told("stdout")).toBe("text\n".repeat(4));
  });

  it("is refused what it never did, as its user", () => {
    expect(told("departs.status")).not.toBe("0\n");
    expect(told("stderr")).toMatch(/refused, off contour: .*secret/);
    expect(existsSync(join(cwd, "work/secret"))).toBe(false);
  });

  it("that runs on says when it is ready, is told what systemd tells it, and its contour is written when it is stopped", () => {
    expect(["up", "down"].map((step) => told(`${step}.status`))).toEqual(["0\n", "0\n"]);
    expect(existsSync(join(cwd, "work/down"))).toBe(true);
    expect(told("long.out")).toContain("To enforce: isoline service enforce long.service");
    expect(told("services/long.contour")).toContain("reloaded");
  });
});
