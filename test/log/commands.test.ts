/** `isoline log`, as a publisher, a witness, a user and a monitor use it: docs/how-to/log.md. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isBuilt, isoline, isolineProgram, SYSTEM_PATH } from "../support/isoline.ts";
import { isInstalled } from "../support/machine.ts";

const LINE = /^(log|witness) \S+\+[0-9a-f]{8}\+\S+$/;

describe.skipIf(!isBuilt || !isInstalled("openssl"))("isoline log (needs a build and openssl)", () => {
  const place = mkdtempSync(join(tmpdir(), "isoline-log-command-"));
  const at = (name: string) => join(place, name);
  const run = (...words: readonly string[]) => isoline(["log", ...words], { cwd: place });
  const running: { witness?: ChildProcess; web?: Server } = {};
  let logLine = "";
  let witnessLine = "";

  /** Starts the witness; returns its line for the policy, with its address. */
  async function startWitness(...more: readonly string[]): Promise<string> {
    const words = ["log", "witness", "seen", "--listen", "127.0.0.1:0", "--name", "witness.example/one", ...more];
    const child = spawn(isolineProgram, [...words, "--key", "w.pem", "--log", logLine.slice("log ".length)], {
      cwd: place,
      env: { PATH: SYSTEM_PATH, HOME: place },
    });
    running.witness = child;
    const first = async (stream: NonNullable<ChildProcess["stdout"]>) =>
      (await createInterface({ input: stream })[Symbol.asyncIterator]().next()).value as string;
    const [line, heard] = await Promise.all([first(child.stdout), first(child.stderr)]);
    witnessLine = line;
    return `${line.replace("witness ", "witness one ")} http://127.0.0.1:${/:(\d+)$/.exec(heard)?.[1]}/`;
  }

  async function stopWitness(): Promise<void> {
    const child = running.witness;
    if (child === undefined || child.exitCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    expect((await ended)[0]).toBe(0);
  }

  beforeAll(async () => {
    for (const key of ["log.pem", "w.pem", "other.pem"])
      execFileSync("openssl", ["genpkey", "-algorithm", "ed25519", "-out", key], { cwd: place });
    const created = await run("create", "log", "--name", "example.com/contours", "--key", "log.pem");
    logLine = created.stdout.trim();
    writeFileSync(at("policy"), `${logLine}\n${await startWitness("--first")}\nquorum one\n`);
    for (const name of ["app", "web", "db"]) writeFileSync(at(`${name}.sig`), `signature of ${name}\n`);
  });
  afterAll(async () => {
    await stopWitness();
    running.web?.close();
    rmSync(place, { recursive: true, force: true });
  });

  const add = (...files: readonly string[]) => run("add", "log", ...files, "--key", "log.pem", "--policy", "policy");
  const monitor = (log = "log", state = "copy") => run("monitor", log, "--policy", "policy", "--state", state);

  it("prints lines for a policy", () => {
    expect([logLine, witnessLine]).toEqual([expect.stringMatching(LINE), expect.stringMatching(LINE)]);
  });

  it("publishes a file, proves it, and the proof is checked without a network", async () => {
    const added = await add("app.sig", "-o", "app.proof");
    expect(added).toMatchObject({ status: 0, stdout: "0 app.sig\n", stderr: "" });
    const verified = await run("verify", "app.sig", "app.proof", "--policy", "policy");
    expect(verified.stdout).toMatch(/^entry 0 of example\.com\/contours, seen by witness\.example\/one at 20\d\d-/);
    expect(verified.status).toBe(0);
    const other = await run("verify", "web.sig", "app.proof", "--policy", "policy");
    expect(other).toMatchObject({ status: 3, stdout: "" });
    expect(other.stderr).toMatch(/leads to another root/);
  });

  it("proves later what is in the log, and says what is not", async () => {
    expect((await add("web.sig")).stdout).toBe("1 web.sig\n");
    expect((await run("prove", "log", "app.sig", "-o", "later.proof")).status).toBe(0);
    expect((await run("verify", "app.sig", "later.proof", "--policy", "policy", "--json")).stdout).toMatch(
      /"size": ?2/,
    );
    const missing = await run("prove", "log", "db.sig");
    expect(missing).toMatchObject({
      status: 1,
      stderr: "isoline: the log does not have this file, or does not show it yet\n",
    });
  });

  it("is watched from a directory and behind HTTP", async () => {
    expect(await monitor()).toMatchObject({
      status: 0,
      stdout: "example.com/contours: 2 entries, 2 new, seen by witness.example/one\n",
    });
    await add("db.sig");
    running.web = createServer((request, response) => {
      const file = at(join("log", request.url ?? ""));
      if (existsSync(file)) response.end(readFileSync(file));
      else response.writeHead(404).end();
    });
    running.web.listen(0, "127.0.0.1");
    await once(running.web, "listening");
    const address = `http://127.0.0.1:${(running.web.address() as AddressInfo).port}/`;
    expect((await monitor(address)).stdout).toBe(
      "example.com/contours: 3 entries, 1 new, seen by witness.example/one\n",
    );
  });

  it("shows nothing that no witness has seen, and loses nothing of it", async () => {
    await stopWitness();
    writeFileSync(at("late.sig"), "late\n");
    const alone = await add("late.sig");
    expect(alone).toMatchObject({ status: 4, stdout: "3 late.sig\n" });
    expect(alone.stderr).toMatch(
      /the witness witness.example\/one at http.* cannot be reached: .*\n.*\(signed by none; not by witness.example\/one\)\n.*not shown yet/,
    );
    expect(alone.stderr).toMatch(
      /ask them with isoline log add log --key .* --policy policy; isoline log prove makes the proof then\n$/,
    );
    expect((await run("prove", "log", "late.sig")).status).toBe(1);
    writeFileSync(at("policy"), `${logLine}\n${await startWitness()}\nquorum one\n`);
    expect(await add()).toMatchObject({ status: 0, stdout: "", stderr: "" });
    expect((await run("prove", "log", "late.sig", "-o", "late.proof")).status).toBe(0);
    expect((await monitor()).stdout).toMatch(/4 entries, 1 new/);
  });

  it("is found out when it was set back: the witness does not sign, and the monitor has the proof", async () => {
    cpSync(at("log"), at("old"), { recursive: true });
    writeFileSync(at("policy-none"), `${logLine}\nquorum none\n`);
    writeFileSync(at("taken-back.sig"), "taken back\n");
    expect((await add("taken-back.sig")).status).toBe(0);
    expect((await monitor()).status).toBe(0);
    rmSync(at("log"), { recursive: true });
    cpSync(at("old"), at("log"), { recursive: true });
    writeFileSync(at("instead.sig"), "instead\n");
    const forked = await add("instead.sig");
    expect(forked).toMatchObject({ status: 4, stdout: "4 instead.sig\n" });
    expect(forked.stderr).toMatch(/witness\.example\/one does not sign/);
    // Its publisher shows it all the same, to who does not ask for witnesses.
    expect((await run("add", "log", "--key", "log.pem")).status).toBe(0);
    const seen = await run("monitor", "log", "--policy", "policy-none", "--state", "copy");
    expect(seen).toMatchObject({ status: 3, stdout: "" });
    expect(seen.stderr).toMatch(/does not prove that the 5 which it shows continue them; keep both checkpoints/);
    const kept = ["fork-1", "fork-2"].map((name) => readFileSync(at(join("copy", name)), "utf8").split("\n"));
    expect(kept.map(([origin, size]) => [origin, size])).toEqual([
      ["example.com/contours", "5"],
      ["example.com/contours", "5"],
    ]);
    expect(kept[0]?.[2]).not.toBe(kept[1]?.[2]);
  });

  it("says of a log whose own note is damaged that it has to be restored, and appends nothing", async () => {
    mkdirSync(at("torn"));
    writeFileSync(at("torn/committed"), readFileSync(at("log/committed")).subarray(0, -9));
    const added = await run("add", "torn", "app.sig", "--key", "log.pem");
    const why = "isoline: the note that the log signed last is damaged; restore the log from a copy\n";
    expect(added).toMatchObject({ status: 1, stdout: "", stderr: why });
    expect(readdirSync(at("torn"))).toEqual(["committed"]);
  });

  it.each([
    [["create", "log", "--name", "example.com/contours", "--key", "log.pem"], /there is a log already/],
    [["create", "new", "--name", "two words", "--key", "log.pem"], /a name without spaces/],
    [["add", "nothing", "app.sig", "--key", "log.pem"], /expected a log, found none/],
    [["add", "log", "app.sig", "--key", "other.pem"], /check the key of the log/],
    [["add", "log", "app.sig", "web.sig", "--key", "log.pem", "-o", "p"], /name one/],
    [["verify", "app.sig", "app.sig", "--policy", "policy"], /expected a proof/],
    [["verify", "app.sig", "app.proof", "--policy", "app.sig"], /line 1 of the policy/],
    [["witness", "w2", "--listen", "here", "--name", "w", "--key", "w.pem"], /expected --listen HOST:PORT/],
  ])("refuses %j with one line", async (words, message) => {
    const { status, stderr, stdout } = await run(...words);
    expect(status).not.toBe(0);
    expect(stdout).toBe("");
    expect(stderr).toMatch(message);
    expect(stderr.split("\n").filter((line) => line !== "" && !/see isoline/.test(line))).toHaveLength(1);
  });
});
