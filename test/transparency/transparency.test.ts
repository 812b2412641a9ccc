/** A workload must not differ because it is supervised: what it inherits is compared field by field with a bare run. */
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isInstalled, isRoot } from "../support/machine.ts";

const isoline = fileURLToPath(new URL("../../packages/isoline/bin/isoline", import.meta.url));
const source = fileURLToPath(new URL("./marks.c", import.meta.url));

/** The exit status of `marks`, which differs from every status of isoline. */
const MARKS_STATUS = 7;

let place: string;

beforeAll(() => {
  place = mkdtempSync(join(tmpdir(), "isoline-marks-"));
  chmodSync(place, 0o777);
  if (isInstalled("gcc")) execFileSync("gcc", ["-O1", "-o", join(place, "marks"), source]);
});
afterAll(() => rmSync(place, { recursive: true, force: true }));

/** Ways to start a command that a supervisor in between could easily lose. Each ends with running "$@". */
const starts: Readonly<Record<string, string>> = {
  plainly: "",
  "with standard input closed": "exec <&-",
  "with all standard descriptors but one closed": "exec <&- 2>&-",
  "with extra descriptors": "exec 5</etc/hostname 9>/dev/null",
  "with few open files and no core": "ulimit -Sn 77; ulimit -c 0",
  "with a small stack and file size": "ulimit -Ss 4096; ulimit -f 4096",
  "with ignored signals": "trap '' HUP INT QUIT PIPE USR1 TSTP",
  "with another umask and niceness": 'umask 027; set -- nice -n 3 "$@"',
  "with blocked signals": 'set -- env --block-signal=USR2 --block-signal=TERM "$@"',
  "with odd variables":
    "set -- env 'BASH_FUNC_x%%=() { :; }' 'a-b=c d' 'LINES=1' NODE_OPTIONS=--max-old-space-size=999 ISOLINE_MODE=x \"$@\"",
  "from another directory": "cd /",
  "as a background job": '"$@" & wait $!; exit $?',
};

/**
 * What must be equal. Two things cannot be: a shell puts the path of its child, which is isoline, into `_`; and a process that
 * would lead a session or group of its own is led by isoline instead.
 */
function comparable(marks: string): string {
  const leads = /(session|group)-is-parent's 0/.test(marks);
  const left = (line: string) =>
    !line.startsWith("environment _=") && !(leads && /^(session|group)-is-parent's/.test(line));
  return marks.split("\n").filter(left).join("\n");
}

/** Runs `marks` bare and inside, started the same way; returns both outputs. */
function both(
  start: string,
  inside: readonly string[],
  before: readonly string[] = [],
): { bare: string; watched: string } {
  const script = join(place, `start-${Math.random().toString(36).slice(2)}.sh`);
  writeFileSync(script, `${start}\nexec "$@"\n`, { mode: 0o755 });
  const run = (into: string, command: readonly string[]) => {
    const args = [
      ...before,
      "sh",
      "-c",
      `cd ${place}; sh ${script} ${command.map((word) => `'${word}'`).join(" ")} > ${into}`,
    ];
    const { status } = spawnSync(args[0] as string, args.slice(1), { stdio: ["ignore", "inherit", "inherit"] });
    expect(status).toBe(MARKS_STATUS);
    return comparable(readFileSync(into, "utf8"));
  };
  const marks = [join(place, "marks"), "first", "second third"];
  const name = script.slice(-12, -3);
  return {
    bare: run(join(place, `bare-${name}`), marks),
    watched: run(join(place, `watched-${name}`), [isoline, ...inside, "--", ...marks]),
  };
}

const users: Readonly<Record<string, readonly string[]>> = {
  "as the current user": [],
  ...(isRoot ? { "as an ordinary user": ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] } : {}),
};

describe.skipIf(!isInstalled("gcc"))(
  "needs gcc: a workload under isoline learn finds everything as it would without",
  () => {
    describe.each(Object.entries(users))("%s", (user, before) => {
      test.each(Object.entries(starts))("started %s", (name, start) => {
        const contour = join(place, `contour-${user.length}-${name.length}`);
        const { bare, watched } = both(start, ["learn", "--quiet", "-o", contour], before);
        expect(watched).toBe(bare);
      });
    });

    test("and under isoline run --enforce", () => {
      const contour = join(place, "enforced");
      const marks = [join(place, "marks"), "first", "second third"];
      spawnSync(isoline, ["learn", "--quiet", "-o", contour, "--", ...marks], { cwd: place });
      const { bare, watched } = both("", ["run", contour, "--enforce", "--quiet"]);
      expect(watched).toBe(bare);
    });

    test.skipIf(!isInstalled("script"))("on a terminal (needs script)", () => {
      const marks = join(place, "marks");
      const on = (command: string, into: string) =>
        spawnSync("script", ["-qec", `${command} > ${into}`, "/dev/null"], {
          cwd: place,
          stdio: ["ignore", "ignore", "inherit"],
        }).status;
      expect(on(marks, "t1")).toBe(MARKS_STATUS);
      expect(on(`${isoline} learn --quiet -o ${join(place, "tty")} -- ${marks}`, "t2")).toBe(MARKS_STATUS);
      const read = (name: string) => comparable(readFileSync(join(place, name), "utf8"));
      expect(read("t2")).toBe(read("t1"));
      expect(read("t2")).toContain("terminal 1");
    });
  },
);

describe("the end of a workload is passed on", () => {
  test.each(["TERM", "KILL", "SEGV", "PIPE", "USR1"])("death by SIG%s", (signal) => {
    const { signal: died } = spawnSync(isoline, [
      "learn",
      "--quiet",
      "-o",
      join(place, `by-${signal}`),
      "--",
      "sh",
      "-c",
      `kill -${signal} $$`,
    ]);
    expect(died).toBe(`SIG${signal}`);
  });

  test.each([0, 1, 77, 125, 255])("exit status %i", (code) => {
    const { status } = spawnSync(isoline, [
      "learn",
      "--quiet",
      "-o",
      join(place, "status"),
      "--",
      "sh",
      "-c",
      `exit ${code}`,
    ]);
    expect(status).toBe(code);
  });
});
