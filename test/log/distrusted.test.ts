/** What was found against a log stays found and gets its proof, whatever the log answers: docs/how-to/log.md, 6. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  type Checkpoint,
  formatNote,
  formatVerifierKey,
  parseCheckpoint,
  parseNote,
  signerKey,
  signNote,
} from "../../packages/log/src/note/index.ts";
import { assertConsistent } from "../../packages/log/src/tree/index.ts";
import { DirectoryStore, Log } from "../../packages/log/src/writer/index.ts";
import { isBuilt, isoline } from "../support/isoline.ts";
import { entries } from "./logs.ts";

const key = signerKey("example.com/log", "log", Buffer.alloc(32, 1));
const witness = signerKey("witness.example/one", "witness", Buffer.alloc(32, 2));

describe.skipIf(!isBuilt)("isoline log monitor with what speaks against the log (needs a build)", () => {
  let place = "";
  let servers: Server[] = [];
  const at = (name: string) => join(place, name);
  const read = (name: string) => readFileSync(at(name), "utf8");
  const fork = () => readdirSync(at("copy")).filter((name) => name.startsWith("fork-"));

  async function makeLog(name: string, of: readonly Uint8Array[]): Promise<void> {
    const log = await Log.create(new DirectoryStore(at(name), () => true), key);
    await log.append(of);
    await log.close();
  }

  async function serve(answer: RequestListener): Promise<string> {
    const server = createServer(answer);
    servers.push(server);
    await once(server.listen(0, "127.0.0.1"), "listening");
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  }

  const monitor = (log: string, policy = "policy") =>
    isoline(["log", "monitor", log, "--policy", policy, "--state", "copy"], { cwd: place });

  /** A log in a directory behind HTTP; `other` says which path is answered with what. */
  async function monitorServed(log: string, other: (path: string) => number | string | undefined) {
    const address = await serve(({ url = "" }, response) => {
      const said = other(url);
      const file = at(join(typeof said === "string" ? said : log, url));
      if (said === 0) response.destroy();
      else if (typeof said === "number") response.writeHead(said).end();
      else if (existsSync(file)) response.end(readFileSync(file));
      else response.writeHead(404).end();
    });
    return monitor(address);
  }

  const headOf = (name: string): Checkpoint => parseCheckpoint(parseNote(read(name)));

  /** Which trees the proof in a file shows to be no beginning of each other; throws where it does not lead to the larger one. */
  function shown(proof: string, small: string, large: string): readonly [number, boolean, number] {
    const [old = "", ...lines] = read(`copy/${proof}`).trim().split("\n");
    const [root = Buffer.of(), ...hashes] = lines.map((line) => Buffer.from(line, "base64"));
    const [before, after] = [headOf(`copy/${small}`), headOf(`copy/${large}`)];
    assertConsistent({ size: before.size, root }, after, hashes);
    return [Number(old.slice("old ".length)), root.equals(Buffer.from(before.root)), after.size];
  }

  beforeEach(async () => {
    [place, servers] = [mkdtempSync(join(tmpdir(), "isoline-distrusted-")), []];
    writeFileSync(at("policy"), `log ${formatVerifierKey(key)}\nquorum none\n`);
    await makeLog("first", entries(0, 3));
    await makeLog("longer", [...entries(0, 2), ...entries(7, 10)]);
    await makeLog("shorter", entries(7, 9));
  });
  afterEach(() => {
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
    rmSync(place, { recursive: true, force: true });
  });

  it("ends with 3 once the log was caught, also where the log, or the call, fails; and says how it failed", async () => {
    await makeLog("older", entries(0, 2));
    await makeLog("grown", entries(0, 6));
    expect((await monitor("first")).status).toBe(0);
    expect((await monitor("longer")).status).toBe(3);
    const failed = [
      await monitorServed("older", () => undefined),
      await monitorServed("grown", (path) => (path.startsWith("/tile/0/") ? 404 : undefined)),
      await monitorServed("first", () => 500),
      await monitorServed("grown", (path) => (path.startsWith("/tile/entries/") ? 0 : undefined)),
      await monitor("first", "no-policy"),
    ];
    expect(failed.map(({ status, stderr }) => [status, stderr.split("\n").length, stderr.split("\n")[1]])).toEqual([
      [3, 3, expect.stringMatching(/the log had 3 entries, and shows 2, which are the first of them/)],
      [3, 3, expect.stringMatching(/expected 6 hashes at tile\/0\/000/)],
      [3, 3, expect.stringMatching(/checkpoint: the server answered 500/)],
      [3, 3, expect.stringMatching(/tile\/entries\/000\S+: the server does not answer/)],
      [3, 3, expect.stringMatching(/no-policy/)],
    ]);
    expect(failed[0]?.stderr).toMatch(/^isoline: this log was found to have two histories, and fork-1 and fork-2 and/);
  });

  it.each([
    ["all but the proof, which came first in an earlier isoline", ["fork-1", "fork-2"]],
    ["the proof, as an earlier isoline did not keep it", ["fork-2-proof"]],
    ["all but the checkpoint that was known", ["fork-2", "fork-2-proof"]],
  ])("completes what proves a fork: it lacks %s", async (_, lost) => {
    await monitor("first");
    expect((await monitor("longer")).status).toBe(3);
    expect(shown("fork-2-proof", "fork-1", "fork-2")).toEqual([3, false, 5]);
    for (const name of lost) rmSync(at(`copy/${name}`));
    const again = await monitor("longer");
    expect(again).toMatchObject({ status: 3, stderr: expect.stringMatching(/in copy do not prove it alone yet: /) });
    expect(again.stderr).toMatch(/prove it are in copy: fork-1 and fork-2 and fork-2-proof\n/);
    expect(shown("fork-2-proof", "fork-1", "fork-2")).toEqual([3, false, 5]);
  });

  it("keeps a new contradiction beside one that proves nothing, under the next numbers", async () => {
    await monitor("first");
    await monitor("longer");
    rmSync(at("copy/fork-2-proof"));
    const before = read("copy/fork-2");
    await makeLog("another", [...entries(0, 1), ...entries(20, 27)]);
    expect((await monitor("another")).status).toBe(3);
    expect([fork(), read("copy/fork-2"), headOf("copy/fork-3").size]).toEqual([
      ...[["fork-1", "fork-2", "fork-3", "fork-3-proof"], before],
      8,
    ]);
    expect(shown("fork-3-proof", "fork-1", "fork-3")).toEqual([3, false, 8]);
    await monitor("longer");
    expect(fork()).toEqual(["fork-1", "fork-2", "fork-3", "fork-3-proof"]);
  });

  it("finds the proof that was withheld in the copy, also while the log shows its first history", async () => {
    await monitor("first");
    expect((await monitor("shorter")).status).toBe(3);
    rmSync(at("copy/fork-2-proof"));
    expect(await monitor("first")).toMatchObject({ status: 3, stderr: expect.stringMatching(/alone yet: /) });
    expect(shown("fork-2-proof", "fork-2", "fork-1")).toEqual([2, false, 3]);
    expect(await monitor("first")).toMatchObject({
      status: 3,
      stderr: expect.stringMatching(/proof in copy prove it: /),
    });
  });

  it("says what a witness signed and the log does not prove, before and without the entries", async () => {
    const { text, signatures } = parseNote(read("longer/checkpoint"));
    const signed = formatNote({ text, signatures: [...signatures, signNote(text, witness, 1_700_000_000)] });
    const address = await serve((_, response) => response.end(signed));
    const lines = [`log ${formatVerifierKey(key)}`, `witness one ${formatVerifierKey(witness)} ${address}`];
    writeFileSync(at("policy"), `${[...lines, "quorum none"].join("\n")}\n`);
    const held = await monitorServed("first", (path) => (path.startsWith("/tile/entries/") ? 0 : undefined));
    expect(held).toMatchObject({ status: 3, stdout: expect.stringMatching(/: 0 entries, 0 new/) });
    expect(held.stderr.split("\n").map((line) => line.slice(0, 70))).toEqual([
      "isoline: the witness witness.example/one signed for 5 entries, and the",
      expect.stringMatching(/^isoline: entries are missing: http/),
      "isoline: 3 of the log's entries are not taken yet: call again, it goes",
      "",
    ]);
  });
});
