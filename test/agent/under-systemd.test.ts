/** The agent by its packaged unit under a real systemd: it is ready when it says so, and one that hangs or ends is started again. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { repository } from "../../tools/run.mjs";
import { isBuilt, isolineProgram } from "../support/isoline.ts";
import { isCI } from "../support/machine.ts";
import { hasOwnSystemd, runDriver } from "../support/own-systemd.ts";

const possible = isCI && isBuilt && hasOwnSystemd;

/** Each step's words and status go to files of their own. The watchdog of the packaged unit waits a minute; here it waits a few seconds. */
const DRIVER = `set -u
cd "$1"
step() { name=$1; shift; "$@" >"$name.out" 2>&1; echo "$?" >"$name.status"; }
main() { systemctl show isoline-agent --property=MainPID --value; }
another() { for _ in $(seq 300); do now=$(main); [ "$now" != 0 ] && [ "$now" != "$1" ] && systemctl is-active -q isoline-agent && return; sleep 0.2; done; return 1; }
supervised() { "$ISOLINE" run app.contour --enforce --agent -- sh -c 'cat in.txt'; }
step start systemctl start isoline-agent
systemctl show isoline-agent --property=ActiveState,Type,WatchdogUSec,NoNewPrivileges >shown
step learn "$ISOLINE" learn -q -o app.contour -- sh -c 'cat in.txt'
step first supervised
step departs "$ISOLINE" run app.contour --enforce --agent -- sh -c 'cat in.txt; echo x >secret'
before=$(main)
kill -STOP "$before"
step watched another "$before"
step second supervised
before=$(main)
kill -KILL "$before"
step killed another "$before"
step third supervised
step restart systemctl restart isoline-agent
step fourth supervised
step stop systemctl stop isoline-agent
step without supervised
`;

describe.skipIf(!possible)("the agent under systemd (needs CI, root, a build, systemd, namespaces)", () => {
  let cwd: string;
  const told = (file: string) => (existsSync(join(cwd, file)) ? readFileSync(join(cwd, file), "utf8") : "");
  const statuses = (...steps: readonly string[]) => steps.map((step) => told(`${step}.status`).trim());

  beforeAll(() => {
    cwd = mkdtempSync(join(tmpdir(), "isoline-agent-unit-"));
    mkdirSync(join(cwd, "units"));
    writeFileSync(join(cwd, "in.txt"), "text\n");
    const packaged = readFileSync(join(repository, "packaging/debian/isoline-agent.service"), "utf8");
    const unit = packaged
      .replace("/usr/bin/isoline", isolineProgram)
      .replace("WatchdogSec=60", "WatchdogSec=6")
      .replace("[Unit]", "[Unit]\nDefaultDependencies=no");
    writeFileSync(join(cwd, "units/isoline-agent.service"), unit);
    // What the agent keeps between boots is in /var/lib.
    runDriver(cwd, DRIVER, { seconds: 240, hidden: ["/var/lib"] });
  });
  afterAll(() => rmSync(cwd, { recursive: true, force: true }));

  it("is started when it takes orders, with a watchdog, and gains no privileges", () => {
    expect(statuses("start", "learn", "first")).toEqual(["0", "0", "0"]);
    expect(told("first.out")).toContain("text\n");
    expect(told("shown").trim().split("\n").sort()).toEqual([
      "ActiveState=active",
      "NoNewPrivileges=yes",
      "Type=notify",
      "WatchdogUSec=6s",
    ]);
  });

  it("supervises: what departs is refused", () => {
    expect(told("departs.out")).toMatch(/refused, off contour: .*secret/);
    expect(existsSync(join(cwd, "secret"))).toBe(false);
  });

  it("is started again where it hangs, where it is killed, and where an operator has it start anew", () => {
    expect(statuses("watched", "second", "killed", "third", "restart", "fourth")).toEqual(Array(6).fill("0"));
  });

  it("that is stopped leaves commands that ask for it with a refusal, and not without a supervisor", () => {
    expect(statuses("stop", "without")).toEqual(["0", "125"]);
    expect(told("without.out")).not.toContain("text\n");
  });
});
