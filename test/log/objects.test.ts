/** A log in an object store: what is acknowledged is there, no two processes fork it, and a server that lies is found out. */
import { once } from "node:events";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { lock } from "../../packages/linux/src/index.ts";
import { Mirror } from "../../packages/log/src/mirror/index.ts";
import { formatVerifierKey, parseCheckpoint, parseNote, signerKey } from "../../packages/log/src/note/index.ts";
import { parsePolicy } from "../../packages/log/src/proof/index.ts";
import { askWitness, serveWitness, Witness } from "../../packages/log/src/witness/index.ts";
import { bucketAddress, CHECKPOINT, DirectoryStore, Log, ObjectStore } from "../../packages/log/src/writer/index.ts";
import { isBuilt, isoline } from "../support/isoline.ts";
import { isCI, isInstalled } from "../support/machine.ts";
import { entries, entry, MemoryStore, rootByDefinition } from "./logs.ts";
import { type Answered, type Asked, ObjectServer } from "./object-server.ts";
import { keepsToTheContract } from "./place.contract.ts";

const key = signerKey("example.com/log", "log", new Uint8Array(32).fill(1));
const policy = parsePolicy(`log ${formatVerifierKey(key)}\nquorum none\n`);
const folder = mkdtempSync(join(tmpdir(), "isoline-objects-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let places = 0;
const place = () => `log-${++places}`;

describe("a directory", () => {
  keepsToTheContract(
    () => join(folder, place()),
    (at) => new DirectoryStore(at, (fd) => lock(fd, 0)),
  );
});

const GOOD = "region: eu\naccess-key: a\nsecret-key: hush\n";

describe("the address of a bucket", () => {
  it.each([
    ["http://example.com", /https:\/\/HOST, or http/],
    ["https://example.com/path", /https:\/\/HOST/],
    ["https://user@example.com", /https:\/\/HOST/],
    ["ftp://example.com", /https:\/\/HOST/],
  ])("is refused with the endpoint %s", (endpoint, message) => {
    expect(() => bucketAddress("s3://logs/a", `endpoint: ${endpoint}\n${GOOD}`)).toThrow(message);
  });

  it.each([
    "s3://",
    "s3://a.b/c",
    "s3://logs/../other",
    "s3://logs/a b",
    "s3://logs/a%2fb",
    "s3://Logs/a",
    "s3://logs//a",
  ])("is refused as %s", (at) => {
    expect(() => bucketAddress(at, `endpoint: https://s3.example\n${GOOD}`)).toThrow(/expected s3:\/\/BUCKET\/PREFIX/);
  });

  it("is refused with a line that is unknown, twice or missing, and never repeats it", () => {
    for (const text of [`${GOOD}secret-key: other`, `${GOOD}secret: hush`, GOOD, `${GOOD}hush`]) {
      expect(() => bucketAddress("s3://logs/a", text)).toThrow(/credentials of an object store: (?:line|expected)/);
      expect(() => bucketAddress("s3://logs/a", text)).not.toThrow(/hush/);
    }
  });
});

describe.skipIf(!isInstalled("moto_server"))("an object store (needs python3-moto)", () => {
  const server = new ObjectServer();
  const open = (at: string) => new ObjectStore(server.bucket(at));
  beforeAll(() => server.start(), 60_000);
  afterAll(() => server.stop());
  afterEach(() => {
    server.lies = {};
  });

  async function begun(size: number): Promise<string> {
    const at = place();
    await (await Log.create(open(at), key)).append(entries(0, size));
    return at;
  }

  describe("that is honest", () => {
    keepsToTheContract(place, open);

    it("refuses a signature that another secret made, and says what to check", async () => {
      const files = new ObjectStore(server.bucket(place(), "another-secret"));
      await expect(Log.create(files, key)).rejects.toThrow(/answered 403, SignatureDoesNotMatch; check bucket/);
    });
  });

  it.skipIf(!isCI)(
    "in CI: loses nothing that was acknowledged, whichever request is the last of a process",
    async () => {
      const outcomes = new Set<string | undefined>();
      for (let most = 0; !outcomes.has("acknowledged") && most < 40; most++) {
        const at = await begun(254);
        let asked = 0;
        server.lies = { before: () => (++asked > most ? "hang up" : undefined) };
        const outcome = await Log.open(open(at), key)
          .then((log) => log.append(entries(254, 260)))
          .then(
            () => "acknowledged",
            (fault: { code?: string }) => fault.code,
          );
        const acknowledged = outcome === "acknowledged" ? 260 : 254;
        server.lies = {};
        outcomes.add(outcome);
        const log = await Log.open(open(at), key);
        const { size } = log.head;
        expect(size).toBeGreaterThanOrEqual(acknowledged);
        await log.append([entry(9999)]);
        const next = await Log.open(open(at), key);
        expect(Buffer.from(next.head.root)).toEqual(Buffer.from(rootByDefinition([...entries(0, size), entry(9999)])));
      }
      expect(outcomes).toEqual(new Set(["object-store", "acknowledged"]));
    },
  );

  it("commits once where the answer was lost after the server did it", async () => {
    const at = await begun(5);
    const log = await Log.open(open(at), key);
    let lost = 0;
    server.lies = {
      after: ({ method, path }) =>
        method === "PUT" && path === `${at}/committed/5` && lost++ === 0 ? "hang up" : undefined,
    };
    expect(await log.append([entry(5)])).toBe(5);
    expect([lost, (await Log.open(open(at), key)).head.size]).toEqual([2, 6]);
  });

  it("keeps back a process that was overtaken: what is shown never gets shorter", async () => {
    const at = await begun(5);
    const slow = await Log.open(open(at), key, { waitsForWitnesses: true });
    await slow.append(entries(5, 8));
    const fast = await Log.open(open(at), key);
    await fast.append(entries(8, 300));
    await expect(slow.publish(slow.head, [])).rejects.toMatchObject({ code: "log-in-use" });
    await expect(slow.append([entry(1)])).rejects.toMatchObject({ code: "log-in-use" });
    await expect(slow.append([entry(1)])).rejects.toThrow(/open the log again/);
    const shown = Buffer.from((await open(at).read(CHECKPOINT)) ?? []).toString("utf8");
    expect(parseCheckpoint(parseNote(shown)).size).toBe(300);
  });

  const forged = (body: string | Uint8Array, etag = '"0"'): Answered => ({
    status: 200,
    headers: { etag },
    body: Buffer.from(body),
  });
  const reads = (name: string) => (asked: Asked) => asked.method === "GET" && asked.path.endsWith(name);

  /** What follows the last note is the first one. */
  function circle(): (asked: Asked, answered: Answered) => Answered | undefined {
    let first: Uint8Array = Buffer.from("");
    return (asked, { body }) => {
      if (reads("committed/none")(asked)) first = body;
      return reads("committed/300")(asked) ? forged(first) : undefined;
    };
  }

  it.each<[string, (asked: Asked, answered: Answered) => Answered | "hang up" | undefined, RegExp]>([
    [
      "writes over what is there",
      ({ headers }, { status }) => (headers["if-none-match"] === "*" && status === 412 ? forged("") : undefined),
      /does not keep to If-None-Match/,
    ],
    [
      "truncates a tile",
      (asked, { body }) => (reads("tile/0/001.p/44")(asked) ? forged(body.subarray(0, -32)) : undefined),
      /restore it from a copy/,
    ],
    [
      "changes a tile",
      (asked, { body }) => (reads("tile/0/001.p/44")(asked) ? forged(Buffer.from(body).fill(7, 0, 9)) : undefined),
      /from a copy/,
    ],
    [
      "has lost the entries",
      (asked) => (reads("tile/entries/001.p/44")(asked) ? { ...forged(""), status: 404 } : undefined),
      /from a copy/,
    ],
    [
      "stages something else than tiles",
      (asked) =>
        asked.path.includes("/staged/") && asked.method === "GET"
          ? forged("\0\u000acheckpoint\0\0\0\u0001x")
          : undefined,
      /staged in the object store are damaged/,
    ],
    [
      "has a forged note",
      (asked) =>
        reads("committed/last")(asked) ? forged(`${key.name}\n9\n${"A".repeat(43)}=\n\n— x AAAAAAAA\n`) : undefined,
      /check the key of the log/,
    ],
    ["leads its notes in a circle", circle(), /has no more/],
    [
      "answers without an end",
      (asked) => (reads("committed/last")(asked) ? forged(Buffer.alloc(65 * 2 ** 20)) : undefined),
      /distrust the server/,
    ],
  ])("is refused if it %s", async (_, after, message) => {
    const at = await begun(300);
    server.lies = { after };
    await expect(Log.open(open(at), key)).rejects.toThrow(message);
  });

  it("is refused if it sends the client elsewhere, where nothing is asked", async () => {
    const at = await begun(300);
    const asked: string[] = [];
    const elsewhere = createServer(({ url = "" }, response) => {
      asked.push(url);
      response.writeHead(404).end();
    }).listen(0, "127.0.0.1");
    await once(elsewhere, "listening");
    const location = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/`;
    server.lies = { after: () => ({ status: 307, headers: { location }, body: Buffer.from("") }) };
    await expect(Log.open(open(at), key)).rejects.toThrow(/cannot be reached: unexpected redirect/);
    elsewhere.close();
    expect(asked).toEqual([]);
  });

  it("shows nothing over what it calls by the version of something else", async () => {
    const at = await begun(5);
    const log = await Log.open(open(at), key, { waitsForWitnesses: true });
    await log.append([entry(5)]);
    server.lies = { after: (asked, { body }) => (reads(CHECKPOINT)(asked) ? forged(body, '"swapped"') : undefined) };
    await expect(log.publish(log.head, [])).rejects.toMatchObject({ code: "log-in-use" });
    server.lies = {};
    const shown = Buffer.from((await open(at).read(CHECKPOINT)) ?? []).toString("utf8");
    expect(parseCheckpoint(parseNote(shown)).size).toBe(5);
  });

  it("that goes back, and lets itself be written over, is found out by a monitor and by a witness", async () => {
    const at = await begun(5);
    const log = await Log.open(open(at), key);
    const witness = signerKey("witness.example/one", "witness");
    const web = serveWitness(new Witness({ key: witness, logs: [key], store: new MemoryStore(), now: () => 1 }));
    await once(web.listen(0, "127.0.0.1"), "listening");
    const known = { key: witness, address: `http://127.0.0.1:${(web.address() as AddressInfo).port}/` };
    const mirror = new Mirror(new MemoryStore(), policy);
    const old = await open(at).read(CHECKPOINT);
    await log.append(entries(5, 9));
    await mirror.follow(open(at).read);
    await askWitness(known, log.signed, open(at).read);
    server.lies = {
      after: (asked, { status }) => {
        if (asked.method === "PUT" && status === 412 && asked.path.endsWith("committed/5")) return forged("");
        if (reads("committed/last")(asked) || reads("committed/5")(asked)) return { ...forged(""), status: 404 };
        return reads(CHECKPOINT)(asked) ? forged(old ?? "") : undefined;
      },
    };
    await expect(mirror.follow(open(at).read)).rejects.toMatchObject({ code: "old-checkpoint" });
    const behind = await Log.open(open(at), key, { waitsForWitnesses: true });
    await behind.append([entry(77)]);
    await expect(askWitness(known, behind.signed, open(at).read)).rejects.toThrow(/9 entries.*a part of it was lost/);
    web.closeAllConnections();
    web.close();
  });

  describe.skipIf(!isBuilt)("and isoline log (needs a build)", () => {
    const at = (name: string) => join(folder, name);
    const log = (...words: readonly string[]) => isoline(["log", ...words], { cwd: folder });
    const where = "s3://logs/contours";

    it("begins, appends, proves and is watched there; a proof is checked without a network", async () => {
      writeFileSync(at("log.pem"), key.secret.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
      writeFileSync(at("bucket"), server.credentials(), { mode: 0o600 });
      for (const name of ["a", "b"]) writeFileSync(at(name), `signature of ${name}\n`);
      const created = await log("create", where, "--credentials", "bucket", "--name", key.name, "--key", "log.pem");
      expect(created).toMatchObject({ status: 0, stderr: "" });
      writeFileSync(at("policy"), `${created.stdout.trim()}\nquorum none\n`);
      const added = await log("add", where, "a", "b", "--credentials", "bucket", "--key", "log.pem");
      expect(added).toMatchObject({ status: 0, stdout: "0 a\n1 b\n", stderr: "" });
      const proved = await log("prove", where, "b", "--credentials", "bucket", "-o", "b.proof");
      expect(proved).toMatchObject({ status: 0, stderr: "" });
      expect((await log("verify", "b", "b.proof", "--policy", "policy")).status).toBe(0);
      expect((await log("verify", "a", "b.proof", "--policy", "policy")).status).toBe(3);
      const watched = await log("monitor", where, "--credentials", "bucket", "--policy", "policy", "--state", "copy");
      expect(watched).toMatchObject({ status: 0, stdout: "example.com/log: 2 entries, 2 new, seen by no witness\n" });
      const again = await log("create", where, "--credentials", "bucket", "--name", key.name, "--key", "log.pem");
      expect(again.stderr).toMatch(/there is a log already/);
    });

    it("takes entries also where nothing may be removed, and says once what stays", async () => {
      writeFileSync(at("bucket"), server.credentials(), { mode: 0o600 });
      writeFileSync(at("c"), "signature of c\n");
      server.lies = {
        before: ({ method, path }) =>
          method === "DELETE" || path === "?delete"
            ? { ...forged("<Code>AccessDenied</Code>"), status: 403 }
            : undefined,
      };
      const added = await log("add", where, "c", "--credentials", "bucket", "--key", "log.pem");
      expect(added).toMatchObject({ status: 0, stdout: "2 c\n" });
      expect(added.stderr).toMatch(
        /^isoline: files stay that no reader needs.*AccessDenied.*no entry is lost[^\n]*\n$/,
      );
    });

    it("refuses to go there without credentials, or with some that others can read", async () => {
      writeFileSync(at("open"), server.credentials(), { mode: 0o644 });
      const words = ["prove", where, "a"];
      expect((await log(...words)).stderr).toMatch(/expected --credentials FILE/);
      expect((await log(...words, "--credentials", "open")).stderr).toMatch(
        /mode 600, got one of user \d+ with mode 644/,
      );
      symlinkSync("bucket", at("link"));
      expect((await log(...words, "--credentials", "link")).stderr).toMatch(/found a symbolic link/);
    });
  });
});
