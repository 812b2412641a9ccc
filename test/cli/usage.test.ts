/** Wrong command lines and requests for help. */
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { isoline, temporaryPlace } from "./isoline.ts";

const commands =
  "learn check run show diff merge explain replay verify ps top events trust seal doctor demo completion";

describe("help", () => {
  it("lists every command on stdout", () => {
    const { status, stdout, stderr } = isoline(["--help"]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    for (const name of commands.split(" ")) expect(stdout).toMatch(new RegExp(`^ {2}${name} `, "m"));
  });

  it.each(commands.split(" "))("has an example for %s", (name) => {
    const { status, stdout } = isoline([name, "--help"]);
    expect(status).toBe(0);
    expect(stdout).toContain("Examples:");
    expect(stdout.split("Examples:")[1]).toContain(`isoline ${name}`);
  });

  it("prints the version of the package", () => {
    const manifest = new URL("../../packages/isoline/package.json", import.meta.url);
    const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { version: string };
    expect(isoline(["--version"])).toMatchObject({ status: 0, stdout: `${version}\n` });
  });
});

describe("an incomplete or wrong command line", () => {
  const place = temporaryPlace();

  it.each([
    [[], "Usage: isoline"],
    [["lern"], "Did you mean learn?"],
    [["learn"], "expected -o FILE"],
    [["learn", "-o", "x.contour"], "expected -- and the command to run"],
    [["learn", "-o", "--", "true"], "expected a value after -o, --output <file>, got --"],
    [["learn", "-o", "--merge", "--", "true"], "expected a value after -o, --output <file>, got --merge"],
    [["run", "x.contour", "--name", "--", "true"], "expected a value after --name <name>, got --"],
    [["learn", "-o", "x.contour", "true"], "expected -- and the command to run"],
    [["learn", "-o", "x.contour", "--"], "got nothing"],
    [["learn", "-o", "x.contour", "--marge", "--", "true"], "Did you mean --merge?"],
    [["check"], "missing required argument 'file'"],
    [["check", "x.contour"], "isoline check x.contour -- COMMAND"],
    [["run", "x.contour", "--no-landlock", "--", "true"], "--no-landlock changes nothing without --enforce"],
    [["merge", "a", "b"], "expected -o FILE"],
    [["replay", "a", "b", "c"], "expected [FILE] TRAJECTORY"],
    [["replay", "--profile", "tsem", "a"], "Allowed choices are iso1, quixote, iso2017"],
    [["completion", "tcsh"], "Allowed choices are bash, zsh, fish"],
    [["trust", "name", "pid"], "expected a process id"],
    [["learn", "-o", "/tmp/isoline-x.contour", "--name", "../up", "--", "true"], "expected a name of letters"],
  ])("%j is refused with status 2", (args, says) => {
    const { status, stdout, stderr } = isoline(args, { cwd: place.path(".") });
    expect(status).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toContain(says);
  });

  it("names the page that helps", () => {
    expect(isoline(["show", "--al"]).stderr).toMatch(/isoline: see isoline show --help/);
    expect(isoline(["check", "x.contour"]).stderr).toMatch(/isoline: see isoline check --help/);
  });
});

describe("a failure of isoline's own", () => {
  const place = temporaryPlace();

  it("ends with 125 where a workload would have run, 2 for diff, and 1 elsewhere", () => {
    const missing = place.path("missing.contour");
    expect(isoline(["check", missing, "--", "true"]).status).toBe(125);
    expect(isoline(["run", missing, "--", "true"]).status).toBe(125);
    expect(isoline(["learn", "-o", place.path("no/where.contour"), "--", "true"]).status).toBe(125);
    expect(isoline(["learn", "-o", place.path("."), "--", "true"]).status).toBe(125);
    expect(isoline(["diff", missing, missing]).status).toBe(2);
    expect(isoline(["show", missing]).status).toBe(1);
    expect(isoline(["verify", missing]).status).toBe(1);
    expect(isoline(["events", "nobody"]).status).toBe(1);
  });

  it("is one line that names the file", () => {
    const missing = place.path("missing.contour");
    const { stdout, stderr } = isoline(["show", missing]);
    expect(stdout).toBe("");
    expect(stderr).toBe(
      `isoline: cannot read ${missing}: expected a contour, found nothing; learn it first: isoline learn -o ${missing} -- COMMAND\n`,
    );
  });
});

describe("--sensor", () => {
  it("names the possible sensors", () => {
    const learn = ["learn", "-o", join(tmpdir(), "isoline-no.contour"), "--sensor"];
    expect(isoline([...learn, "other", "--", "true"]).stderr).toContain("auto, seccomp, bpf");
  });
});

describe("doctor", () => {
  it("reports part by part what works, and ends with 0 if workloads can run", () => {
    const { status, stdout } = isoline(["doctor", "--json"]);
    const report = JSON.parse(stdout) as {
      usable: boolean;
      parts: Record<string, boolean>;
      probes: { name: string }[];
    };
    expect(status).toBe(report.usable ? 0 : 1);
    expect(Object.keys(report.parts)).toEqual(["machine", "seccomp", "landlock", "bpf", "mitigations"]);
    expect(report.usable).toBe(report.parts["machine"] && report.parts["seccomp"]);
    const page = isoline(["doctor"]).stdout;
    for (const { name } of report.probes) expect(page).toContain(name);
  });
});
