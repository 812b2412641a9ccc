/** `isoline log monitor` on the log of a fleet: docs/how-to/log.md, 7. */
import { createHash, createPublicKey } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { signerKey } from "../../packages/log/src/note/index.ts";
import type { Said } from "../../packages/log/src/statement/index.ts";
import { DirectoryStore, Log } from "../../packages/log/src/writer/index.ts";
import type { Contour } from "@isoline/core/contour";
import { contourOf, openAct, textOf } from "../arbitrary/contour.ts";
import { isBuilt, isoline } from "../support/isoline.ts";
import { entriesOf, HOUR, image, policy, START } from "./statements.ts";

const chain = ["/bin/sh"];
const narrow = contourOf([{ chain, acts: [openAct("/etc/hosts")] }]);
const wide = contourOf([{ chain, acts: [openAct("/etc/hosts"), openAct("/etc/passwd")] }]);
const files = { narrow: textOf(narrow), wide: textOf(wide) };
const digestOf = (text: string) => createHash("sha256").update(text).digest("hex");
const now = { at: Date.now() };
const hour = Math.floor(now.at / 3_600_000);

const published = (which: keyof typeof files): Said => ({
  kind: "publish-contour",
  name: "web",
  digest: digestOf(files[which]),
  state: (which === "narrow" ? narrow : wide).state(),
  image: [],
  signer: [],
});
const root = { kind: "root", hour, verdicts: 0, root: "0".repeat(64) } as const;

