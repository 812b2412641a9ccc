/**
 * isoline writes its results after the workload has ended, to the place that was named at the start. The workload owns the
 * directory, and nothing it puts there meanwhile redirects them.
 */
import { execFileSync } from "node:child_process";
import { chmodSync, lstatSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { NOBODY } from "../sensor/case.ts";
import { isBuilt } from "../support/isoline.ts";
import { Bench, shell } from "./bench.ts";
import { isRoot } from "../support/machine.ts";

const SECRET = "root's own\n";

describe.skipIf(!isBuilt)("outputs of a run (needs a build)", () => {
  let bench: Bench;
  let victim: string;
  beforeEach(() => {
    bench = new Bench();
    victim = bench.at("victim");
    writeFileSync(victim, SECRET, { mode: 0o600 });
    execFileSync("mkdir", ["-m", "777", bench.at("d"), bench.at("elsewhere")]);
  });
  afterEach(() => bench.clear());

  const names = { contour: "d/out", report: "d/report", trajectory: "d/path" };
  const words = `learn -q -o ${names.contour} --report ${names.report} --trajectory ${names.trajectory}`;
  const all = Object.values(names);

  it.each([
    ["links to another user's file", (name: string) => `rm -f ${name}; ln -s ../victim ${name}`],
    ["links to a missing file", (name: string) => `rm -f ${name}; ln -s ../made ${name}`],
    ["pipes", (name: string) => `rm -f ${name}; mkfifo ${name}`],
    ["hard links", (name: string) => `rm -f ${name}; : > own; chmod 600 own; ln -f own ${name}`],
  ])("%s in their place are replaced, never followed", async (_, plant) => {
    const { status } = await bench.run(words, shell(all.map(plant).join("; ")));
    expect(status).toBe(0);
    expect(readFileSync(victim, "utf8")).toBe(SECRET);
    expect([bench.has("made"), bench.has("own") && bench.read("own")]).toEqual([false, bench.has("own") ? "" : false]);
    for (const name of [names.contour, names.report]) expect(lstatSync(bench.at(name)).isFile()).toBe(true);
    expect(bench.read(names.contour)).toMatch(/^isoline contour/);
    expect(bench.report(names.report).verdict).toBe("learnt");
  });

  it("a directory that was moved, and a link to another in its place: the results are in the moved directory", async () => {
    const { status } = await bench.run(words, shell("mv d moved; ln -s elsewhere d"));
    expect(status).toBe(0);
    expect(bench.report("moved/report").verdict).toBe("learnt");
    expect(bench.read("moved/out")).toMatch(/^isoline contour/);
    expect(bench.read("moved/path").length).toBeGreaterThan(0);
    expect([bench.has("elsewhere/out"), bench.has("elsewhere/report")]).toEqual([false, false]);
  });

  it("a directory at the name of a result: it stays, and the run fails", async () => {
    const { status, stderr } = await bench.run("learn -q -o d/out", shell("mkdir d/out"));
    expect([status, stderr]).toEqual([125, expect.stringMatching(/^isoline: cannot write d\/out: /)]);
    expect(lstatSync(bench.at("d/out")).isDirectory()).toBe(true);
  });

  it.skipIf(!isRoot)(
    "root, in a directory of the workload's user: the same, and the user sets no owner or mode",
    async () => {
      const plant = "rm -f d/report; ln -s ../victim d/report; : > d/out; chmod 777 d/out";
      const start = { uid: 0 };
      const run = `learn -q --user ${NOBODY}:${NOBODY} -o d/out --report d/report`;
      expect((await bench.run(run, shell(plant), start)).status).toBe(0);
      expect(readFileSync(victim, "utf8")).toBe(SECRET);
      for (const name of ["d/out", "d/report"]) {
        const { uid, mode } = lstatSync(bench.at(name));
        expect([name, uid, (mode & 0o7777).toString(8)]).toEqual([name, 0, "644"]);
      }
    },
  );

  it.skipIf(!isRoot)("root does not follow a link of another user", async () => {
    const secret = join(bench.directory, "closed");
    mkdirSync(secret);
    chmodSync(secret, 0o700);
    execFileSync("ln", ["-s", "closed", "way"], { cwd: bench.directory, uid: NOBODY, gid: NOBODY });
    const refused = await bench.run("learn -q -o way/out", shell("true"), { uid: 0 });
    expect([refused.status, refused.stderr]).toEqual([125, expect.stringMatching(/symbolic link of another user/)]);
    rmSync(bench.at("way"));
    symlinkSync("closed", bench.at("way"));
    expect((await bench.run("learn -q -o way/out", shell("true"), { uid: 0 })).status).toBe(0);
    expect(bench.read("closed/out")).toMatch(/^isoline contour/);
  });
});
