/** The drop-ins of isoline service: what they make of a unit's commands, which units they are refused for, and where they are written. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dropInFor } from "../../packages/isoline/src/service/drop-in.ts";
import { readUnit } from "../../packages/isoline/src/service/read-unit.ts";
import { Settings } from "../../packages/isoline/src/service/settings.ts";
import { assignmentsIn } from "../../packages/isoline/src/service/unit-text.ts";
import { ended, isBuilt, isoline } from "../support/isoline.ts";
import { isInstalled } from "../support/machine.ts";

const ORDER = {
  unit: "app.service",
  mode: "enforce",
  program: "/bin/isoline",
  contour: "/c/app.contour",
  agentSocket: undefined,
  without: [],
  user: undefined,
} as const;
const ISOLINE = "/bin/isoline run --enforce /c/app.contour --report /c/app.report.json --name app --";

const settingsOf = (service: string) =>
  new Settings(assignmentsIn(Buffer.from(`[Service]\n${service}\n`), "app.service"));
const dropIn = (service: string, more: object = {}) => dropInFor(settingsOf(service), { ...ORDER, ...more });
const commands = (service: string, more: object = {}) =>
  dropIn(service, more)
    .text.split("\n")
    .filter((line) => line.startsWith("ExecStart="));

describe("the commands of a unit", () => {
  it.each([
    ["one", "ExecStart=/bin/a b", [`ExecStart=${ISOLINE} /bin/a b`]],
    [
      "several lines",
      "ExecStart=/bin/a\nExecStart=/bin/b",
      [`ExecStart=${ISOLINE} /bin/a`, `ExecStart=${ISOLINE} /bin/b`],
    ],
    [
      "several in a line",
      "ExecStart=/bin/a x ; /bin/b ;",
      [`ExecStart=${ISOLINE} /bin/a x`, `ExecStart=${ISOLINE} /bin/b`],
    ],
    ["set anew", "ExecStart=/bin/a\nExecStart=\nExecStart=/bin/b", [`ExecStart=${ISOLINE} /bin/b`]],
    ["prefixes", "ExecStart=-:/bin/a $X", [`ExecStart=-:${ISOLINE} /bin/a $X`]],
    ["root's", "ExecStart=+/bin/a", [`ExecStart=+${ISOLINE} /bin/a`]],
    [
      "quotes, escapes, specifiers, variables",
      String.raw`ExecStart="/opt/my app/x" 'a ; b' c\ d "e\"f" %i ${"${Y}"} \; \x41 ';'`,
      [String.raw`ExecStart=${ISOLINE} "/opt/my app/x" 'a ; b' c\ d "e\"f" %i ${"${Y}"} \; \x41 ';'`],
    ],
    [
      "a line that goes on past a comment",
      "ExecStart=/bin/a \\\n# no \\\n; no\n  b",
      [`ExecStart=${ISOLINE} /bin/a b`],
    ],
  ])("%s", (_, service, expected) => {
    expect(commands(service)).toEqual(["ExecStart=", ...expected]);
  });

  it("of a user: isoline is root, and the command is the user", () => {
    const [, first, second] = commands("User=web\nExecStart=/bin/a\nExecStart=+/bin/b", { user: "web" });
    expect(first).toBe(`ExecStart=!${ISOLINE.replace(" --name app --", " --name app --user web --")} /bin/a`);
    expect(second).toBe(`ExecStart=+${ISOLINE} /bin/b`);
  });

  it("are learnt into the contour", () => {
    expect(commands("ExecStart=/bin/a", { mode: "learn" })).toEqual([
      "ExecStart=",
      "ExecStart=/bin/isoline learn --merge -o /c/app.contour --name app -- /bin/a",
    ]);
  });
});

describe("the agent of the machine", () => {
  const agentSocket = "/run/isoline/agent/socket";
  it("supervises a service that it can see", () => {
    const { text } = dropIn("ExecStart=/bin/a", { agentSocket });
    expect(text).toContain(`--name app --agent --agent-socket ${agentSocket} -- /bin/a`);
    expect(text).toContain("[Unit]\nAfter=isoline-agent.service\n");
  });

  it.each(["PrivateTmp=yes", "ProtectSystem=full", "LockPersonality=yes"])("does not take one with %s", (setting) => {
    const { text, remarks } = dropIn(`${setting}\nExecStart=/bin/a`, { agentSocket });
    expect(text).not.toContain("--agent");
    expect(remarks.join("\n")).toContain("the agent does not take it");
  });
});

describe("a unit that isoline cannot supervise", () => {
  it.each([
    ["a bare name", "ExecStart=node x", /expected the absolute path of a program, got "node"/],
    ["another name for the program", "ExecStart=@/bin/a b", /the prefix @/],
    ["a prefix that systemd has dropped", "ExecStart=!!/bin/a", /prefixes - : \+ !/],
    ["a prefix inside quotes", 'ExecStart="-/bin/a"', /absolute path/],
    ["an open quote", 'ExecStart=/bin/a "b', /a closing "/],
    ["a variable in the path", "ExecStart=/bin/$X", /a path without \$/],
    ["no command", "Type=oneshot", /an ExecStart= that starts a program/],
    ["a forking service", "Type=forking\nExecStart=/bin/a", /without Type=forking: .*change the unit$/],
    ["a filter", "SystemCallFilter=@system-service\nExecStart=/bin/a", /turn it off with --without SystemCallFilter/],
    ["set-user-ID files", "RestrictSUIDSGID=yes\nExecStart=/bin/a", /openat2/],
    ["no capability", "CapabilityBoundingSet=\nExecStart=/bin/a", /without CapabilityBoundingSet=/],
    ["no AF_UNIX", "RestrictAddressFamilies=AF_INET\nExecStart=/bin/a", /AF_UNIX/],
    ["a signal that isoline does not pass on", "KillSignal=SIGRTMIN+3\nExecStart=/bin/a", /KillSignal=SIGRTMIN\+3/],
    ["a watchdog", "WatchdogSec=30\nExecStart=/bin/a", /WATCHDOG_PID/],
    ["a loader's variable", "Environment=LD_PRELOAD=/x.so\nExecStart=/bin/a", /LD_PRELOAD/],
    ["another root", "RootDirectory=/srv\nExecStart=/bin/a", /isoline is not in it/],
  ])("%s", (_, service, refusal) => {
    expect(() => dropIn(service)).toThrow(refusal);
  });

  it("is supervised once what stands in the way is turned off", () => {
    const hard = "SystemCallFilter=@system-service\nCapabilityBoundingSet=CAP_KILL\nExecStart=/bin/a";
    const { text, remarks } = dropIn(hard, { without: ["SystemCallFilter", "CapabilityBoundingSet"] });
    expect(text).toContain("\nSystemCallFilter=\nCapabilityBoundingSet=~\n");
    expect(remarks).toContain("SystemCallFilter= of the unit is off, as was asked");
  });

  it.each([
    ["no NAME=VALUE", "[Service]\nExecStart /bin/a\n"],
    ["no section", "ExecStart=/bin/a\n"],
    ["bytes that are no text", "[Service]\nExecStart=/bin/\u0000a\n"],
  ])("%s", (_, text) => {
    expect(() => assignmentsIn(Buffer.from(text), "app.service")).toThrow(/^app\.service: expected /);
  });
});

describe.skipIf(!isBuilt)("the place of a drop-in (needs a build)", () => {
  let cwd: string;
  let options: readonly string[];
  const service = (...words: readonly string[]) => isoline(["service", ...words, ...options], { cwd });
  const dropInPath = () => join(cwd, "units/app.service.d/50-isoline.conf");

  beforeAll(() => {
    cwd = mkdtempSync(join(tmpdir(), "isoline-drop-in-"));
    mkdirSync(join(cwd, "units"));
    writeFileSync(
      join(cwd, "units/app.service"),
      `[Unit]\nDescription=x\n[Service]\nType=notify\nProtectSystem=strict\nExecStart=-/bin/cat "a b" %%x \${Y}\n`,
    );
    options = ["--directory", "units", "--contour", join(cwd, "services/app.contour")];
  });
  afterAll(() => rmSync(cwd, { recursive: true, force: true }));

  it("stays empty with --dry-run, which shows what would be there", async () => {
    const { stdout, status } = await service("learn", "app", "--unit-file", "units/app.service", "--dry-run");
    expect(status).toBe(0);
    expect(stdout).toContain("--- /dev/null\n");
    expect(stdout).toMatch(/^\+ExecStart=-\S+isoline learn --merge .* -- \/bin\/cat "a b" %%x \$\{Y\}$/m);
    expect(existsSync(dropInPath())).toBe(false);
  });

  it.skipIf(!isInstalled("systemd-analyze"))("holds a drop-in that systemd takes (needs systemd)", async () => {
    await service("learn", "app", "--unit-file", "units/app.service");
    const env = { SYSTEMD_UNIT_PATH: join(cwd, "units:") };
    const verify = () => ended("systemd-analyze", ["verify", "--man=no", join(cwd, "units/app.service")], { cwd, env });
    expect(await verify()).toMatchObject({ status: 0, stdout: "", stderr: "" });
    writeFileSync(dropInPath(), `${readFileSync(dropInPath(), "utf8")}Nothing=known\n`);
    expect((await verify()).stderr).toMatch(/50-isoline\.conf:\d+: Unknown key/);
  });

  it("is said to be old when the unit has changed", async () => {
    writeFileSync(join(cwd, "newer.service"), "[Service]\nExecStart=/bin/cat newer\n");
    await service("learn", "app", "--unit-file", "units/app.service");
    expect((await service("show", "app", "--unit-file", "units/app.service")).status).toBe(0);
    const { status, stdout } = await service("show", "app", "--unit-file", "newer.service");
    expect(stdout).toContain("have changed since");
    expect(status).toBe(1);
  });

  it("is not enforced while it is learnt, nor without a contour; finish takes it away", async () => {
    await service("learn", "app", "--unit-file", "units/app.service");
    expect((await service("enforce", "app", "--unit-file", "units/app.service")).stderr).toContain(
      "isoline service finish",
    );
    const finished = await service("finish", "app");
    expect(finished.stderr).toContain("nothing was learnt yet");
    expect(finished.status).toBe(1);
    expect(existsSync(join(cwd, "units/app.service.d"))).toBe(false);
    expect((await service("enforce", "app", "--unit-file", "units/app.service")).stderr).toContain(
      "expected its contour in",
    );
  });

  it("of a service that is enforced is taken away by release, and its contour stays", async () => {
    const contour = join(cwd, "services/app.contour");
    const unitFile = ["--unit-file", "units/app.service"];
    await service("learn", "app", ...unitFile);
    expect((await service("release", "app")).stderr).toContain("isoline service finish app.service");
    await service("finish", "app");
    expect((await service("release", "app")).stderr).toContain("got no drop-in of isoline's");
    await isoline(["learn", "-q", "-o", contour, "--", "/bin/true"], { cwd });
    expect((await service("enforce", "app", ...unitFile)).stderr).toContain("wrote ");
    expect((await service("release", "app", "--dry-run")).stdout).toContain("+++ /dev/null\n");
    expect(existsSync(dropInPath())).toBe(true);
    expect((await service("release", "app")).status).toBe(0);
    expect(existsSync(join(cwd, "units/app.service.d"))).toBe(false);
    expect(existsSync(contour)).toBe(true);
    rmSync(contour);
  });

  it("is left alone where another hand wrote it, or a link is", async () => {
    mkdirSync(join(cwd, "units/app.service.d"), { recursive: true });
    writeFileSync(dropInPath(), "[Service]\nNice=1\n");
    expect((await service("learn", "app", "--unit-file", "units/app.service")).stderr).toContain("did not write");
    expect(readFileSync(dropInPath(), "utf8")).toBe("[Service]\nNice=1\n");
    rmSync(join(cwd, "units/app.service.d"), { recursive: true });
    mkdirSync(join(cwd, "elsewhere"));
    symlinkSync("../elsewhere", join(cwd, "units/app.service.d"));
    expect((await service("learn", "app", "--unit-file", "units/app.service")).stderr).toContain("got a symbolic link");
    expect(existsSync(join(cwd, "elsewhere/50-isoline.conf"))).toBe(false);
    rmSync(join(cwd, "units/app.service.d"));
  });

  it("is refused where a later drop-in would undo it", () => {
    const later = join(cwd, "override.conf");
    writeFileSync(later, "[Service]\nExecStart=\nExecStart=/bin/cat\n");
    expect(() => readUnit("app.service", [join(cwd, "units/app.service"), later])).toThrow(/rename it, as 40-…$/);
  });
});
