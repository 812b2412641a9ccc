import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mapOf } from "./contour-map.ts";

const act = (operation: string, target: string) => ({ operation, target });

describe("the map of a contour", () => {
  it("joins programs and what they touch by the family of the act", () => {
    const map = mapOf({
      programs: [
        { program: "/usr/bin/node", acts: [act("open read", "/etc/hosts"), act("connect", "tcp 10.0.0.5:5432")] },
        { program: "/bin/sh", acts: [act("exec", "/usr/bin/node")] },
      ],
    });
    const said = map.lines.map(
      ({ program, target, family }) => `${map.programs[program]?.title} ${family} ${map.targets[target]?.title}`,
    );
    expect(said.toSorted()).toStrictEqual([
      "/bin/sh run /usr/bin/node",
      "/usr/bin/node network tcp 10.0.0.5:5432",
      "/usr/bin/node read /etc/hosts",
    ]);
  });

  it("gathers a large contour into folders, and loses no act", () => {
    const acts = Array.from({ length: 30_000 }, (_, index) => act("open", `/srv/${index % 7}/${index % 900}/${index}`));
    const map = mapOf({ programs: [{ program: "/bin/backup", acts }] });
    expect(map.targets.length).toBeLessThanOrEqual(38);
    expect(map.targets.length).toBeGreaterThan(5);
    expect(map.lines.reduce((sum, line) => sum + line.acts, 0)).toBe(30_000);
    expect(map.targets.reduce((sum, { gathered }) => sum + gathered, 0)).toBe(30_000);
  });

  it("opens a folder that is a target too", () => {
    const { targets } = mapOf({ programs: [{ program: "/bin/ls", acts: [act("open", "/"), act("open", "/etc/x")] }] });
    expect(targets).toStrictEqual([
      { title: "/", acts: 1, gathered: 1 },
      { title: "/etc/x", acts: 1, gathered: 1 },
    ]);
  });

  it("gathers programs beyond its rows", () => {
    const programs = Array.from({ length: 90 }, (_, index) => ({
      program: `/bin/p${index}`,
      acts: [act("exec", "/x")],
    }));
    const { programs: rows } = mapOf({ programs });
    expect(rows.at(-1)).toStrictEqual({ title: "65 further programs", acts: 65, gathered: 65 });
    expect(rows.length).toBe(26);
  });

  it("draws each act once, whatever the names are", () => {
    const names = fc.oneof(fc.constantFrom("/", "//", "/a", "/a/", "/a/b", "$HOME/x", "", "__proto__"), fc.string());
    const programs = fc.array(
      fc.record({ program: names, acts: fc.array(fc.record({ operation: names, target: names }), { maxLength: 60 }) }),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(programs, (all) => {
        const map = mapOf({ programs: all });
        const acts = all.reduce((sum, one) => sum + one.acts.length, 0);
        expect(map.lines.reduce((sum, line) => sum + line.acts, 0)).toBe(acts);
        expect(map.lines.every(({ program, target }) => map.programs[program] && map.targets[target])).toBe(true);
      }),
    );
  });
});
