/** `isoline log monitor` asks the witnesses what they signed: a log that shows one history here and another one elsewhere is caught. */
import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  formatVerifierKey,
  openCheckpoint,
  type SignedCheckpoint,
  signerKey,
} from "../../packages/log/src/note/index.ts";
import { assertConsistent } from "../../packages/log/src/tree/index.ts";
import { isBuilt, isoline, isolineProgram, SYSTEM_PATH } from "../support/isoline.ts";

const logKey = signerKey("example.com/contours", "log", Buffer.alloc(32, 1));
const witnessKeys = {
  one: signerKey("witness.example/one", "witness", Buffer.alloc(32, 2)),
  two: signerKey("witness.example/two", "witness", Buffer.alloc(32, 3)),
};
type Name = keyof typeof witnessKeys;

describe.skipIf(!isBuilt)("a log that shows two histories (needs a build)", () => {
  let place = "";
  let children = new Map<Name, ChildProcess>();
  let addresses = new Map<Name, string>();
  const at = (name: string) => join(place, name);
  const run = (...words: readonly string[]) => isoline(["log", ...words], { cwd: place });

  async function startWitness(name: Name, ...more: readonly string[]): Promise<void> {
    const words = [
      "log",
      "witness",
      `seen-${name}`,
      "--listen",
      "127.0.0.1:0",
      "--name",
      witnessKeys[name].name,
      ...more,
    ];
    const child = spawn(isolineProgram, [...words, "--key", `${name}.pem`, "--log", formatVerifierKey(logKey)], {
      ...{ cwd: place, env: { PATH: SYSTEM_PATH, HOME: place } },
      stdio: ["ignore", "ignore", "pipe"],
    });
    children.set(name, child);
    const [heard] = (await once(createInterface({ input: child.stderr }), "line")) as [string];
    addresses.set(name, `http://127.0.0.1:${/:(\d+)$/.exec(heard)?.[1]}/`);
  }

  async function stopWitness(name: Name): Promise<void> {
    const child = children.get(name);
    if (child === undefined || child.exitCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    await ended;
  }

  /** Writes a policy for which one of these witnesses is enough; `all`: each of them has to sign. */
  function policy(file: string, names: readonly Name[], quorum = "any"): string {
    const lines = names.map(
      (name) => `witness ${name} ${formatVerifierKey(witnessKeys[name])} ${addresses.get(name) ?? ""}`,
    );
    const all = [
      `log ${formatVerifierKey(logKey)}`,
      ...lines,
      `group enough ${quorum} ${names.join(" ")}`,
      "quorum enough",
    ];
    writeFileSync(at(file), `${all.join("\n")}\n`);
    return file;
  }

  async function add(log: string, names: readonly Name[], ...entries: readonly string[]): Promise<number | null> {
    for (const entry of entries) writeFileSync(at(entry), `${entry}\n`);
    const file = policy("policy-of-the-log", names);
    return (await run("add", log, ...entries, "--key", "log.pem", "--policy", file)).status;
  }

  const monitor = (log: string, ...more: readonly string[]) =>
    run("monitor", log, "--policy", policy("policy", ["one", "two"]), "--state", "copy", ...more);

  /** Two histories: `log`, which the first witness sees, and `other`, which the second one does. */
  async function split(first: readonly string[], second: readonly string[]): Promise<void> {
    expect(await add("log", ["one", "two"], "begin")).toBe(0);
    cpSync(at("log"), at("other"), { recursive: true });
    expect(await add("log", ["one"], ...first)).toBe(0);
    expect(await add("other", ["two"], ...second)).toBe(0);
  }

  type Answer = Buffer | 500 | "reset" | undefined;

  /** What `monitor` says of a log behind HTTP; `answer` gets what the directory of the log has at the path. */
  async function monitorServed(answer: (url: string, bytes: Buffer | undefined) => Answer) {
    const server = createServer(({ url = "" }, response) => {
      const path = at(join("log", url));
      const body = answer(url, existsSync(path) ? readFileSync(path) : undefined);
      if (body === "reset") response.destroy();
      else if (body === 500) response.writeHead(500).end();
      else response.writeHead(body === undefined ? 404 : 200).end(body);
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    const said = await monitor(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    server.closeAllConnections();
    server.close();
    return said;
  }

  const evidence = () =>
    ["fork-1", "fork-2"].map((name) =>
      openCheckpoint(readFileSync(at(join("copy", name)), "utf8"), logKey, Object.values(witnessKeys)),
    );

  beforeEach(async () => {
    [place, children, addresses] = [mkdtempSync(join(tmpdir(), "isoline-split-")), new Map(), new Map()];
    for (const [name, { secret }] of Object.entries({ log: logKey, ...witnessKeys }))
      writeFileSync(at(`${name}.pem`), secret.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
    await startWitness("one", "--first");
    await startWitness("two", "--first");
    await run("create", "log", "--name", logKey.name, "--key", "log.pem");
  });
  afterEach(async () => {
    for (const name of children.keys()) await stopWitness(name);
    rmSync(place, { recursive: true, force: true });
  });

  it("is caught where both have one size, and the two checkpoints are kept", async () => {
    expect(await add("log", ["one", "two"], "begin")).toBe(0);
    expect(await monitor("log")).toMatchObject({ status: 0, stderr: "" });
    cpSync(at("log"), at("other"), { recursive: true });
    expect([await add("log", ["one"], "here"), await add("other", ["two"], "elsewhere")]).toEqual([0, 0]);
    const caught = await monitor("log");
    expect(caught).toMatchObject({ status: 3, stdout: expect.stringMatching(/2 entries, 1 new, seen by \S+one\n$/) });
    expect(caught.stderr).toMatch(
      /^isoline: split view: the log signed 2 entries with root \S+, which it shows here, and 2 entries with root \S+, which the witness witness\.example\/two has: no log has both; keep both checkpoints, and distrust the log\nisoline: the checkpoints that prove it are in copy: fork-1 and fork-2\n$/,
    );
    const [here, there] = evidence();
    expect([here?.size, there?.size, there?.witnesses.map(({ key }) => key.name)]).toEqual([
      ...[2, 2],
      ["witness.example/two"],
    ]);
    expect(Buffer.from(here?.root ?? [])).not.toEqual(Buffer.from(there?.root ?? []));
    // From the other side the first witness is the one who knows better.
    const words = ["monitor", "other", "--policy", "policy", "--state", "other-copy", "--json"];
    const other = await run(...words);
    expect([other.status, JSON.parse(other.stdout)]).toEqual([
      3,
      expect.objectContaining({
        asked: [
          expect.objectContaining({ witness: "witness.example/one", what: "split", size: 2 }),
          expect.objectContaining({ witness: "witness.example/two", what: "agrees", size: 2 }),
        ],
      }),
    ]);
  });

  it("is caught where the other one is shorter", async () => {
    await split(["here", "here-too", "and-here"], ["elsewhere"]);
    const caught = await monitor("log");
    expect([caught.status, caught.stderr]).toEqual([
      3,
      expect.stringMatching(/split view: the log signed 4 entries .* and 2 entries .*two has/),
    ]);
    expect(evidence().map(({ size }) => size)).toEqual([4, 2]);
  });

  it("is caught where the other one is always longer, also once its witness says nothing more", async () => {
    await split(["here"], ["elsewhere", "elsewhere-too"]);
    const hidden = /two signed for 3 entries, and the log does not prove that they continue the 2 that it shows/;
    const first = await monitor("log");
    expect([first.status, first.stderr]).toEqual([3, expect.stringMatching(hidden)]);
    expect(existsSync(at("copy/fork-1"))).toBe(false);
    await stopWitness("two");
    const again = await monitor("log");
    expect([again.status, again.stderr]).toEqual([3, expect.stringMatching(hidden)]);
    expect(await add("log", ["one"], "here-too")).toBe(0);
    const caught = await monitor("log");
    expect([caught.status, caught.stderr]).toEqual([3, expect.stringMatching(/split view: the log signed 3 entries/)]);
    expect(evidence().map(({ size }) => size)).toEqual([3, 3]);
  });

  it("is caught where the log answers what would prove it with errors: the checkpoint is kept before it is asked", async () => {
    await split(["here"], ["elsewhere", "elsewhere-too"]);
    const kept: number[] = [];
    const failing = (fault: 500 | "reset") => (url: string, bytes: Buffer | undefined) => {
      if (!url.endsWith("000.p/3")) return bytes;
      kept.push(readdirSync(at("copy")).filter((name) => name.startsWith("against-")).length);
      return fault;
    };
    const hidden = /two signed for 3 entries, and the log does not prove that they continue the 2 that it shows \(http/;
    const first = await monitorServed(failing(500));
    expect(first).toMatchObject({ status: 3, stdout: expect.stringMatching(/2 entries, 2 new/) });
    expect(first.stderr).toMatch(hidden);
    expect(first.stderr).toMatch(/p\/3: the server answered 500/);
    expect(kept[0]).toBe(1);
    await stopWitness("two");
    const again = await monitorServed(failing("reset"));
    expect(again).toMatchObject({ status: 3, stderr: expect.stringMatching(hidden) });
    expect(await add("log", ["one"], "here-too")).toBe(0);
    expect(await monitor("log")).toMatchObject({ status: 3, stderr: expect.stringMatching(/split view/) });
    expect(evidence().map(({ size }) => size)).toEqual([3, 3]);
  });

  it("is caught before an entry is asked for, and stays so: what proves it is there, and the log shows its first history again", async () => {
    await split(["here", "here-too", "and-here"], ["elsewhere"]);
    const asked: boolean[] = [];
    const held = await monitorServed((url, bytes) => {
      if (!url.includes("/entries/")) return bytes;
      asked.push(existsSync(at("copy/fork-1")));
      return "reset";
    });
    expect(held).toMatchObject({
      status: 3,
      stderr: expect.stringMatching(/split view: .*\n.*\n.*entries are missing: http/),
    });
    expect(asked).toEqual([true]);
    const [shown, signed] = evidence();
    const [old = "", root = "", ...hashes] = readFileSync(at("copy/fork-2-proof"), "utf8").trim().split("\n");
    const before = { size: Number(old.slice("old ".length)), root: Buffer.from(root, "base64") };
    expect([before.size, root === Buffer.from(signed?.root ?? []).toString("base64")]).toEqual([signed?.size, false]);
    const proof = hashes.map((hash) => Buffer.from(hash, "base64"));
    expect(() => assertConsistent(before, shown as SignedCheckpoint, proof)).not.toThrow();
    await stopWitness("two");
    rmSync(at("seen-two"), { recursive: true });
    const files = readdirSync(at("copy")).filter((name) => name.startsWith("against-"));
    for (const name of files) rmSync(at(join("copy", name)));
    const again = await monitor("log");
    expect(again).toMatchObject({ status: 3, stdout: expect.stringMatching(/4 entries, 4 new/) });
    expect(again.stderr).toMatch(
      /two histories, and fork-1 and fork-2 and fork-2-proof in copy prove it: distrust the log/,
    );
  });

  it("is said where the log fails once it is asked again", async () => {
    await split(["here"], ["elsewhere", "elsewhere-too"]);
    let asked = 0;
    const said = await monitorServed((url, bytes) => {
      if (url === "/checkpoint") asked += 1;
      return url === "/checkpoint" && asked > 1 ? 500 : bytes;
    });
    expect([asked, said.status]).toEqual([2, 3]);
    expect(said.stdout).toMatch(/2 entries, 2 new/);
    expect(said.stderr).toMatch(/what the log shows by now is not known: http\S+checkpoint: the server answered 500/);
    expect(said.stderr).toMatch(/two signed for 3 entries, and the log does not prove that they continue the 2/);
  });

  it.each(["fails", "hides the proof"])("stays proven where the log %s once it is asked again", async (next) => {
    await split(["here"], ["elsewhere", "elsewhere-too"]);
    let asked = 0;
    const said = await monitorServed((url, bytes) => {
      if (url === "/checkpoint") asked += 1;
      if (url === "/checkpoint" && asked > 1 && next === "fails") return 500;
      // The tile of the other history proves that this is not its beginning.
      return url === "/tile/0/000.p/3" && asked < 2 ? readFileSync(at(`other${url}`)) : bytes;
    });
    expect(said).toMatchObject({ status: 3, stderr: expect.stringMatching(/split view: the log signed 2 entries/) });
    expect(evidence().map(({ size }) => size)).toEqual([2, 3]);
  });

  it("is not what a log does that waits for its second witness: that one is ahead is said", async () => {
    expect(await add("log", ["one", "two"], "begin")).toBe(0);
    expect(await monitor("log")).toMatchObject({ status: 0, stderr: "" });
    await stopWitness("one");
    writeFileSync(at("late"), "late\n");
    const waiting = policy("policy-all", ["one", "two"], "all");
    expect((await run("add", "log", "late", "--key", "log.pem", "--policy", waiting)).status).toBe(4);
    const ahead = await monitor("log");
    expect(ahead).toMatchObject({ status: 0, stdout: expect.stringMatching(/1 entry, 0 new/) });
    expect(ahead.stderr).toMatch(/the witness witness\.example\/one at http\S+ cannot be reached: /);
    expect(ahead.stderr).toMatch(/two signed for 2 entries, and the log shows the first 1 of them: it is about to/);
  });

  it("is not what a log does that grows while it is read: what it shows by then is taken as well", async () => {
    expect(await add("log", ["one", "two"], "begin")).toBe(0);
    const before = readFileSync(at("log/checkpoint"));
    expect(await add("log", ["one", "two"], "late")).toBe(0);
    const first = [before];
    const read = await monitorServed((url, bytes) => (url === "/checkpoint" ? first.pop() : undefined) ?? bytes);
    expect(read).toMatchObject({ status: 0, stdout: expect.stringMatching(/2 entries, 2 new/), stderr: "" });
  });

  it("is not proven by what its witnesses did not sign, or by more than is read: that is said, and no alarm", async () => {
    expect(await add("log", ["one"], "begin")).toBe(0);
    const bodies = ["no checkpoint\n", "x".repeat(200_000), readFileSync(at("log/checkpoint"), "utf8")];
    const unsigned = (text: string) => text.replaceAll(`— ${witnessKeys.one.name}`, "— witness.example/another");
    const server = createServer((_, response) => response.end(unsigned(bodies.shift() ?? "")));
    await once(server.listen(0, "127.0.0.1"), "listening");
    await stopWitness("one");
    addresses.set("one", `http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    const said = [await monitor("log"), await monitor("log"), await monitor("log")];
    server.closeAllConnections();
    server.close();
    expect(said.map(({ status }) => status)).toEqual([0, 0, 0]);
    expect(said.map(({ stderr }) => stderr.split("\n")[0])).toEqual([
      expect.stringMatching(/witness\.example\/one shows no checkpoint: expected a signed note/),
      expect.stringMatching(/expected at most 120000 bytes, got more/),
      expect.stringMatching(/witness\.example\/one shows no checkpoint: what it answered has no signature of its key/),
    ]);
    expect(said.map(({ stderr }) => stderr)).toEqual(
      Array.from({ length: 3 }, () =>
        expect.stringMatching(/witness\.example\/two shows no checkpoint: it answered 404/),
      ),
    );
  });
});
