/** Learning records what each run saw, beside the contour. */
import { copyFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { decodeEvidence, type Evidence } from "@isoline/core/evidence";
import { parseContour } from "@isoline/core/contour";
import { describe, expect, test } from "vitest";
import { isoline, temporaryPlace } from "./isoline.ts";

const { path } = temporaryPlace();

function evidenceOf(contour: string): Evidence {
  const evidence = decodeEvidence(readFileSync(`${contour}.evidence`));
  const learnt = parseContour(readFileSync(contour));
  evidence.resolve(Array.from({ length: learnt.size }, (_, index) => learnt.point(index)));
  return evidence;
}

const learn = (contour: string, script: string, ...options: readonly string[]) =>
  isoline(["learn", "-q", "-o", contour, ...options, "--", "sh", "-c", script]);

describe("evidence", () => {
  test("says which of the runs saw each point", () => {
    const contour = path("two.contour");
    expect(learn(contour, "cat /etc/hostname").status).toBe(0);
    expect(learn(contour, "cat /etc/hostname; cat /etc/hosts", "--merge", "--clean-start").status).toBe(0);
    const evidence = evidenceOf(contour);
    expect(evidence.runs.map(({ command, start, sensor }) => ({ command, start, sensor }))).toEqual([
      { command: "sh -c 'cat /etc/hostname'", start: "unknown", sensor: "seccomp" },
      { command: "sh -c 'cat /etc/hostname; cat /etc/hosts'", start: "clean", sensor: "seccomp" },
    ]);
    expect(evidence.runs[0]?.versions["kernel"]).toMatch(/^\d/);
    expect(evidence.runs[0]?.incomplete).toEqual({});
    const seen = (file: string) => {
      const line = readFileSync(contour, "utf8")
        .split("\n")
        .find((each) => each.includes(` path=${file} `));
      return [...(evidence.runsOf(line?.slice(-64) as Parameters<Evidence["runsOf"]>[0]) ?? [])];
    };
    expect(seen("/etc/hosts")).toEqual([1]);
    const counts = Array.from(evidence.points(), (point) => evidence.runsOf(point)?.size);
    expect(evidence.size).toBe(counts.length);
    expect(counts.every((count) => count === 1 || count === 2)).toBe(true);
  });

  test("begins anew with the contour", () => {
    const contour = path("anew.contour");
    learn(contour, "true");
    learn(contour, "true");
    expect(evidenceOf(contour).runs).toHaveLength(1);
  });

  test("goes with its contour, and a run that is added to a copy says where it does not", () => {
    const [contour, copy] = [path("original.contour"), path("copy.contour")];
    const add = (script: string) => isoline(["learn", "--merge", "-o", copy, "--", "sh", "-c", script]).stderr;
    const take = (...ends: readonly string[]) => {
      for (const end of ends) copyFileSync(`${contour}${end}`, `${copy}${end}`);
    };
    for (const file of ["/etc/hostname", "/etc/hosts"]) learn(contour, `cat ${file}; :`, "--merge");
    take("");
    expect(add("cat /etc/hosts; :")).toContain(`${copy} has no evidence beside it`);
    // That of one run is left over, and the contour comes anew.
    take("");
    expect(add("cat /etc/hosts; :")).toMatch(/no run in \S*copy\.contour\.evidence saw \d+ points? of/);
    take("", ".evidence");
    expect(add("cat /etc/hosts; :")).not.toMatch(/no evidence|no run in/);
    expect(evidenceOf(copy).count).toBe(3);
  });

  test("is not touched by check, run and a merge of others", () => {
    const contour = path("kept.contour");
    learn(contour, "true");
    const before = readFileSync(`${contour}.evidence`);
    for (const command of ["check", "run"]) isoline([command, contour, "-q", "--", "sh", "-c", "true"]);
    expect(readFileSync(`${contour}.evidence`)).toEqual(before);
  });

  test("of several contours is merged with them", () => {
    const [a, b, both] = [path("a.contour"), path("b.contour"), path("both.contour")];
    learn(a, "true");
    learn(b, "cat /etc/hostname");
    expect(isoline(["merge", "-q", a, b, "-o", both]).status).toBe(0);
    const commands = evidenceOf(both).runs.map(({ command }) => command);
    expect(new Set(commands)).toEqual(new Set(["sh -c true", "sh -c 'cat /etc/hostname'"]));
  });

  test("that is damaged stops learning before the command runs, and stays as it is", () => {
    const contour = path("damaged.contour");
    learn(contour, "true");
    const [text, mark] = [readFileSync(contour), path("started")];
    writeFileSync(`${contour}.evidence`, "isoline evidence 1\nsha256 x\n");
    const { status, stderr } = learn(contour, `touch ${mark}`, "--merge");
    expect(status).toBe(125);
    expect(stderr).toMatch(/damaged\.contour\.evidence: evidence file: expected .*; delete it/);
    expect([existsSync(mark), readFileSync(contour).equals(text)]).toEqual([false, true]);
    expect(readFileSync(`${contour}.evidence`, "utf8")).toBe("isoline evidence 1\nsha256 x\n");
  });

  test("can be deleted: the contour works without", () => {
    const contour = path("dropped.contour");
    learn(contour, "true");
    isoline(["merge", "-q", contour, contour, "-o", path("copy.contour")]);
    writeFileSync(path("alone.contour"), readFileSync(contour));
    for (const words of [["show"], ["verify"], ["check"]])
      expect(
        isoline([...words, path("alone.contour"), ...(words[0] === "check" ? ["--", "sh", "-c", "true"] : [])]).status,
      ).toBe(0);
    expect(learn(path("alone.contour"), "true", "--merge").status).toBe(0);
    expect(evidenceOf(path("alone.contour")).runs).toHaveLength(1);
  });
});