describe.skipIf(!isBuilt)("isoline log monitor on the log of a fleet (needs a build)", () => {
  const place = mkdtempSync(join(tmpdir(), "isoline-monitor-"));
  const at = (name: string) => join(place, name);
  const key = signerKey("example.com/fleet", "log", Buffer.alloc(32, 7));
  const monitor = (state: string, ...words: readonly string[]) =>
    isoline(["log", "monitor", "log", "--policy", "policy", "--state", state, ...words], { cwd: place });
  const append = async (entries: readonly Uint8Array[]) => {
    const log = await Log.open(new DirectoryStore(at("log"), () => true), key);
    await log.append(entries);
    await log.close();
  };
  const all = entriesOf(
    [policy(6), root, published("narrow"), published("wide"), published("narrow")].map((one) => ({ ...one, ...now })),
  );

  beforeAll(async () => {
    const pem = key.secret.export({ type: "pkcs8", format: "pem" });
    writeFileSync(at("log.pem"), pem, { mode: 0o600 });
    writeFileSync(at("reviewer.pub"), createPublicKey(key.secret).export({ type: "spki", format: "pem" }));
    const { stdout } = await isoline(["log", "create", "log", "--name", key.name, "--key", "log.pem"], { cwd: place });
    writeFileSync(at("policy"), `${stdout.trim()}\nquorum none\n`);
    for (const folder of ["contours", "reviewed"]) {
      mkdirSync(at(folder));
      for (const [name, text] of Object.entries(files)) writeFileSync(at(`${folder}/${name}.contour`), text);
    }
    for (const which of ["narrow", "wide"])
      await isoline(["sign", `reviewed/${which}.contour`, "--key", "log.pem"], { cwd: place });
    await append(all.slice(0, 3));
  });
  afterAll(() => rmSync(place, { recursive: true, force: true }));

  it("ends with 0 where nothing is found, and says one line", async () => {
    expect(await monitor("copy")).toMatchObject({
      status: 0,
      stdout: "example.com/fleet: 3 entries, 3 new, seen by no witness\n",
      stderr: "",
    });
  });

  it("says a finding once, with its entry and the next step, and ends with 3; --all says it again", async () => {
    await append(all.slice(3));
    const found = await monitor("copy");
    expect(found.status).toBe(3);
    expect(found.stdout).toMatch(
      /\nentry 3: widened-contour: contour "web" \S+ differs from \S+ of entry 2, and no reviewer signed it: compare/,
    );
    expect(await monitor("copy")).toMatchObject({
      status: 0,
      stderr: expect.stringMatching(/2 findings said before/),
    });
    const again = await monitor("copy", "--all", "--json");
    expect([
      again.status,
      (JSON.parse(again.stdout) as { findings: { entry: number }[] }).findings.map(({ entry }) => entry),
    ]).toEqual([3, [3, 4]]);
  });

  it("says after an earlier isoline, which kept no findings, how many of them that one may have said; once", async () => {
    expect((await monitor("upgraded")).status).toBe(3);
    rmSync(at("upgraded/said"));
    writeFileSync(at("upgraded/examined"), "4\n");
    const first = await monitor("upgraded");
    expect([first.status, first.stdout.split("\n").length]).toEqual([3, 4]);
    expect(first.stderr).toMatch(
      /^isoline: 1 finding in entries that an earlier isoline examined, .*may have been said/,
    );
    expect(await monitor("upgraded")).toMatchObject({
      status: 0,
      stderr: "isoline: 2 findings said before; --all says them again\n",
    });
  });

  it("says of entries that were examined before what only a reviewer's key, which is new to it, makes a finding", async () => {
    expect([(await monitor("own-copy")).status, (await monitor("own-copy")).status]).toEqual([3, 0]);
    const { status, stdout } = await monitor("own-copy", "--reviewer", "reviewer.pub");
    expect([status, stdout]).toEqual([3, expect.stringMatching(/\nentry 2: unreviewed-contour: contour "web" /)]);
    expect(stdout).not.toMatch(/widened-contour/);
    expect((await monitor("own-copy", "--reviewer", "reviewer.pub")).status).toBe(0);
  });

  it("with the contours: only the one that permits more is a finding, and how much more", async () => {
    const { status, stdout } = await monitor("with-files", "--contours", "contours");
    expect([status, stdout.split("\n").slice(1, -1)]).toEqual([
      3,
      [expect.stringMatching(/^entry 3: widened-contour: .* permits 1 act more than/)],
    ]);
  });

  it("with a reviewer: what that key signed is no finding, in the directory or in the log itself", async () => {
    expect((await monitor("reviewed-copy", "--contours", "reviewed", "--reviewer", "reviewer.pub")).status).toBe(0);
    expect((await monitor("unnamed-copy", "--contours", "reviewed")).status).toBe(3);
    expect(readdirSync(at("reviewed"))).toContain("wide.contour.sig");
    for (const which of ["wide", "narrow"]) {
      const { status, stdout } = await monitor(
        `before-${which}`,
        "--contours",
        "contours",
        "--reviewer",
        "reviewer.pub",
      );
      expect([status, stdout]).toEqual([3, expect.stringMatching(/entry 2: unreviewed-contour: contour "web" /)]);
      await isoline(["log", "add", "log", `reviewed/${which}.contour.sig`, "--key", "log.pem"], { cwd: place });
    }
    expect((await monitor("logged-copy", "--contours", "contours", "--reviewer", "reviewer.pub")).status).toBe(0);
  });

  it("finds a contour with the same points, whose policy lets more files count as one of them", async () => {
    const pseudonym = (path: string) => JSON.stringify({ pseudonyms: [{ as: "CACHE", content: false, path }] });
    const [one, all] = ["$HOME/.cache/app", "$HOME/.cache/**"].map((path) =>
      contourOf([{ chain, acts: [openAct("/etc/hosts")] }], pseudonym(path)),
    ) as [Contour, Contour];
    mkdirSync(at("policies"));
    rmSync(at("log"), { recursive: true });
    await isoline(["log", "create", "log", "--name", key.name, "--key", "log.pem"], { cwd: place });
    const said = [one, all].map((contour, index): Said => {
      writeFileSync(at(`policies/${index}.contour`), textOf(contour));
      return { ...published("narrow"), digest: digestOf(textOf(contour)), state: one.state() } as Said;
    });
    await append(entriesOf([policy(6), root, ...said].map((each) => ({ ...each, ...now }))));
    const { status, stdout } = await monitor("policies-copy", "--contours", "policies");
    expect([status, stdout]).toEqual([3, expect.stringMatching(/\nentry 3: widened-contour: contour "web"/)]);
  });

  it("says hours without a root each time, since they are missing now", async () => {
    rmSync(at("log"), { recursive: true });
    await isoline(["log", "create", "log", "--name", key.name, "--key", "log.pem"], { cwd: place });
    await append(entriesOf([{ ...root, hour: HOUR, at: START }]));
    for (const _ of [1, 2]) {
      const { status, stdout } = await monitor("late-copy");
      expect([status, stdout]).toEqual([
        3,
        expect.stringMatching(/\nentry 0: missing-root: no root over all verdicts for \d+ hours, 2026-09-12T09Z to /),
      ]);
    }
  });

  it("takes new entries for so many minutes, says what is left, and the next call goes on", async () => {
    rmSync(at("log"), { recursive: true });
    await isoline(["log", "create", "log", "--name", key.name, "--key", "log.pem"], { cwd: place });
    await append(Array.from({ length: 600 }, (_, index) => Buffer.from(`entry ${index}\n`)));
    const called = [];
    for (const _ of [1, 2, 3]) called.push(await monitor("slow-copy", "--minutes", "0"));
    expect(
      called.map(({ status, stdout, stderr }) => [status, stdout.split(", seen")[0], stderr.split(":")[1]]),
    ).toEqual([
      [4, "example.com/fleet: 256 entries, 256 new", " 344 of the log's entries are not taken yet"],
      [4, "example.com/fleet: 512 entries, 256 new", " 88 of the log's entries are not taken yet"],
      [0, "example.com/fleet: 600 entries, 88 new", undefined],
    ]);
  });

  it("refuses a directory of contours that is not there", async () => {
    const { status, stderr } = await monitor("copy", "--contours", image(1));
    expect([status, stderr]).toEqual([1, expect.stringMatching(/expected a directory of contours, got ENOENT/)]);
  });
});
