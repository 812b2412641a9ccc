/**
 * Contours and recordings as an attacker, a bad disk or a careless editor would leave them: one line names the fault, and the
 * workload never starts. Damage to every byte of a contour is tested beside its reader; this file tests what a user or a script
 * sees.
 */
import { execFileSync } from "node:child_process";
import { chmodSync, symlinkSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Ended, isBuilt } from "../support/isoline.ts";
import { isCI } from "../support/machine.ts";
import { Bench, shell } from "./bench.ts";

const MIB = 1 << 20;
/** Places in a file that are damaged one by one. Every byte of it is, beside its reader. */
const PLACES = isCI ? 12 : 4;

describe.skipIf(!isBuilt)("hostile files (needs a build)", () => {
  let bench: Bench;
  let whole: Buffer;
  let lines: readonly string[];

  beforeAll(async () => {
    bench = new Bench();
    await bench.run("learn -q -o whole --trajectory recording", shell("cat data; sort data; head -n 1 data"));
    whole = Buffer.from(bench.read("whole"));
    lines = bench.read("whole").split("\n");
  });
  afterAll(() => bench?.clear());

  const check = (path: string): Promise<Ended> => bench.run(`check ${path}`, ["touch", "started"]);

  /** `check` refuses it in one line that names the file, before the workload starts. */
  const expectRefused = async (path: string): Promise<void> => {
    const { status, stdout, stderr } = await check(path);
    expect({ status, stdout, lines: stderr.trimEnd().split("\n") }).toEqual({
      status: 125,
      stdout: "",
      lines: [expect.stringMatching(/^isoline: .{10,600}$/)],
    });
    expect(stderr).toContain(path);
    expect(stderr).not.toMatch(/should not have happened|[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
    expect(bench.has("started")).toBe(false);
  };
  const expectAllRefused = async (contents: Iterable<string | Uint8Array>): Promise<void> => {
    for (const content of contents) {
      bench.write("hostile", content);
      await expectRefused("hostile");
    }
  };

  const line = (start: string): number => lines.findIndex((text) => text.startsWith(start));
  const edited = (edit: (lines: string[]) => void): string => {
    const copy = [...lines];
    edit(copy);
    return copy.join("\n");
  };

  it("the undamaged one is accepted", async () => {
    expect(await bench.run("check whole", shell("cat data; sort data; head -n 1 data"))).toMatchObject({ status: 0 });
  });

  it("truncated", async () => {
    const lengths = Array.from({ length: PLACES }, (_, index) => Math.floor((index * whole.length) / PLACES));
    await expectAllRefused([...lengths, whole.length - 1].map((length) => whole.subarray(0, length)));
  });

  it("one bit flipped in an act or a point", async () => {
    const from = whole.indexOf("\nby ");
    const flipped = Array.from({ length: PLACES }, (_, index) => {
      const copy = Buffer.from(whole);
      const at = from + Math.floor(((index + 0.5) * (whole.length - from)) / PLACES);
      copy[at] = (copy[at] ?? 0) ^ (1 << (index % 8));
      return copy;
    });
    await expectAllRefused(flipped);
  });

  it("lines that are missing, or in the wrong part", async () => {
    const without = (start: string) => edited((all) => all.splice(line(start), 1));
    const moved = (start: string, to: string) =>
      edited((all) => all.splice(line(to), 0, ...all.splice(line(start), 1)));
    await expectAllRefused([
      ...["isoline ", "profile ", "task ", "credentials ", "by ", "end"].map(without),
      moved("task ", "end"),
      moved("credentials ", "end"),
      moved("  open ", "by "),
      moved("end", "by "),
    ]);
  });

  it("another version, profile, lens or policy", async () => {
    const say = (start: string, text: string) => edited((all) => all.splice(line(start), 1, text));
    await expectAllRefused([
      say("isoline ", "isoline contour 3"),
      say("isoline ", "isoline contour 2 "),
      say("isoline ", "isoline contour"),
      say("isoline ", "isoline contour 1"),
      say("profile ", "profile quixote"),
      say("profile ", "profile iso2"),
      say("policy lens", 'policy lens "wide"'),
      say("policy lens", "policy lens"),
      say("policy lens", 'policy width "1"'),
      say("policy lens", 'policy lens "default"\npolicy lens "exact"'),
      say("policy lens", `base ${"0".repeat(63)}`),
      say("policy lens", "incomplete"),
    ]);
  });

  it("a conflict that git left, with the remedy", async () => {
    const conflict = edited((all) => all.splice(line("  open "), 0, "<<<<<<< HEAD", "=======", ">>>>>>> work"));
    await expectAllRefused([conflict]);
    expect((await check("hostile")).stderr).toMatch(
      /a conflict that git could not resolve .*; put both sides together/,
    );
  });

  it("a point that was added by hand", async () => {
    const at = line("  open ");
    const forged = (lines[at] ?? "").replace(/path=\S+/, "path=/etc/shadow");
    await expectAllRefused([edited((all) => all.splice(at, 0, forged)), edited((all) => all.splice(at, 1, forged))]);
  });

  it("no contour at all", async () => {
    await expectAllRefused([
      "",
      "\n",
      "\0".repeat(4096),
      "\ufeff" + whole.toString(),
      whole.toString().replaceAll("\n", "\r\n"),
      Buffer.from(whole.toString(), "utf16le"),
      `${whole.toString()}\n`,
      whole.toString() + whole.toString(),
      `\x1b]0;title\x07${whole.toString()}`,
      "x".repeat(3 * MIB),
      `isoline contour 2\n${"x".repeat(3 * MIB)}\n`,
      `isoline contour 2\n${"\n".repeat(MIB)}`,
      execFileSync("gzip", ["-c"], { input: whole }),
      "{}\n",
    ]);
  });

  it("not a regular file", async () => {
    symlinkSync("loop", bench.at("loop"));
    bench.write("closed", whole);
    chmodSync(bench.at("closed"), 0);
    const paths = [
      ".",
      "none",
      "none/none",
      "whole/x",
      "loop",
      "/dev/null",
      "/dev/zero",
      "/dev/urandom",
      "/proc/self/mem",
    ];
    // Root may read a file without permissions.
    if (process.getuid?.() !== 0 || bench.uid !== undefined) paths.push("closed");
    for (const path of paths) await expectRefused(path);
  });

  it("a FIFO, with or without a writer, is never waited for", async () => {
    execFileSync("mkfifo", ["-m", "666", bench.at("pipe")]);
    await expectRefused("pipe");
    const words = ["show pipe", "diff whole pipe", "verify pipe", "replay pipe", "learn -q -o new --lens pipe"];
    const ima = ["check whole --ima-policy pipe", "check whole --ima-key pipe", "check whole --require-signature pipe"];
    for (const each of [...words, ...ima]) {
      const command = /^(?:learn|check)/.test(each) ? ["touch", "started"] : [];
      const { status, stderr } = await bench.run(each, command);
      expect([each, status === 0, stderr.trimEnd().split("\n").length]).toEqual([each, false, 1]);
      expect(stderr).toMatch(/pipe: .*(?:no regular file)/);
    }
    expect(bench.has("started")).toBe(false);
  });

  it("learn --merge leaves a file that it cannot read unchanged", async () => {
    for (const content of [whole.subarray(0, 900), Buffer.from("x"), Buffer.alloc(0)]) {
      bench.write("hostile", content);
      const { status, stderr } = await bench.run("learn -q --merge -o hostile", ["touch", "started"]);
      expect({ status, lines: stderr.trimEnd().split("\n").length }).toEqual({ status: 125, lines: 1 });
      expect(bench.read("hostile")).toBe(content.toString());
      expect(bench.has("started")).toBe(false);
    }
  });

  it.each([
    ["show hostile", 1],
    ["verify hostile", 1],
    ["explain hostile 00", 2],
    ["merge whole hostile -o merged", 1],
    ["diff whole hostile", 2],
    ["diff hostile whole", 2],
    ["replay hostile recording", 1],
  ])("`%s` refuses it in one line", async (words, expected) => {
    for (const content of [
      whole.subarray(0, 900),
      Buffer.from("isoline contour 2\nprofile x\n"),
      Buffer.alloc(5000, 0xff),
    ]) {
      bench.write("hostile", content);
      const { status, stdout, stderr } = await bench.run(words);
      expect({ status, stdout, lines: stderr.trimEnd().split("\n").length }).toEqual({
        status: expected,
        stdout: "",
        lines: 1,
      });
      expect(bench.has("merged")).toBe(false);
    }
  });

  describe("recordings", () => {
    const replay = (content: string | Uint8Array): Promise<Ended> => {
      bench.write("hostile", content);
      return bench.run("replay whole hostile");
    };

    it("the undamaged one is replayed", async () => {
      expect(await bench.run("replay whole recording")).toMatchObject({ status: 0 });
    });

    it("damaged, odd, oversized: reported in one line, or counted as not understood", async () => {
      const recorded = bench.read("recording");
      const first = recorded.slice(0, recorded.indexOf("\n"));
      const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
      const odd = [
        recorded.slice(0, recorded.length / 2),
        `${recorded}{`,
        recorded.replaceAll('"op"', '"oq"'),
        recorded.replaceAll("0", "1"),
        '{"__proto__":{"op":"open"}}\n',
        '{"op":"toString","actor":{},"subject":{}}\n',
        '{"task":{"id":1}}\n',
        '{"task":null}\n',
        "null\n",
        "[]\n",
        `${first}${first}\n`,
        `{"op":"${"x".repeat(3 * MIB)}"}\n`,
        `${deep}\n`,
        "\0\0\0\n",
        Buffer.alloc(4096, 0xff),
        Buffer.from(recorded, "utf16le"),
      ];
      for (const content of odd) {
        const { status, stderr } = await replay(content);
        expect([1, 4]).toContain(status);
        expect(stderr).not.toContain("should not have happened");
        expect(stderr.length).toBeLessThan(10_000);
      }
    });
  });
});
