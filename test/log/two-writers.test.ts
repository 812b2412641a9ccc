/** Several processes that append to one directory: one at a time, the others are refused and change nothing, and nothing forks. */
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { lock } from "../../packages/linux/src/index.ts";
import { Mirror } from "../../packages/log/src/mirror/index.ts";
import { formatVerifierKey, signerKey } from "../../packages/log/src/note/index.ts";
import { parsePolicy } from "../../packages/log/src/proof/index.ts";
import { entriesAt } from "../../packages/log/src/tiles/index.ts";
import { DirectoryStore, Log, readDirectory } from "../../packages/log/src/writer/index.ts";
import { isBuilt, isoline } from "../support/isoline.ts";
import { entries, entry, MemoryStore, rootByDefinition } from "./logs.ts";

const key = signerKey("example.com/log", "log", new Uint8Array(32).fill(1));
const policy = parsePolicy(`log ${formatVerifierKey(key)}\nquorum none\n`);
const program = fileURLToPath(new URL("contender.mjs", import.meta.url));
const WRITERS = ["ann", "bob", "cyd"];
/** Together more than a tile. */
const EACH = 90;

describe.skipIf(!isBuilt)("processes that append to one log (needs a build)", () => {
  let folder = "";
  let place = "";
  const opened = () => new DirectoryStore(place, (fd) => lock(fd, 0));
  const contender = (name: string, times: number) =>
    spawn(process.execPath, [program, place, name, String(times)], { stdio: ["ignore", "pipe", "inherit"] });
  /** As another process. */
  const add = (file: string) => isoline(["log", "add", "log", file, "--key", "log.pem"], { cwd: folder });

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "isoline-writers-"));
    place = join(folder, "log");
    writeFileSync(join(folder, "log.pem"), key.secret.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
    writeFileSync(join(folder, "file"), "a file\n");
    await (await Log.create(opened(), key)).close();
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("have each index once, with the entry that was acknowledged for it, and a monitor follows all the while", async () => {
    const mirror = new Mirror(new MemoryStore(), policy);
    const lines: string[] = [];
    let running = WRITERS.length;
    const ends = WRITERS.map(async (name) => {
      const child = contender(name, EACH);
      createInterface({ input: child.stdout }).on("line", (line) => lines.push(line));
      const [status] = (await once(child, "close")) as [number | null];
      running -= 1;
      return status;
    });
    while (running > 0) {
      await mirror.follow(readDirectory(place));
      await setTimeout(20);
    }
    expect(await Promise.all(ends)).toEqual([0, 0, 0]);
    const acknowledged = lines
      .filter((line) => !line.startsWith("refused"))
      .map((line) => /^(\d+) (.*)$/.exec(line) ?? [])
      .toSorted(([, one], [, other]) => Number(one) - Number(other));
    const size = WRITERS.length * EACH;
    expect(acknowledged.map(([, index]) => Number(index))).toEqual(Array.from({ length: size }, (_, index) => index));
    const found = [0, 1].flatMap((tile) => entriesAt(readDirectory(place), size, tile));
    expect(found.map((each) => Buffer.from(each).toString())).toEqual(acknowledged.map(([, , words]) => words));
    expect((await mirror.follow(readDirectory(place))).checkpoint.size).toBe(size);
    // They did meet.
    expect(lines.filter((line) => /^refused [1-9]/.test(line)).length).toBeGreaterThan(0);
  });

  it("isoline log add is refused while another process has the log, and changes nothing; it is not refused afterwards", async () => {
    const other = await Log.open(opened(), key);
    await other.append(entries(0, 3));
    // The other one is in the middle of a write.
    writeFileSync(join(place, ".unfinished"), "half");
    const before = contentOf(place);
    const refused = await add("file");
    expect(refused).toMatchObject({ status: 1, stdout: "" });
    expect(refused.stderr).toMatch(
      /^isoline: another process appends to .*log; end it first, or send it the entries\n$/,
    );
    expect(contentOf(place)).toEqual(before);
    await other.append([entry(3)]);
    await other.close();
    expect(await add("file")).toMatchObject({ status: 0, stdout: "4 file\n", stderr: "" });
    const log = await Log.open(opened(), key);
    expect(Buffer.from(log.head.root)).toEqual(
      Buffer.from(rootByDefinition([...entries(0, 4), Buffer.from("a file\n")])),
    );
    await log.close();
  });

  it("one that is killed lets the next one go on from what it acknowledged", async () => {
    const child = contender("ann", 100_000);
    let last = -1;
    createInterface({ input: child.stdout }).on("line", (line) => {
      last = Number(line.split(" ")[0]);
      if (last >= 20) child.kill("SIGKILL");
    });
    await once(child, "close");
    const added = await add("file");
    expect(added).toMatchObject({ status: 0, stderr: "" });
    // The entry of which it could not say any more that it is durable may be there.
    expect([last + 1, last + 2]).toContain(Number(added.stdout.split(" ")[0]));
    expect(Buffer.from(entriesAt(readDirectory(place), last + 2, 0)[last] ?? []).toString()).toBe(`ann ${last}`);
  });
});

/** Every file below a directory, with its content. */
function contentOf(directory: string): ReadonlyMap<string, string> {
  const names = readdirSync(directory, { recursive: true, encoding: "utf8" });
  const files = names.filter((name) => statSync(join(directory, name)).isFile());
  return new Map(files.toSorted().map((name) => [name, readFileSync(join(directory, name), "latin1")]));
}
