/**
 * The compromised package again, against a contour that was learnt in several runs and generalised: every step is still seen and
 * refused, and the first line of the console still tells what matters. Each step alone takes minutes, so that is for CI.
 */
import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { NOBODY } from "../sensor/case.ts";
import {
  type Departure,
  isBuilt,
  isoline,
  isolineProgram,
  readReport,
  type Report,
  SYSTEM_PATH,
} from "../support/isoline.ts";
import { isCI, isRoot } from "../support/machine.ts";
import { Attacker } from "./attacker.ts";
import { Household } from "./household.ts";
import { type Package, Registry } from "./registry.ts";
import { type Step, steps } from "./steps.ts";
import { clean, neighbour, takenOver, type Targets, told, type Told } from "./worm.ts";

const uid = isRoot ? NOBODY : undefined;
const hasNpm = spawnSync("npm", ["--version"], { env: { PATH: SYSTEM_PATH } }).status === 0;
/** Each run leaves a file of a name of its own, so that there is a class to find. */
const WORK = 'echo > "varied-$VARIED_RUN.txt"; npm install && npm test';
const LEARNT_RUNS = 3;
const KEPT = ["clean.contour", "clean.contour.evidence"];

describe.skipIf(!isBuilt || !hasNpm)("a compromised package under a generalised contour (needs a build, npm)", () => {
  let registry: Registry;
  let attacker: Attacker;
  let targets: Targets;
  let workshop: string;
  let contour: string;
  let runs = 0;

  interface Aftermath {
    readonly status: number | null;
    readonly stderr: string;
    readonly told: Told | undefined;
    readonly household: Household;
  }

  /** Runs the installation and the test of the project in a household of its own, each time under another name. */
  async function run<T>(pretty: Package, args: readonly string[], use: (aftermath: Aftermath) => T): Promise<T> {
    registry.offer([pretty, neighbour]);
    registry.published.length = 0;
    attacker.reached.length = 0;
    const household = new Household(uid, attacker, registry);
    try {
      for (const name of KEPT) {
        if (!existsSync(join(workshop, name))) continue;
        copyFileSync(join(workshop, name), household.at(name));
        if (uid !== undefined) chownSync(household.at(name), uid, uid);
      }
      const env = { HOME: household.at("home"), SOME_TOKEN: "ENVIRONMENT_SECRET", VARIED_RUN: String(++runs) };
      const words = [...args, "--report", household.at("report.json"), "--", "/bin/sh", "-c", WORK];
      const { status, stdout, stderr } = await isoline(words, { cwd: household.at("project"), uid, env });
      return use({ status, stderr, told: told(stdout), household });
    } finally {
      household.clear();
    }
  }

  beforeAll(async () => {
    registry = await Registry.open();
    attacker = await Attacker.open();
    targets = { ...attacker.ports, registry: registry.url };
    workshop = mkdtempSync(join(tmpdir(), "isoline-workshop-"));
    chmodSync(workshop, 0o755);
    contour = join(workshop, "clean.contour");
    for (let learnt = 0; learnt < LEARNT_RUNS; learnt++)
      await run(clean, ["learn", "-q", "--merge", "-o", "../clean.contour"], ({ household, status, stderr }) => {
        if (status !== 0) throw new Error(`learning ended with ${status}: ${stderr}`);
        for (const name of KEPT) copyFileSync(household.at(name), join(workshop, name));
      });
    execFileSync(isolineProgram, ["generalise", contour, "--target", "0%"], { stdio: "ignore" });
  });
  afterAll(() => {
    registry?.close();
    attacker?.close();
    if (workshop) rmSync(workshop, { recursive: true, force: true });
  });

  it("the clean version keeps to it under a name that was not learnt, enforced", async () => {
    expect(readFileSync(contour, "utf8")).toContain("{varied-<n>}.txt");
    await run(clean, ["check", contour, "--enforce"], ({ status, household, stderr }) => {
      expect([status, stderr, readReport(household.directory).departures]).toEqual([0, stderr, []]);
    });
  });

  it("watched: every step is seen, and the first line of the console tells a credential, not a cache", async () => {
    await run(takenOver(targets), ["check", contour], ({ status, household, stderr, told: said }) => {
      const report = readReport(household.directory);
      expect(said).toEqual(Object.fromEntries(steps.map(({ name }) => [name, "done"])));
      expect(steps.filter((step) => step.act !== undefined && !sighting(report, step)).map(({ name }) => name)).toEqual(
        [],
      );
      expect(status).toBe(3);
      expect(firstLine(stderr)).toMatch(/ \$HOME\/\.(?:ssh|aws|git-credentials|npmrc)/);
    });
  });

  it("enforced: everything off contour is refused, and nothing is sent", async () => {
    await run(takenOver(targets), ["check", contour, "--enforce"], ({ status, household, told: said = {} }) => {
      const report = readReport(household.directory);
      // Each step was tried.
      expect(Object.keys(said)).toEqual(steps.map(({ name }) => name));
      const went = Object.entries(said).filter(([, outcome]) => outcome === "done");
      expect(went).toEqual([["environment", "done"]]);
      household.wormFile = household.at("project/node_modules/pretty/build.js");
      const effects = steps.filter(({ happened }) => happened?.(household)).map(({ name }) => name);
      expect(effects).toEqual([]);
      expect({ attacker: attacker.reached, registry: registry.published }).toEqual({ attacker: [], registry: [] });
      expect([report.refused, report.incomplete]).toEqual([report.off, []]);
      expect(status).toBe(3);
    });
  });

  describe.skipIf(!isCI)("one step alone (only in CI)", () => {
    it.each(steps.filter(({ act }) => act !== undefined))("$name: the console's first line tells it", async (step) => {
      const only = [...steps.filter(({ name }) => name === step.needs), step];
      await run(takenOver(targets, only), ["check", contour], ({ household, stderr }) => {
        const report = readReport(household.directory);
        const acts = only.map((each) => each.first ?? actPhrase(sighting(report, each))).filter((act) => act !== "");
        const first = firstLine(stderr);
        expect([step.name, first, acts.some((act) => first.includes(act))]).toEqual([step.name, first, true]);
      });
    });
  });

  function firstLine(stderr: string): string {
    return stderr.split("\n").find((line) => line.includes("off contour: `")) ?? "";
  }

  /** What was done, out of the sentence about it: without who did it, and what is nearest. */
  function actPhrase(departure: Departure | undefined): string {
    return departure?.why.replace(/^`[^`]*` \([^)]*\) |; nearest .*$/g, "") ?? "";
  }

  function sighting(report: Report, { act }: Step): Departure | undefined {
    const { attacker: there, metadata } = attacker.ports;
    const words = {
      attacker: there,
      metadata,
      registry: new URL(registry.url).port,
      node: realpathSync(process.execPath),
    };
    const start = Object.entries(words).reduce((text, [name, word]) => text?.replace(`{${name}}`, String(word)), act);
    return start === undefined ? undefined : report.departures.find((departure) => departure.act.startsWith(start));
  }
});
