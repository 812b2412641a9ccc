/** How much of further runs is still unknown: `confidence`, `learn --runs`, and the line beside a departure. */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { isoline, program, temporaryPlace } from "./isoline.ts";

const place = temporaryPlace();

interface Report {
  readonly runs: readonly { readonly run: number; readonly estimate: { readonly bound: number } }[];
  readonly met?: boolean;
  readonly confidence: {
    readonly clean: number;
    readonly estimate: { readonly trials: number; readonly departing: number };
  };
}

/** Creates the next of some files: from a clean start always the first. */
const creating = (folder: string) => [
  "sh",
  "-c",
  `n=1; while [ -e ${folder}/file$n ]; do n=$((n + 1)); done; : > ${folder}/file$n`,
];

function folder(name: string): string {
  mkdirSync(place.path(name));
  return place.path(name);
}

describe("learn --runs", () => {
  it("learns again and again, says after each run what is to be expected, and stops where that is enough", () => {
    const file = place.path("until.contour");
    const { status, stderr } = isoline([
      "learn",
      "-o",
      file,
      "--runs",
      "9",
      "--until",
      "60%",
      "--clean",
      "true",
      "--",
      "true",
    ]);
    expect(status).toBe(0);
    expect(stderr.match(/run \d of 9: \d+ points, \d+ new; a departure in /g)).toHaveLength(4);
    expect(stderr).toContain(
      "none of 4 runs from a clean start did something that no other run did: expect a departure in at most 53 %",
    );
    expect(stderr).toContain("at most 60 % of further runs: reached");
  });

  it("says when the number of runs was not enough", () => {
    const { status, stderr } = isoline([
      "learn",
      "-o",
      place.path("few.contour"),
      "--runs",
      "2",
      "--until",
      "0.05",
      "--",
      "true",
    ]);
    expect(status).toBe(0);
    expect(stderr).toContain("at most 5 % of further runs: not reached");
  });

  it("runs --clean before each run and outside: what it does is not on the contour", () => {
    const files = folder("clean");
    const file = place.path("clean.contour");
    const clean = `date > ${place.path("stamp")}; rm -f ${files}/*`;
    const learnt = isoline([
      "learn",
      "-q",
      "--json",
      "-o",
      file,
      "--runs",
      "3",
      "--clean",
      clean,
      "--",
      ...creating(files),
    ]);
    const { runs, confidence } = JSON.parse(learnt.stdout) as Report;
    expect(runs.map(({ run }) => run)).toEqual([1, 2, 3]);
    expect(confidence).toMatchObject({ clean: 3, estimate: { trials: 3, departing: 0 } });
    expect(existsSync(place.path("stamp"))).toBe(true);
    expect(isoline(["show", "--all", file]).stdout).not.toContain("stamp");
    expect(learnt.stderr).toBe("");
  });

  it("counts by halves what runs find of the runs before", () => {
    const files = folder("kept");
    for (let n = 0; n < 6; n++) writeFileSync(`${files}/page${n}`, "");
    writeFileSync(`${files}/count`, "0\n");
    const reading = `cd ${files}; read n < count; echo $((n + 1)) > count; while [ $n -ge 0 ]; do read x < page$n; n=$((n - 1)); done; true`;
    const file = place.path("kept.contour");
    isoline(["learn", "-q", "-o", file, "--runs", "6", "--", "sh", "-c", reading]);
    const { stdout } = isoline(["confidence", file]);
    expect(stdout).toContain("3 of the later 3 runs did something that no run of the earlier half had done");
    expect(stdout).toContain("1 of 6 runs did something that no other did, but ");
    expect(stdout).toContain("no run is known to have begun from a clean start");
    expect(stdout).toMatch(/^names\s+3 of 3\s+3\s+3\s+the same act under another name$/m);
    expect(stdout).not.toMatch(/complete/);
  });

  it("stops at a run whose command fails, ends with its status, and says what to do", () => {
    const marker = place.path("marker");
    const failing = ["sh", "-c", `if [ -e ${marker} ]; then exit 7; fi; : > ${marker}`];
    const file = place.path("failing.contour");
    const { status, stderr } = isoline(["learn", "-o", file, "--runs", "5", "--", ...failing]);
    expect(status).toBe(7);
    expect(stderr).toContain("the command failed with status 7 in run 2, so no further run was started");
    expect(stderr).not.toContain("run 3 of 5");
    expect(isoline(["verify", file]).status).toBe(0);
  });

  it("stops where --clean fails, and keeps what was learnt before", () => {
    const file = place.path("unclean.contour");
    const gate = place.path("gate");
    const clean = `[ ! -e ${gate} ] && : > ${gate}`;
    const { status, stderr } = isoline(["learn", "-o", file, "--runs", "3", "--clean", clean, "--", "true"]);
    expect(status).toBe(125);
    expect(stderr).toContain("expected --clean to end with status 0 before run 2, got status 1");
    expect(isoline(["verify", file]).status).toBe(0);
  });

  it("writes its report, and refuses what makes no sense", () => {
    const report = place.path("report.json");
    const learnt = isoline([
      "learn",
      "-q",
      "-o",
      place.path("r.contour"),
      "--runs",
      "2",
      "--until",
      "90%",
      "--report",
      report,
      "--",
      "true",
    ]);
    expect(learnt.status).toBe(0);
    expect((JSON.parse(readFileSync(report, "utf8")) as Report).met).toBe(true);
    const refused = (...more: string[]) => isoline(["learn", "-o", place.path("no.contour"), ...more, "--", "true"]);
    for (const options of ["--until 5%", "--clean true", "--runs 0", "--runs 2 --until 2", "--runs 2 --until 0%"]) {
      const { status, stderr } = refused(...options.split(" "));
      expect({ options, refused: status === 2 || status === 125 }).toEqual({ options, refused: true });
      expect(stderr).toMatch(/^isoline: /);
    }
    expect(refused("--runs", "2", "--trajectory", place.path("t")).stderr).toContain(
      "--trajectory, --ima-…, --engine and --tpm are for one run",
    );
    expect(existsSync(place.path("no.contour"))).toBe(false);
  });

  it("ends by a signal that comes between two runs", async () => {
    const waiting = place.path("waiting");
    const child = spawn(
      program,
      [
        "learn",
        "-q",
        "-o",
        place.path("s.contour"),
        "--runs",
        "3",
        "--clean",
        `[ ! -e ${waiting}.1 ] || { : > ${waiting}.2; sleep 60; }; : > ${waiting}.1`,
        "--",
        "true",
      ],
      {
        stdio: "ignore",
      },
    );
    const ended = new Promise((resolve) => child.on("exit", (_, signal) => resolve(signal)));
    while (!existsSync(`${waiting}.2`)) await new Promise((resolve) => setTimeout(resolve, 20));
    child.kill("SIGTERM");
    expect(await ended).toBe("SIGTERM");
  });
});

