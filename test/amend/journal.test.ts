/** The journal of a namespace: what departed, with times and repeats, while it lives and afterwards, and out of the workload's reach. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isBuilt, isoline, isolineProgram, readReport, SYSTEM_PATH } from "../support/isoline.ts";

let place = "";
let service: ChildProcess | undefined;
const at = (...names: readonly string[]) => join(place, ...names);
const env = () => ({ XDG_RUNTIME_DIR: at("run"), NO_COLOR: "1" });
const run = (...args: readonly string[]) => isoline([...args], { cwd: place, env: env() });
const kept = () => at("run/isoline/isoline-kept");
const journal = () => join(kept(), "web.journal");
const STARVED_MS = 60_000;

/** Starts `isoline run` as a service that does what the script says, line by line as `go` lets it. */
function serve(script: string, ...more: readonly string[]): Promise<number | null> {
  return serveAs("web", script, ...more);
}

function serveAs(name: string, script: string, ...more: readonly string[]): Promise<number | null> {
  writeFileSync(at("serve.sh"), script);
  const child = spawn(isolineProgram, ["run", "a.contour", "-q", "--name", name, ...more, "--", "sh", "serve.sh"], {
    cwd: place,
    env: { PATH: SYSTEM_PATH, HOME: place, LC_ALL: "C", ...env() },
    stdio: "ignore",
  });
  service = child;
  return new Promise((resolve) => child.on("close", resolve));
}

const waits = "until [ -e go ]; do sleep 0.1; done\n";

beforeEach(async () => {
  place = mkdtempSync(join(tmpdir(), "isoline-journal-"));
  mkdirSync(at("run"), { mode: 0o700 });
  writeFileSync(at("one"), "1");
  writeFileSync(at("two"), "2");
  writeFileSync(at("serve.sh"), `cat one > /dev/null\n${waits}`);
  writeFileSync(at("go"), "");
  await run("learn", "-q", "-o", "a.contour", "--", "sh", "serve.sh");
  rmSync(at("go"));
}, STARVED_MS);
afterEach(() => {
  service?.kill("SIGKILL");
  rmSync(place, { recursive: true, force: true });
});

