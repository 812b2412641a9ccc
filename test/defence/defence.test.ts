/**
 * Steps of published attacks on packages, rebuilt without harm, against a contour learnt from the clean package. When watching,
 * each step is seen; when enforcing, each is refused, nothing is sent and nothing stays. The table is docs/defence.md.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, existsSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { NOBODY } from "../sensor/case.ts";
import { type Departure, isBuilt, isoline, readReport, type Report, SYSTEM_PATH } from "../support/isoline.ts";
import { Attacker } from "./attacker.ts";
import { Household } from "./household.ts";
import { page, type Result } from "./page.ts";
import { type Package, Registry } from "./registry.ts";
import { type Step, steps } from "./steps.ts";
import { clean, dormant, neighbour, takenOver, type Targets, told, type Told, withBundle } from "./worm.ts";
import { isCI, isRoot } from "../support/machine.ts";

const uid = isRoot ? NOBODY : undefined;
const node = realpathSync(process.execPath);
const hasNpm = spawnSync("npm", ["--version"], { env: { PATH: SYSTEM_PATH } }).status === 0;

/** The result of a run, with the household after it. */
interface Aftermath {
  readonly status: number | null;
  readonly report: Report;
  readonly told: Told | undefined;
  readonly household: Household;
  readonly stderr: string;
}

