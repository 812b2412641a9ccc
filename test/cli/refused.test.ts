/** What was refused is told as that: never among what every start loads, and where it is the start itself, with a report like any run. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { isoline, temporaryPlace } from "./isoline.ts";

const place = temporaryPlace();
const [script, contour] = [() => place.path("a.sh"), () => place.path("a.contour")];
const environment = () => ({ XDG_RUNTIME_DIR: place.path(".") });

beforeAll(() => {
  writeFileSync(script(), "echo hi\n");
  isoline(["learn", "-q", "-o", contour(), "--", "sh", script()]);
});

describe("a refused act", () => {
  it("is told by itself, also where almost every program does it", () => {
    writeFileSync(script(), "echo hi\necho hi > /dev/null\n");
    isoline(["run", "--enforce", contour(), "--report", place.path("r.json"), "--", "sh", script()]);
    const { stdout } = isoline(["departures", place.path("r.json")]);
    expect(stdout).toMatch(
      /opened the device \/dev\/null for writing and truncating\n.* 1 point, 1 event, all refused\n/,
    );
    expect(stdout).not.toContain("loaded what every program loads");
  });
});

describe("a first program whose start is refused", () => {
  it.each(["run", "check"])("has its reason, what to do next, a report and a journal: %s", (command) => {
    const report = place.path(`${command}.json`);
    const enforced = [command, "--enforce", contour(), "--name", `refused-${command}`, "--report", report];
    const { status, stdout, stderr } = isoline([...enforced, "--", "ls"], { environment: environment() });
    expect({ status, stdout }).toEqual({ status: 126, stdout: "" });
    expect(stderr).toMatch(/^isoline: refused, off contour: .*executed \/usr\/bin\/ls; nearest on contour: /m);
    expect(stderr).toContain(`starting it was refused, and nothing ran; if it is wanted: isoline learn --merge -o`);
    expect(JSON.parse(readFileSync(report, "utf8"))).toMatchObject({
      verdict: "off-contour",
      exit: { status: 126 },
      departures: [{ refused: 1, act: expect.stringMatching(/^exec path=\/usr\/bin\/ls /) }],
    });
    for (const source of [report, `refused-${command}`])
      expect(isoline(["departures", source], { environment: environment() }).stdout).toContain("executed /usr/bin/ls");
  });
});

describe("a first program that cannot be started", () => {
  it("teaches nothing: what was learnt before stays as it was", () => {
    writeFileSync(place.path("bad"), "#!/nonexistent\n", { mode: 0o755 });
    for (const how of [[], ["--merge"]]) {
      const before = readFileSync(contour());
      const { status, stderr } = isoline(["learn", ...how, "-o", contour(), "--", place.path("bad")]);
      expect({ status, stderr }).toMatchObject({
        status: 127,
        stderr: expect.stringContaining("no such file, or its"),
      });
      expect(readFileSync(contour())).toEqual(before);
    }
    isoline(["learn", "-q", "-o", place.path("new.contour"), "--", place.path("bad")]);
    expect(existsSync(place.path("new.contour"))).toBe(false);
  });
});

describe("departures", () => {
  it("of a file that is no report says what was expected, and shows nothing of it", () => {
    const { status, stderr } = isoline(["departures", script()]);
    expect(status).toBe(1);
    expect(stderr).toMatch(/a\.sh: expected a report of isoline, got a file that is not JSON; write a report anew: /);
  });
});
