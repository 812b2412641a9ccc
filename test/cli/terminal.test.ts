/** Behaviour on a terminal, with `script` (util-linux) as the terminal. */
import { spawn, spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { isInstalled } from "../support/machine.ts";
import { program, temporaryPlace } from "./isoline.ts";

const place = temporaryPlace();
/** How long a starved machine may take for a step; what is wrong never comes at all. */
const STARVED_MS = 60_000;
/** A root without /dev/pts has the program and no terminal to give. */
const hasTerminal = spawnSync("script", ["-qec", "stty size", "/dev/null"], { stdio: "ignore" }).status === 0;

/** Runs a shell script on a terminal of 20 rows and 90 columns; returns all output. */
function onTerminal(script: string, environment: Readonly<Record<string, string>> = {}): string {
  const { stdout } = spawnSync("script", ["-qec", `stty rows 20 cols 90; ${script}`, "/dev/null"], {
    encoding: "utf8",
    env: { ...process.env, TERM: "xterm", NO_COLOR: "", ...environment },
    timeout: 60_000,
  });
  return stdout;
}

describe.skipIf(!hasTerminal)("on a terminal (needs script, stty and a pseudo-terminal)", () => {
  const learn = (...rest: readonly string[]) => `"${program}" learn -o "${place.path("a.contour")}" ${rest.join(" ")}`;

  it("shows one line while it learns, on a row that does not scroll, and gives the row back", () => {
    const seen = onTerminal(learn("--", "sh", "-c", "'sleep 2; echo done'"));
    expect(seen).toContain("\x1b[1;19r");
    expect(seen).toMatch(/\x1b\[20;1H\x1b\[2Kisoline: \d+ events, \d+ points, \d+ new in the last 5 s\x1b8/);
    const [, after = ""] = seen.split("done\r\n");
    expect(after).toContain("\x1b[20;1H\x1b[2K\x1b8\x1b7\x1b[r\x1b8");
    expect(after).toMatch(/isoline: \S+a\.contour: \d+ points/);
  });

  it.each<[string, () => string, Readonly<Record<string, string>>]>([
    ["with --quiet", () => learn("-q", "--", "sleep", "1.5"), {}],
    ["on a dumb terminal", () => learn("--", "sleep", "1.5"), { TERM: "dumb" }],
    ["in the background", () => `set -m; ${learn("--", "sleep", "1.5")} & wait`, {}],
  ])("shows no line %s", (_, script, environment) => {
    const seen = onTerminal(`${script()}; echo ended $?`, environment);
    expect(seen).toContain("ended 0");
    expect(seen).not.toContain("in the last");
  });

  it("shows no line while a program draws the terminal itself", () => {
    const seen = onTerminal(
      learn("--", "sh", "-c", "'stty -icanon; sleep 0.2; echo begins; sleep 1.5; echo ends; stty icanon'"),
    );
    const [, during = ""] = /begins([^]*)ends/.exec(seen) ?? [];
    expect(during).toBe("\r\n");
  });

  it("leaves the terminal as the workload leaves it", () => {
    const seen = onTerminal(`${learn("-q", "--", "stty", "-echo")}; stty -a`);
    expect(seen).toContain(" -echo ");
  });

  it.skipIf(!isInstalled("perl"))("is not kept waiting by a workload that stops the output (needs perl)", () => {
    const stops = `'ioctl(STDERR, 0x540a, 0) ? print "stopped" : print "$!\\n"'`;
    const seen = onTerminal(`${learn("--", "perl", "-e", stops)}; echo ended $?`);
    expect(seen).toContain("Operation not permitted");
    expect(seen).toContain("ended 0");
    expect(seen).toMatch(/isoline: \S+a\.contour: \d+ points/);
  });

  it("colours verdicts, unless that is switched off", () => {
    const off = `${learn("-q", "--", "true")}; "${program}" check "${place.path("a.contour")}" -- cat /etc/hostname`;
    expect(onTerminal(off)).toContain("\x1b[31moff contour:");
    expect(onTerminal(off, { NO_COLOR: "1" })).not.toContain("\x1b[31m");
  });

  it("is stopped, continued and interrupted like any job of a shell", { timeout: 8 * STARVED_MS }, async () => {
    const shell = spawn("script", ["-qec", "bash --norc -i", "/dev/null"], {
      stdio: ["pipe", "pipe", "ignore"],
      env: { ...process.env, TERM: "xterm" },
    });
    let seen = "";
    shell.stdout.on("data", (piece: Buffer) => (seen += piece.toString("utf8")));
    const ended = new Promise((resolve) => shell.on("close", resolve));
    const appears = async (text: string) => {
      await expect.poll(() => seen, { timeout: STARVED_MS }).toContain(text);
      const before = seen;
      seen = "";
      return before;
    };
    shell.stdin.write(`stty rows 20 cols 90; ${learn("--", "sleep", "100")}\n`);
    await appears("in the last");
    shell.stdin.write("\x1a");
    expect(await appears("Stopped")).toMatch(/\x1b\[r\x1b8[^]*Stopped/);
    shell.stdin.write("fg\n");
    await appears("\x1b[1;19r");
    shell.stdin.write("\x03");
    await appears("all new");
    shell.stdin.write("echo status=$?\n");
    await appears("status=130");
    shell.stdin.write("exit\n");
    await ended;
  });

  it("top draws until it is quit, and gives the terminal back", async () => {
    const top = spawn("script", ["-qec", `"${program}" top`, "/dev/null"], { stdio: ["pipe", "pipe", "ignore"] });
    let seen = "";
    top.stdout.on("data", (piece: Buffer) => (seen += piece.toString("utf8")));
    const ended = new Promise<number | null>((resolve) => top.on("close", resolve));
    await expect.poll(() => seen, { timeout: STARVED_MS }).toContain("NAME");
    top.stdin.write("q");
    expect(await ended).toBe(0);
    expect(seen).toContain("q quits");
    expect(seen.endsWith("\x1b[?25h\x1b[?1049l")).toBe(true);
  });
});
