/** Rules that follow from evidence: proposed, applied, checked against further runs, and undone by deleting a line. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { isoline, temporaryPlace } from "./isoline.ts";

const { path } = temporaryPlace();
const place = () => path("work");
const contour = () => path("app.contour");

/** Copies files under numbered names, and under others if asked. */
const script = (names: readonly string[]) => names.map((name) => `cp /etc/hostname up/${name}`).join("; ");
const run = (command: string, names: readonly string[], ...options: readonly string[]) =>
  isoline([command, ...options, "--", "sh", "-c", script(names)], { cwd: place() });
const check = (file: string, ...names: readonly string[]) => run("check", names, file, "-q").status;
const photos = (seed: number) => [1, 2, 3].map((at) => `photo-${seed * 37 + at * 1000}.jpg`);

beforeAll(() => {
  mkdirSync(`${place()}/up`, { recursive: true });
  for (const seed of [1, 2, 3, 4, 5, 6]) run("learn", photos(seed), "-q", "--merge", "-o", contour());
});

describe("suggest", () => {
  test("proposes a class for numbered names, with its evidence, and changes nothing", () => {
    const before = readFileSync(contour());
    const { status, stdout } = isoline(["suggest", contour(), "--json"]);
    expect(status).toBe(0);
    const { runs, departing, suggestions } = JSON.parse(stdout);
    expect([runs, departing]).toEqual([6, 1]);
    const [first] = suggestions;
    expect(first.rule).toMatchObject({ at: "$CWD/up/{photo-<n>}.jpg", of: ["create"] });
    expect(first.probes["same ending"].accepted).toBe(0);
    expect(first.probes.sensitive.accepted).toBe(0);
    expect(first.departing).toBe(0);
    const said = isoline(["suggest", contour()]).stdout;
    expect(said).toContain("a run did something that no other had done in 100 % of the trials, from 6 runs");
    const after = Math.round(suggestions.at(-1).departing * 100);
    expect(said).toContain(`with ${suggestions.length} rule${suggestions.length === 1 ? "" : "s"}, in ${after} %`);
    expect(said).toContain(`then       in ${after} % of the trials`);
    expect(readFileSync(contour())).toEqual(before);
  });

  test("says what is missing where there is no evidence", () => {
    writeFileSync(path("bare.contour"), readFileSync(contour()));
    const { status, stderr } = isoline(["suggest", path("bare.contour")]);
    expect(status).not.toBe(0);
    expect(stderr).toContain("expected evidence of at least two runs");
  });
});

describe("generalise", () => {
  const wide = () => path("wide.contour");

  test("makes the contour hold for runs that it has not seen, and for nothing else", () => {
    expect(check(contour(), ...photos(50))).toBe(3);
    expect(isoline(["generalise", contour(), "--target", "5%", "-o", wide()]).status).toBe(0);
    expect(check(wide(), ...photos(51))).toBe(0);
    for (const name of ["photo-x.jpg", "photo-1.png", "1.jpg", "Makefile"]) expect(check(wide(), name)).toBe(3);
  });

  test("is one rule more in a comparison, and not a hundred acts less", () => {
    const { status, stdout } = isoline(["diff", contour(), wide()]);
    expect(status).toBe(1);
    expect(stdout).toMatch(/^\+ rule \$CWD\/up\/\{photo-<n>\}\.jpg: .* {2}\(\d+ acts\); 6 of 6 runs/m);
    expect(stdout).not.toMatch(/photo-\d/);
    expect(isoline(["diff", wide(), contour()]).stdout).toMatch(/^- rule \$CWD\/up\/\{photo-<n>\}\.jpg: /m);
    const { rules, onlyA, onlyB } = JSON.parse(isoline(["diff", "--json", contour(), wide()]).stdout);
    expect(rules.onlyB[0]).toMatchObject({ at: "$CWD/up/{photo-<n>}.jpg", by: [] });
    expect([rules.onlyA, onlyA, onlyB]).toEqual([[], [], []]);
  });

  test("what was learnt beside a rule is still shown as an act", () => {
    writeFileSync(path("more.contour"), readFileSync(wide()));
    isoline(["learn", "-q", "--merge", "-o", path("more.contour"), "--", "sh", "-c", "cat /etc/hosts"], {
      cwd: place(),
    });
    const { stdout } = isoline(["diff", contour(), path("more.contour")]);
    expect(stdout).toMatch(/^\+ {3}opened \/etc\/hosts for reading/m);
    expect(stdout).not.toMatch(/photo-\d/);
  });

  test("holds when enforcing, also where the kernel refuses by itself", () => {
    const enforced = (names: readonly string[]) => run("run", names, wide(), "--enforce", "-q").status;
    expect(enforced(photos(60))).toBe(0);
    expect(enforced(["other.txt"])).not.toBe(0);
  });

  test("explains an act by the class that it falls into", () => {
    const { stdout } = isoline([
      "explain",
      wide(),
      "create access=write path=$CWD/up/photo-7777.jpg mode=0600",
      "--as",
      "cp",
    ]);
    expect(stdout).toContain("on contour");
    expect(stdout).toContain("$CWD/up/{photo-<n>}.jpg");
  });

  test("is undone by deleting the rule from the policy", () => {
    const undone = path("undone.contour");
    expect(isoline(["generalise", contour(), "-q", "-o", undone]).status).toBe(0);
    const lines = readFileSync(undone, "utf8").split("\n");
    const kept = lines.filter((line) => !line.startsWith("policy classes[] "));
    expect(kept.length).toBeLessThan(lines.length);
    writeFileSync(undone, kept.join("\n"));
    expect(check(undone, ...photos(70))).toBe(3);
    const { status, stderr } = isoline(["generalise", undone, "--restore"]);
    expect(status).toBe(0);
    expect(stderr).toContain("came back");
    const acts = (file: string) =>
      readFileSync(file, "utf8")
        .split("\n")
        .filter((line) => line.includes("photo-"));
    expect(acts(undone)).toEqual(acts(contour()));
    expect(isoline(["diff", undone, contour(), "-q"]).status).toBe(0);
  });

  test("refuses a rule that reaches what no rule may reach", () => {
    const rule = (at: string, of: string) =>
      JSON.stringify({ at, of: [of], replaces: 0, accepts: "anything", because: "an attacker said so" });
    for (const [at, of] of [
      ["$CWD/.git/hooks/{<word>}", "create"],
      ["$HOME/.ssh/{<word>}", "create"],
      ["$CWD/up/{<word>}", "exec"],
    ] as const) {
      const { status, stderr } = isoline([
        "generalise",
        contour(),
        "--rule",
        rule(at, of),
        "-o",
        path("refused.contour"),
      ]);
      expect(status).not.toBe(0);
      expect(stderr).toContain("policy: classes");
    }
  });
});