describe.skipIf(!isBuilt)("the journal of a namespace (needs a build)", { timeout: 4 * STARVED_MS }, () => {
  it("tells what was refused before the question was put, with repeats, while it runs and afterwards", async () => {
    const ended = serve(`cat two; cat two; cat two\n${waits}`, "--enforce");
    await expect
      .poll(async () => (await run("departures", "web")).stdout, { timeout: STARVED_MS })
      .toContain("3 events, all refused");
    await expect.poll(() => existsSync(journal()), { timeout: STARVED_MS }).toBe(true);
    expect(statSync(journal()).mode & 0o777).toBe(0o600);
    writeFileSync(at("go"), "");
    await ended;
    const { stdout, stderr } = await run("departures", "web");
    expect(stdout).toMatch(
      /`cat` \(.*\)(?: as 0)? opened \$CWD\/two for reading\n {2}\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ.*1 point, 3 events, all refused/,
    );
    expect(stderr).toContain("the journal of web");
    const { departures } = JSON.parse((await run("departures", "web", "--json")).stdout) as { departures: unknown[] };
    expect(departures).toContainEqual(expect.objectContaining({ count: 3, refused: 3, class: "new" }));
  });

  it("is found by the whole id of a container as by the digits that engines show, while it runs and afterwards", async () => {
    const id = "0123456789ab".padEnd(64, "c");
    const ended = serveAs(id.slice(0, 12), `cat two\n${waits}`, "--enforce");
    await expect
      .poll(async () => (await run("departures", id)).stdout, { timeout: STARVED_MS })
      .toContain("1 event, all refused");
    writeFileSync(at("go"), "");
    await ended;
    expect((await run("departures", id)).stderr).toContain("the journal of 0123456789ab");
    expect((await run("departures", "d".repeat(64))).stderr).toMatch(/no live namespace is called/);
  });

  it("can be accepted from when the namespace has ended", async () => {
    writeFileSync(at("go"), "");
    await serve("cat two > /dev/null\n");
    expect((await run("accept", "a.contour", "web")).stderr).toMatch(/departures? accepted/);
    expect((await run("check", "a.contour", "--", "sh", "serve.sh")).status).toBe(0);
  });

  it("is not taken for a file of its name, which the workload may have made", async () => {
    writeFileSync(at("go"), "");
    await serve("cat two > /dev/null; echo '{}' > web\n", "--report", "other.json");
    for (const command of [["departures"], ["accept", "a.contour"]]) {
      const { status, stderr } = await run(...command, "web");
      expect([status, stderr]).toEqual([2, expect.stringContaining("write ./web for the file")]);
    }
    expect((await run("departures", "./web")).stderr).toContain("not a report of isoline");
  });

  it("survives a supervisor that is killed, and the next namespace of its name", async () => {
    const ended = serve(`cat two > /dev/null\n${waits}`);
    await expect
      .poll(() => existsSync(journal()) && readFileSync(journal(), "utf8"), { timeout: STARVED_MS })
      .toContain("$CWD/two");
    service?.kill("SIGKILL");
    await ended;
    const told = await run("departures", "web");
    expect(told.stdout).toContain("$CWD/two");
    expect(told.stderr).toMatch(/incomplete: the journal has no end/);
    writeFileSync(at("go"), "");
    await serve("head -c 1 one > /dev/null\n");
    expect((await run("departures", "web")).stdout).toContain("head");
    expect((await run("departures", "web", "--earlier")).stdout).toContain("$CWD/two");
  });

  /** Every way to it, none of which is off contour where it was learnt. */
  const attempts = () =>
    [
      `cat "${kept()}"/* > stolen`,
      `cat "${journal()}" >> stolen`,
      `echo '{}' > "${journal()}"`,
      `rm -rf "${kept()}"`,
      `mv "${kept()}" moved`,
      `ln "${journal()}" link`,
      `cd "${kept()}" && : > forged.journal`,
      `: > "${kept()}/forged.journal"`,
      `mv "${at("run/isoline")}" moved && cat moved/isoline-kept/* > stolen; mv moved "${at("run/isoline")}"`,
      `mkdir -p x/isoline-kept`,
    ]
      .map((line) => `(${line})\n`)
      .join("");
  /** What the attempts left. */
  const harm = () => [
    ...(existsSync(at("stolen")) ? [readFileSync(at("stolen"), "utf8")] : []).filter((text) => text !== ""),
    ...["link", "moved", "x/isoline-kept", "run/isoline/isoline-kept/forged.journal"].filter((name) =>
      existsSync(at(name)),
    ),
  ];
  const forget = () => {
    for (const name of ["go", "stolen", "x"]) rmSync(at(name), { recursive: true, force: true });
  };

  it.each([
    ["watched", []],
    ["enforced", ["--enforce"]],
    ["asked about", ["--ask", "--answer-within", "0.2"]],
  ])("cannot be read, changed, moved, linked or forged from inside, while learning or then, %s", async (_, mode) => {
    writeFileSync(at("go"), "");
    await serve("cat two > /dev/null\n");
    const before = readFileSync(journal(), "utf8");
    writeFileSync(at("serve.sh"), `cat one > /dev/null\nsleep 0\n${waits}${attempts()}:\n`);
    expect(await run("learn", "-q", "-o", "a.contour", "--", "sh", "serve.sh")).toMatchObject({ status: 0 });
    expect(harm()).toEqual([]);
    expect(readFileSync(journal(), "utf8")).toBe(before);

    forget();
    const script = `cat two > /dev/null\n${waits}${attempts()}:\n`;
    const ended = serve(script, "--report", "report.json", ...mode);
    await expect.poll(() => readFileSync(journal(), "utf8"), { timeout: STARVED_MS }).not.toBe(before);
    writeFileSync(at("go"), "");
    await ended;
    expect(harm()).toEqual([]);
    const { kept: withheld, departures } = readReport(place);
    expect(withheld).toBeGreaterThanOrEqual(attempts().split("\n").length - 1);
    expect(departures.map(({ act }) => act)).toEqual([expect.stringContaining("$CWD/two")]);
    const [first = ""] = readFileSync(journal(), "utf8").split("\n");
    expect(JSON.parse(first)).toMatchObject({ isoline: 1, journal: 1, name: "web" });
    expect((await run("departures", "web")).stdout).toContain("$CWD/two");
  });

  it("that was cut off in the middle of a line is read up to there, and a damaged one is refused", async () => {
    writeFileSync(at("go"), "");
    await serve("cat two > /dev/null; head -c 1 one > /dev/null\n");
    const whole = readFileSync(journal(), "utf8");
    writeFileSync(journal(), whole.slice(0, -40));
    expect((await run("departures", "web")).status).toBe(0);
    writeFileSync(journal(), whole.replaceAll("$CWD/two", "$CWD/six"));
    const { status, stderr } = await run("departures", "web");
    expect([status, stderr.split("\n").length]).toEqual([1, 2]);
  });
});