describe.skipIf(!isBuilt || !hasNpm)("a compromised package (needs a build, npm)", () => {
  let registry: Registry;
  let attacker: Attacker;
  let targets: Targets;
  let workshop: string;
  let contour: string;
  let cleanInventory: readonly string[];
  const results = new Map<string, Result>();
  let unpacking: Result | undefined;

  /** Runs the installation and the test of the project in a household of its own. */
  async function run<T>(
    pretty: Package,
    args: readonly string[],
    use: (aftermath: Aftermath) => T,
    household = new Household(uid, attacker, registry),
  ): Promise<T> {
    registry.offer([pretty, neighbour]);
    registry.published.length = 0;
    attacker.reached.length = 0;
    try {
      const report = household.at("report.json");
      const env = { HOME: household.at("home"), SOME_TOKEN: "ENVIRONMENT_SECRET" };
      const words = [...args, "--report", report, "--", "/bin/sh", "-c", "npm install && npm test"];
      const { status, stdout, stderr } = await isoline(words, { cwd: household.at("project"), uid, env });
      return use({ status, told: told(stdout), household, stderr, report: readReport(household.directory) });
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
    await run(clean, ["learn", "-q", "-o", "../clean.contour"], ({ household, status, stderr }) => {
      if (status !== 0) throw new Error(`learning ended with ${status}: ${stderr}`);
      copyFileSync(household.at("clean.contour"), contour);
    });
  });
  afterAll(() => {
    registry?.close();
    attacker?.close();
    if (workshop) rmSync(workshop, { recursive: true, force: true });
  });

  it("the clean version keeps to its contour", async () => {
    await run(clean, ["check", contour], ({ status, report }) => {
      expect(report).toMatchObject({ verdict: "on-contour", departures: [], incomplete: [] });
      expect(status).toBe(0);
    });
  });

  it("the clean version runs when enforced", async () => {
    await run(clean, ["check", contour, "--enforce"], ({ status, report, household }) => {
      expect(report).toMatchObject({ verdict: "on-contour", departures: [], incomplete: [] });
      expect(status).toBe(0);
      cleanInventory = household.inventory();
    });
  });

  for (const [when, version, file] of [
    ["in its install script", takenOver, "build.js"],
    ["when it is used", dormant, "built.js"],
  ] as const) {
    it(`${when}, watched: it succeeds, and every step is seen and explained`, async () => {
      await run(version(targets), ["check", contour], ({ status, report, household, told: said }) => {
        household.wormFile = household.at(`project/node_modules/pretty/${file}`);
        expect(said).toEqual(Object.fromEntries(steps.map(({ name }) => [name, "done"])));
        expect(effects(household)).toEqual(steps.filter(({ happened }) => happened).map(({ name }) => name));
        expect(loot()).toEqual(steps.filter(({ brings }) => brings !== undefined).map(({ name }) => name));
        expect(unseen(report)).toEqual([]);
        expect(status).toBe(3);
        if (version === takenOver)
          for (const step of steps) results.set(step.name, { seen: sighting(report, step)?.why, told: "" });
      });
    });

    it(`${when}, enforced: every step is refused, nothing is sent and nothing stays`, async () => {
      await run(version(targets), ["check", contour, "--enforce"], ({ status, report, household, told: said }) => {
        household.wormFile = household.at(`project/node_modules/pretty/${file}`);
        // What needs a step before it finds nothing, and is tried below.
        const needy = steps.filter(({ needs }) => needs !== undefined).map(({ name }) => name);
        expect(needy.map((name) => said?.[name])).not.toContain("done");
        expect(except(said, needy)).toEqual(except(everyRefusal(), needy));
        expect(Object.keys(said ?? {})).toEqual(steps.map(({ name }) => name));
        expect(effects(household)).toEqual([]);
        expect({ attacker: attacker.reached, registry: registry.published }).toEqual({ attacker: [], registry: [] });
        expect(household.inventory()).toEqual(cleanInventory);
        expect(report.refused).toBe(report.off);
        expect(report.incomplete).toEqual([]);
        expect(status).toBe(3);
        if (version !== takenOver) return;
        for (const [name, outcome] of Object.entries(said ?? {})) {
          results.set(name, { seen: results.get(name)?.seen, told: outcome });
        }
      });
    });

    it(`${when}, enforced, with all there that its steps stand on: what each goes for itself is refused`, async () => {
      const laid = new Household(uid, attacker, registry);
      const bare = laid.inventory();
      laid.lay();
      const added = laid.inventory().filter((file) => !bare.includes(file));
      await run(
        version(targets),
        ["check", contour, "--enforce"],
        ({ status, report, household, told: said }) => {
          household.wormFile = household.at(`project/node_modules/pretty/${file}`);
          expect(said).toEqual(everyRefusal());
          expect(report.departures.map(({ act }) => act)).toEqual(
            expect.arrayContaining(
              [
                /^exec path=\$HOME\/\.cache\/scanner /,
                /^open access=write\S* path=\$HOME\/\.cache\/scanner /,
                /^create .*path=\$HOME\/\.config\/systemd\/user\/monitor\.service/,
                /^create .*path=\$CWD\/\.github\/workflows\/formatter\.yml/,
                /^create .*path=\$CWD\/\.vscode\/tasks\.json/,
              ].map((act) => expect.stringMatching(act) as string),
            ),
          );
          expect(effects(household)).toEqual([]);
          expect({ attacker: attacker.reached, registry: registry.published }).toEqual({ attacker: [], registry: [] });
          expect(household.inventory()).toEqual([...cleanInventory, ...added].sort());
          expect(report.refused).toBe(report.off);
          expect(report.incomplete).toEqual([]);
          expect(status).toBe(3);
          if (version !== takenOver) return;
          for (const { name, needs } of steps) {
            if (needs !== undefined) results.set(name, { seen: results.get(name)?.seen, told: said?.[name] ?? "" });
          }
        },
        laid,
      );
    });
  }

  // Each needs an installation of its own.
  describe.skipIf(!isCI)("one step alone (only in CI)", () => {
    it.each(steps.filter(({ act }) => act !== undefined))("$name: the console's first line tells it", async (step) => {
      const before = steps.filter(({ name }) => name === step.needs);
      const only = [...before, step];
      await run(takenOver(targets, only), ["check", contour], ({ report, stderr }) => {
        // What a step needs comes before it, and may be graver.
        const acts = only.map((each) => each.first ?? actPhrase(sighting(report, each)));
        const [first = ""] = stderr.split("\n").filter((line) => line.includes("off contour: `"));
        expect([step.name, first, acts.some((act) => act !== "" && first.includes(act))]).toEqual([
          step.name,
          first,
          true,
        ]);
      });
    });
  });

  it("with an added file, watched: it is seen as npm unpacks it, before it acts", async () => {
    await run(withBundle(targets), ["check", contour], ({ status, report, told: said }) => {
      expect(report.departures[0]?.act).toMatch(/^create .*path=\$CWD\/node_modules\/pretty\/bundle\.js/);
      expect(said).toBeDefined();
      expect(status).toBe(3);
      unpacking = { seen: report.departures[0]?.why, told: "EPERM" };
    });
  });

  it("with an added file, enforced: npm cannot unpack it, and it never runs", async () => {
    await run(withBundle(targets), ["check", contour, "--enforce"], ({ status, report, household, told: said }) => {
      expect(said).toBeUndefined();
      expect(existsSync(household.at("project/node_modules/pretty/bundle.js"))).toBe(false);
      expect({ attacker: attacker.reached, registry: registry.published }).toEqual({ attacker: [], registry: [] });
      expect(report.refused).toBe(report.off);
      expect(status).toBe(3);
    });
  });

  it("docs/defence.md lists the results (`npx vitest run test/defence -u` writes it)", async () => {
    expect(results.size).toBe(steps.length);
    const findings = { results, unpacking: unpacking ?? { seen: undefined, told: "" } };
    await expect(
      words().reduce((text, [name, word]) => text.replaceAll(word, name), page(findings)),
    ).toMatchFileSnapshot("../../docs/defence.md");
  });

  /** What the worm tells where each step is refused: the error of the call. Only its environment is its own. */
  function everyRefusal(): Record<string, unknown> {
    const refusal: unknown = expect.stringMatching(/^(?:EPERM|EACCES)$/);
    return Object.fromEntries(steps.map(({ name }) => [name, name === "environment" ? "done" : refusal]));
  }

  /** What it tells of other steps than these. */
  function except(said: Readonly<Record<string, unknown>> = {}, names: readonly string[]): Record<string, unknown> {
    return Object.fromEntries(Object.entries(said).filter(([name]) => !names.includes(name)));
  }

  /** Names of the steps that had their effect. */
  function effects(household: Household): string[] {
    return steps.filter(({ happened }) => happened?.(household)).map(({ name }) => name);
  }

  /** Names of the steps whose data arrived at the attacker. */
  function loot(): string[] {
    const sent = attacker.reached.find(({ request }) => request === "POST /loot")?.body ?? "";
    return steps.filter(({ brings }) => brings !== undefined && sent.includes(brings)).map(({ name }) => name);
  }

  /** Values that differ from run to run, replaced by names. */
  function words(): readonly (readonly [name: string, word: string])[] {
    const { attacker: there, metadata } = attacker.ports;
    const ports = { attacker: there, metadata, registry: new URL(registry.url).port };
    return [...Object.entries(ports).map(([name, port]) => [`{${name}}`, String(port)] as const), ["{node}", node]];
  }

  /** What was done, out of the sentence about it: without who did it, and what is nearest. */
  function actPhrase(departure: Departure | undefined): string {
    return departure?.why.replace(/^`[^`]*` \([^)]*\) |; nearest .*$/g, "") ?? "";
  }

  function sighting(report: Report, { act }: Step): Departure | undefined {
    const start = words().reduce((text, [name, word]) => text?.replace(name, word), act);
    return start === undefined ? undefined : report.departures.find((departure) => departure.act.startsWith(start));
  }

  /** Names of the steps that must be seen. */
  function unseen(report: Report): string[] {
    return steps.filter((step) => step.act !== undefined && !sighting(report, step)).map(({ name }) => name);
  }
});
