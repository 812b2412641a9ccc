/**
 * A verdict is remembered, so that a repeated event is cheap. It must not outlive its object: here another process changes an
 * object between two identical acts of a running workload.
 */
import { execFileSync } from "node:child_process";
import { chmodSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compiler } from "../sensor/case.ts";
import { isBuilt, isoline, readReport } from "../support/isoline.ts";
import { compilePrograms, Outside, Place, type Programs } from "./place.ts";
import { isRoot } from "../support/machine.ts";

interface Change {
  readonly what: string;
  /** Done twice, with a pause in between. */
  readonly act: string;
  readonly lay?: (place: Place) => void;
  readonly change: (place: Place) => void;
  /** The beginning of the first act that is off contour. */
  readonly seen: string;
  readonly lens?: "exact";
  readonly by?: "root";
}

/** Changes bytes of a file, but not its inode and size, and restores the time of its last change. */
function rewrite(path: string, edit: (bytes: Buffer) => void): void {
  const { atime, mtime } = statSync(path);
  const bytes = readFileSync(path);
  edit(bytes);
  writeFileSync(path, bytes);
  utimesSync(path, atime, mtime);
}
/** Flips a bit of the last byte, which is padding. */
const slightly = (bytes: Buffer): void => {
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
};

/** A program of its own, because the copies that every folder links to must not be written. */
const ownTool = (place: Place): void => {
  place.remove("tool");
  place.write("tool", Buffer.concat([readFileSync(place.programs.probe), Buffer.alloc(8)]), 0o755);
};

const changes: readonly Change[] = [
  {
    what: "a program is rewritten in place, with the same size and time",
    act: "./tool",
    lay: ownTool,
    change: (place) => rewrite(place.at("tool"), slightly),
    seen: "exec path=$CWD/tool",
  },
  {
    what: "a program is replaced",
    act: "./tool",
    lay: ownTool,
    change: (place) => place.append("tool", "\0"),
    seen: "exec path=$CWD/tool",
  },
  {
    what: "the interpreter of a script is rewritten in place",
    act: "./named",
    lay: (place) => {
      place.write("shell", Buffer.concat([readFileSync("/bin/sh"), Buffer.alloc(8)]), 0o755);
      place.write("named", "#!./shell\n:\n", 0o755);
    },
    change: (place) => rewrite(place.at("shell"), slightly),
    seen: "exec path=$CWD/named",
  },
  {
    what: "the interpreter of a script is a link that now leads elsewhere",
    act: "./named",
    lay: (place) => {
      for (const name of ["shell", "other"]) place.copy("/bin/sh", name);
      place.symlink("shell", "interpreter");
      place.write("named", "#!./interpreter\n:\n", 0o755);
    },
    change: (place) => {
      place.remove("interpreter");
      symlinkSync("other", place.at("interpreter"));
    },
    seen: "exec path=$CWD/named",
  },
  {
    what: "a library is rewritten in place",
    act: "./user",
    lay: (place) => {
      const bytes = readFileSync(place.at("plain.so"));
      place.remove("plain.so");
      place.write("plain.so", Buffer.concat([bytes, Buffer.alloc(8)]), 0o755);
    },
    change: (place) => rewrite(place.at("plain.so"), slightly),
    seen: "map access=execute path=$CWD/plain.so",
  },
  {
    what: "other users may now write a file",
    act: ": < data",
    change: (place) => chmodSync(place.at("data"), 0o666),
    seen: "open access=read path=$CWD/data mode=0100666",
  },
  {
    what: "a link now leads elsewhere",
    act: ": < alias",
    change: (place) => {
      place.remove("alias");
      symlinkSync("secret", place.at("alias"));
    },
    seen: "open access=read path=$CWD/secret",
  },
  {
    what: "a directory was renamed, and a link to another stands in its place",
    act: ": < dir/inner",
    lay: (place) => {
      place.folder("others");
      place.write("others/inner", "other\n");
    },
    change: (place) => {
      renameSync(place.at("dir"), place.at("moved"));
      symlinkSync("others", place.at("dir"));
    },
    seen: "open access=read path=$CWD/others/inner",
  },
  {
    what: "the working directory was renamed",
    act: ": < inner",
    lay: (place) => {
      place.folder("here");
      place.write("here/inner", "inner\n");
    },
    change: (place) => renameSync(place.at("here"), place.at("there")),
    seen: "open access=read path=$CWD/there/inner",
  },
  {
    what: "data is rewritten in place, with the same size and time, under the exact lens",
    act: ": < data",
    lens: "exact",
    change: (place) => rewrite(place.at("data"), slightly),
    seen: "open access=read path=$CWD/data",
  },
  {
    what: "a file has a new owner",
    act: ": < data",
    by: "root",
    change: (place) => execFileSync("chown", ["1:1", place.at("data")]),
    seen: "open access=read path=$CWD/data mode=0100644 uid=1 gid=1",
  },
];

describe.skipIf(compiler === undefined || !isBuilt)(
  "an object is changed between two identical acts (needs gcc, a build)",
  () => {
    let programs: Programs;
    let outside: Outside;
    beforeAll(async () => {
      programs = compilePrograms();
      outside = await Outside.open(programs.directory);
    });
    afterAll(() => {
      outside?.close();
      if (programs) rmSync(programs.directory, { recursive: true, force: true });
    });

    /** Runs the workload, and makes the change during its pause. */
    async function run({ act, lay, lens, by }: Change, words: readonly string[], meanwhile: (place: Place) => void) {
      const place = new Place(programs, outside, by === "root");
      try {
        lay?.(place);
        execFileSync("/bin/sh", ["-c", 'mkfifo -m 666 "$0"', place.at("go")]);
        const enter = act.includes("inner") && !act.includes("/") ? "cd here && " : "";
        const script = `${enter}go="$PWD/go"; [ -p go ] || go=../go; ${act}; ${act}; read x < $go; ${act}; echo ended`;
        const more = words[0] === "learn" && lens ? ["--lens", lens] : [];
        const ended = isoline(
          [...words, ...more, "--report", place.at("report.json"), "-q", "--", "/bin/sh", "-c", script],
          {
            cwd: place.directory,
            uid: place.uid,
          },
        );
        // This open succeeds when the workload has reached its pause.
        const gate = await open(place.at("go"), "w");
        meanwhile(place);
        await gate.write("go\n");
        await gate.close();
        const { status } = await ended;
        const contour = words[0] === "learn" ? readFileSync(place.at("contour")) : undefined;
        return { status, report: readReport(place.directory), contour };
      } finally {
        place.clear();
      }
    }

    for (const each of changes) {
      const missing = each.by === "root" && !isRoot ? " (needs root)" : "";
      it.skipIf(missing !== "")(`${each.what}: the second act is judged anew${missing}`, async () => {
        const contour = `${programs.directory}/${changes.indexOf(each)}.contour`;
        const learnt = await run(each, ["learn", "-o", "contour"], () => {});
        writeFileSync(contour, learnt.contour ?? "");
        expect((await run(each, ["check", contour], () => {})).report.departures).toEqual([]);

        const watched = await run(each, ["check", contour], each.change);
        expect(watched.status).toBe(3);
        expect(watched.report.departures[0]?.act.slice(0, each.seen.length)).toBe(each.seen);
        const enforced = await run(each, ["check", contour, "--enforce"], each.change);
        expect(enforced.report.departures[0]?.act.slice(0, each.seen.length)).toBe(each.seen);
        expect(enforced.report.refused).toBe(enforced.report.off);
      });
    }
  },
);
