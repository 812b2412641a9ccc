/** Departures become points without running anything again: all of them, some of them, and none that was not observed whole. */
import { spawnSync } from "node:child_process";
import { appendFileSync, copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isBuilt, isoline, isolineProgram, type Report } from "../support/isoline.ts";

let place = "";
const at = (name: string) => join(place, name);
const run = (...args: readonly string[]) => isoline([...args], { cwd: place });
const reportIn = (name: string) => JSON.parse(readFileSync(at(name), "utf8")) as Report & Record<string, never>;

beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), "isoline-accept-"));
  copyFileSync("/bin/cat", at("show"));
  writeFileSync(at("one"), "1");
  writeFileSync(at("two"), "2");
  writeFileSync(at("work.sh"), "./show one > /dev/null; ./show one one > /dev/null\n");
});
afterEach(() => rmSync(place, { recursive: true, force: true }));

const command = ["--", "sh", "work.sh"];
const learns = () => run("learn", "-q", "-o", "a.contour", ...command);
const checks = (...more: readonly string[]) =>
  run("check", "a.contour", "--report", "report.json", ...more, ...command);

describe.skipIf(!isBuilt)("accepting departures (needs a build)", () => {
  it("makes an update one decision, and the next run is on contour", async () => {
    await learns();
    appendFileSync(at("show"), "\0");
    const checked = await checks();
    expect(checked.status).toBe(3);
    expect(checked.stderr).toMatch(/updated: \$CWD\/show; otherwise \d+ acts as on the contour/);
    expect(reportIn("report.json")["updates"]).toMatchObject([{ changed: [{ path: "$CWD/show" }], renamed: [] }]);
    const accepted = await run("accept", "a.contour", "report.json", "--only", "updated-program");
    expect(accepted).toMatchObject({ status: 0 });
    expect(accepted.stderr).toMatch(/(\d+) departures accepted, of them \1 by 1 update;/);
    expect((await checks()).status).toBe(0);
  });

  it("takes what a pattern means, and leaves the rest", async () => {
    await learns();
    appendFileSync(at("work.sh"), "./show two > /dev/null; head -c 1 two > /dev/null\n");
    await checks();
    expect((await run("accept", "a.contour", "report.json", "--only", "$CWD/tw?")).stderr).toContain(
      "1 departure accepted",
    );
    const left = await checks();
    expect(left.status).toBe(3);
    expect(left.stderr).toContain("head");
    expect(left.stderr).not.toContain("`show`");
  });

  it("takes no act of a program without the execution that started it", async () => {
    await learns();
    appendFileSync(at("work.sh"), "head -c 1 two > /dev/null\n");
    await checks();
    const before = readFileSync(at("a.contour"));
    const { status, stderr } = await run("accept", "a.contour", "report.json", "--only", "open *");
    expect(status).toBe(1);
    expect(stderr).toContain("not accepted, because the execution of its program was not");
    expect(stderr).toContain(
      "to accept them with the execution of their program, add: --only 'exec path=/usr/bin/head'",
    );
    const none = await run("accept", "a.contour", "report.json", "--only", "updated-program");
    expect(none.status).toBe(1);
    expect(none.stderr).toContain("--only fits none of them; isoline departures report.json shows each act");
    expect(readFileSync(at("a.contour"))).toEqual(before);
    await run("accept", "a.contour", "report.json", "--only", "head", "--reason", "a new tool");
    expect((await checks()).status).toBe(0);
  });

  it("goes on with the same report after a first part of it was accepted, and not with one of an older contour", async () => {
    await learns();
    appendFileSync(at("work.sh"), "./show two > /dev/null; head -c 1 two > /dev/null\n");
    await checks();
    await run("accept", "a.contour", "report.json", "--only", "$CWD/two", "-q");
    expect((await run("accept", "a.contour", "report.json", "-q")).status).toBe(0);
    writeFileSync(at("work.sh"), "./show one > /dev/null; tail -c 1 two > /dev/null\n");
    await run("learn", "-q", "--merge", "-o", "a.contour", ...command);
    const before = readFileSync(at("a.contour"));
    const stale = await run("accept", "a.contour", "report.json");
    expect(stale.status).not.toBe(0);
    expect(stale.stderr).toMatch(/about another contour than a\.contour, or a\.contour has changed since/);
    expect(readFileSync(at("a.contour"))).toEqual(before);
  });

  it("says of a refused execution that what comes after it is not known", async () => {
    await learns();
    appendFileSync(at("work.sh"), "head -c 1 two > /dev/null\n");
    await checks("--enforce");
    const { stderr } = await run("accept", "a.contour", "report.json");
    expect(stderr).toMatch(/executed \S*head: this was refused, so what the program does then is not known/);
    const next = await checks("--enforce");
    expect(next.status).toBe(3);
    expect(next.stderr).toContain("`head`");
  });

  it("happens in one go with check --accept, and then nothing is left", async () => {
    await learns();
    appendFileSync(at("work.sh"), "./show two > /dev/null\n");
    const accepted = await checks("--accept");
    expect(accepted.stderr).toContain("1 departure accepted");
    expect(accepted.status).toBe(0);
    expect((await checks()).status).toBe(0);
  });

  it("takes away a signature, which was for what the contour was before", async () => {
    await learns();
    spawnSync("openssl", ["genpkey", "-algorithm", "ed25519", "-out", at("key")]);
    await run("sign", "a.contour", "--key", "key");
    appendFileSync(at("work.sh"), "./show two > /dev/null\n");
    await checks();
    expect((await run("accept", "a.contour", "report.json")).stderr).toContain("a.contour.sig");
    expect(existsSync(at("a.contour.sig"))).toBe(false);
  });
});

const hasTerminal = spawnSync("script", ["-qec", "true", "/dev/null"], { stdio: "ignore" }).status === 0;

describe.skipIf(!isBuilt || !hasTerminal)("walking through departures (needs a build, script and a terminal)", () => {
  /** Answers on a terminal of its own; returns what was shown. */
  const answer = (answers: string) =>
    spawnSync("script", ["-qec", `"${isolineProgram}" accept a.contour report.json -i`, "/dev/null"], {
      cwd: place,
      encoding: "utf8",
      input: [...answers].map((key) => `${key}\n`).join(""),
      env: { ...process.env, NO_COLOR: "1" },
      timeout: 60_000,
    }).stdout;

  beforeEach(async () => {
    await learns();
    writeFileSync(
      at("work.sh"),
      "./show one > /dev/null; ./show one one > /dev/null; ./show two > /dev/null; head -c 1 two > /dev/null\n",
    );
    await checks();
  });

  it("asks about each cause, and takes what was answered with y", async () => {
    const shown = answer("?yq");
    expect(shown).toContain("Accept this [y,n,a,d,q,?]?");
    expect(shown).toContain("d - accept neither this nor what follows of the same program");
    expect(shown).toContain("1 departure accepted");
  });

  it("takes all that follows of one program with a, none of it with d, and nothing more after q", async () => {
    const all = answer("aaaaaaaa");
    expect(all).not.toContain("left off contour");
    expect((await checks()).status).toBe(0);
  });

  it("accepts nothing where the input ends, or with d for every program", async () => {
    const before = readFileSync(at("a.contour"));
    answer("");
    answer("dddddddd");
    answer("q");
    expect(readFileSync(at("a.contour"))).toEqual(before);
  });

  it("needs a terminal", async () => {
    const { status, stderr } = await run("accept", "a.contour", "report.json", "-i");
    expect(status).toBe(2);
    expect(stderr).toContain("-i asks at a terminal");
  });
});