describe("confidence", () => {
  it("is said in one line after learn --merge, and beside a departure", () => {
    const file = place.path("line.contour");
    isoline(["learn", "-q", "-o", file, "--", "true"]);
    const merged = isoline(["learn", "--merge", "-o", file, "--", "true"]).stderr;
    expect(merged).toContain(
      "none of 2 runs did something that no other run did: expect a departure in at most 78 % of further runs (95 %)",
    );
    const departing = ["--", "sh", "-c", "cat /etc/passwd > /dev/null"];
    const tooFew = isoline(["check", file, ...departing]).stderr;
    expect(tooFew).toContain("too few runs to say how often this contour departs (2 runs): isoline learn --merge -o ");
    expect(tooFew).not.toContain("expected to depart");
    for (let more = 0; more < 3; more++) isoline(["learn", "-q", "--merge", "-o", file, "--", "true"]);
    const expectation = "this contour was expected to depart in at most 45 % of runs (95 %, from 5 runs)";
    for (const command of ["check", "run"])
      expect(isoline([command, file, ...departing]).stderr).toContain(expectation);
    expect(isoline(["check", "-q", file, ...departing]).stderr).toBe("");
    expect(isoline(["check", file, "--", "true"]).stderr).not.toContain("expected to depart");
  });

  it("needs evidence, and says how to get it; a contour without it works", () => {
    const file = place.path("bare.contour");
    isoline(["learn", "-q", "-o", file, "--", "true"]);
    writeFileSync(place.path("copy.contour"), readFileSync(file));
    const { status, stderr, stdout } = isoline(["confidence", place.path("copy.contour")]);
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toContain("found none; learn the contour again, or add runs: isoline learn --merge -o ");
    const { stderr: checked } = isoline(["check", place.path("copy.contour"), "--", "cat", "/etc/passwd"]);
    expect(checked).toContain("off contour");
    expect(checked).not.toContain("expected to depart");
  });

  it("is not made of damaged evidence, which changes no verdict", () => {
    const file = place.path("damaged.contour");
    isoline(["learn", "-q", "-o", file, "--", "true"]);
    writeFileSync(`${file}.evidence`, "isoline evidence of something else\n");
    const { status, stderr } = isoline(["check", file, "--", "cat", "/etc/passwd"]);
    expect(status).toBe(3);
    expect(stderr).toMatch(/^isoline: no estimate of departures: .*damaged\.contour\.evidence: /m);
    expect(isoline(["confidence", file]).status).toBe(1);
  });
});
