/** The purpose of the lens: the same behaviour gives the same events, on any machine; other behaviour gives others. */
import { type Event, formatAct, isEscaped, operations, parseAct, subjectRecord } from "@isoline/core/event";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ann, bob, type Machine, Namespace } from "./namespace.ts";

/** An act, without anything that a machine or a run decides. Files and processes are numbered. */
type Act =
  | { readonly does: "read"; readonly process: number; readonly file: number }
  | { readonly does: "draw" | "remove"; readonly process: number; readonly file: number }
  | { readonly does: "publish"; readonly process: number; readonly file: number; readonly as: string }
  | { readonly does: "visit"; readonly process: number; readonly place: string }
  | { readonly does: "connect"; readonly process: number; readonly port: number }
  | { readonly does: "inspect"; readonly process: number; readonly other: number };

const FILES = 6;
const process = fc.nat({ max: 3 });
const file = fc.nat({ max: FILES - 1 });
const place = fc.constantFrom("cwd/src/x.ts", "cwd", "home/.npmrc", "tmp/known", "/usr/lib/x.so", "/etc/passwd");
const act: fc.Arbitrary<Act> = fc.oneof(
  fc.record({ does: fc.constantFrom("draw" as const, "remove" as const), process, file }),
  fc.record({ does: fc.constant("read" as const), process, file }),
  fc.record({ does: fc.constant("publish" as const), process, file, as: fc.constantFrom("out.json", "lib.so.1") }),
  fc.record({ does: fc.constant("visit" as const), process, place }),
  fc.record({ does: fc.constant("connect" as const), process, port: fc.nat({ max: 1 }) }),
  fc.record({ does: fc.constant("inspect" as const), process, other: process }),
);

const PROGRAMS = ["npm", "gcc", "gcc", "node"];

/** Performs acts on a machine whose mkstemp draws the given names; returns the lines. */
function perform(acts: readonly Act[], machine: Machine, drawn: readonly string[]): string[] {
  const namespace = new Namespace(machine);
  const actors = PROGRAMS.map((program, index) => namespace.process(index, program));
  const rooms = [machine.temp[0], machine.cwd, `${machine.temp[0]}/deep`, "/srv/spool", machine.home, machine.temp[0]];
  const live = new Set<number>();
  return acts.flatMap((one) => {
    const actor = actors[one.process];
    if (!actor) return [];
    const path = "file" in one ? `${rooms[one.file]}/${drawn[one.file]}` : "";
    switch (one.does) {
      case "draw":
        if (live.has(one.file)) return [];
        live.add(one.file);
        return [
          actor.does("create", { access: "write", path, mode: 0o600 }, { exclusive: true, requestedMode: 0o600 }),
        ];
      case "remove":
        return live.delete(one.file) ? [actor.unlinks(path)] : [];
      case "read":
        return live.has(one.file) ? [actor.sees(path)] : [];
      case "publish":
        return live.delete(one.file) ? [actor.renames(path, `${machine.cwd}/${one.as}`)] : [];
      case "visit":
        return [
          actor.sees(
            one.place
              .replace(/^cwd/, machine.cwd)
              .replace(/^home/, machine.home)
              .replace(/^tmp/, machine.temp[0] ?? ""),
          ),
        ];
      case "connect":
        return [actor.address("connect", `127.0.0.1:${machine.ports[one.port]}`)];
      case "inspect":
        return [actor.sees(`/proc/${machine.pids[one.other]}/status`)];
    }
  });
}

const names = (seed: string) =>
  Array.from({ length: FILES }, (_, index) => `tmp_obj_${seed}${index}${"aZ9xQ"[index % 5]}1`);

test("the same behaviour on another machine, by another user, with other names, gives the same events", () => {
  fc.assert(
    fc.property(fc.array(act, { maxLength: 40 }), (acts) => {
      expect(perform(acts, bob, names("q7W"))).toEqual(perform(acts, ann, names("b2K")));
    }),
    { numRuns: 300 },
  );
});

test("no value of a machine shows in them", () => {
  fc.assert(
    fc.property(fc.array(act, { maxLength: 40 }), (acts) => {
      for (const line of perform(acts, bob, names("q7W"))) {
        expect(line).not.toMatch(/bob|builds|scratch|q7W|4242|900\d\d|50001|50777/);
      }
    }),
    { numRuns: 100 },
  );
});

/** Any path, with names among which are some that look like tokens. */
const name = fc.oneof(
  fc.constantFrom(
    "a",
    "b",
    "src",
    "tmp",
    "$CWD",
    "$HOME",
    "$literal:x",
    "{node#1}",
    "$hash",
    "{node#1}.s",
    "pack-$hash.idx",
    "$",
    "{",
  ),
  fc.stringMatching(/^[!-.0-[\]-~]{1,6}$/).filter((text) => text !== "." && text !== ".."),
);
const root = fc.constantFrom("", ann.cwd, ann.home, "/tmp", "/var/lib", "/tmp/X7a9Qq12", "/srv/Y7a9Qq12");
const path = fc
  .tuple(root, fc.array(name, { minLength: 1, maxLength: 4 }))
  .map(([top, parts]) => `${top}/${parts.join("/")}`);

const prepared = () => {
  const node = new Namespace().process(2, "node");
  node.draws("/tmp/X7a9Qq12");
  node.draws("/srv/Y7a9Qq12");
  return node;
};

describe("paths", () => {
  test("two real paths are never levelled to one, except for directories that one token stands for", () => {
    fc.assert(
      fc.property(path, path, (one, other) => {
        fc.pre(one !== other);
        const node = prepared();
        expect(node.sees(one)).not.toBe(node.sees(other));
      }),
      { numRuns: 3000 },
    );
  });

  test("a levelled path is not levelled again", () => {
    fc.assert(
      fc.property(path, (real) => {
        const node = prepared();
        const once = node.sees(real);
        expect(node.sees(once)).toBe(once);
      }),
    );
  });

  test("a levelled path is escaped text", () => {
    const node = prepared();
    fc.assert(
      fc.property(path, (real) => {
        expect(isEscaped(node.sees(real))).toBe(true);
      }),
    );
  });
});

test("levelled addresses are not levelled again", () => {
  const node = new Namespace().process(0, "node");
  for (const address of ["127.0.0.1:43211", "@0a1f3", "@app-X7a9Qq12", "/tmp/X7a9Qq12.sock"]) {
    const once = node.address("bind", address);
    expect(once).not.toBe(address);
    expect(node.address("connect", once)).toBe(once);
  }
});

test("a levelled event can be written as a line and read back", () => {
  const node = prepared();
  const event: Event = node.level("exec", {
    ...node.object("/tmp/X7a9Qq12"),
    loader: ["/srv/Y7a9Qq12@?"],
    as: "worker-4711",
    runs: ["/tmp/X7a9Qq12@?", "text@?", "stdin@-"],
  });
  expect(parseAct(formatAct(event), event.actor)).toEqual(event);
  expect(Object.keys(subjectRecord(event))).toEqual(Object.keys(operations.exec).filter((field) => field !== "digest"));
});
