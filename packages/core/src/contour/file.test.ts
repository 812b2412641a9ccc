import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { arbitraryContour, contourOf, openAct, textOf } from "../../../../test/arbitrary/contour.ts";
import { iso1 } from "../profile/iso1.ts";
import { quixote } from "../profile/quixote.ts";
import { TsemReader } from "../profile/tsem-json.ts";
import { Contour } from "./contour.ts";
import { parseContour, readContour } from "./read.ts";
import { writeContour } from "./write.ts";

const read = (text: string) => parseContour(Buffer.from(text), { profile: iso1 });

const small = () =>
  contourOf([
    {
      chain: ["/bin/sh"],
      acts: [openAct("/etc/passwd"), "exec path=/usr/bin/node mode=0100755 uid=0 gid=0 fs=disk loader="],
    },
    { chain: ["/bin/sh", "/usr/bin/node"], acts: [openAct("$HOME/.npmrc"), openAct("/b\\x20c"), openAct("/ä")] },
  ]);

describe("a contour file", () => {
  test("gives back the contour it was written from", () => {
    fc.assert(
      fc.property(arbitraryContour, (contour) => {
        const text = textOf(contour);
        const again = read(text);
        expect(textOf(again)).toBe(text);
        expect(again.size).toBe(contour.size);
        expect(again.policy).toBe(contour.policy);
        expect(again.state()).toBe(contour.state());
        expect(new Set(again.incomplete)).toEqual(new Set(contour.incomplete));
        for (let index = 0; index < contour.size; index++) {
          const there = again.indexOfPoint(contour.point(index));
          expect(again.event(there)).toEqual(contour.event(index));
          expect(again.occurrences(there)).toBe(0);
        }
      }),
    );
  });

  test("can be read in pieces of any size", async () => {
    const bytes = Buffer.from(textOf(small()));
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 400 }), async (size) => {
        async function* pieces() {
          const memory = Buffer.alloc(size);
          for (let at = 0; at < bytes.length; at += size) {
            const piece = memory.subarray(0, bytes.copy(memory, 0, at, at + size));
            yield piece;
            memory.fill(0);
          }
        }
        expect(textOf(await readContour(pieces(), { profile: iso1 }))).toBe(bytes.toString());
      }),
      { numRuns: 50 },
    );
  });

  test("is written in pieces", () => {
    const contour = contourOf([{ chain: [], acts: Array.from({ length: 2_000 }, (_, at) => `chroot path=/p${at}`) }]);
    const pieces = [...writeContour(contour)];
    expect(pieces.length).toBeGreaterThan(3);
    expect(pieces.every((piece) => piece.length < 64 * 1024)).toBe(true);
    expect(read(pieces.join("")).size).toBe(2_000);
  });

  test("reads like this", async () => {
    await expect(textOf(small())).toMatchFileSnapshot("fixtures/small.contour");
  });

  test("holds a contour of TSEM events too", () => {
    const contour = Contour.create({ profile: quixote, policy: "{}" });
    const reader = new TsemReader(quixote);
    const event = (type: string, task: string) =>
      reader.read(
        JSON.stringify({
          event: { process: "ba sh", type, task_id: task.repeat(32) },
          COE: {
            uid: "0",
            euid: "0",
            suid: "0",
            gid: "0",
            egid: "0",
            sgid: "0",
            fsuid: "0",
            fsgid: "0",
            capeff: "0x3f",
          },
          [type]: {},
        }),
      );
    for (const record of [
      event("sb_mount", "0a"),
      event("capable", "0a"),
      event("sb_mount", "0b"),
      event("sb_mount", "00"),
    ]) {
      if (record.kind === "event") contour.add(record.event);
    }
    const text = [...writeContour(contour)].join("");
    expect(text).toContain("\nby ba\\x20sh~0a0a0a0a as uid0~");
    const again = parseContour(Buffer.from(text), { profile: quixote });
    expect([...writeContour(again)].join("")).toBe(text);
    expect(again.size).toBe(4);
    expect(again.state()).toBe(contour.state());
  });
});

describe("a change of behaviour is a small change of the file", () => {
  const body = (contour: Contour) => textOf(contour).split("\n");

  test("one more act is one more line, wherever it happened first", () => {
    const before = body(contourOf([{ chain: ["/bin/sh"], acts: [openAct("/b"), openAct("/c")] }]));
    const after = body(contourOf([{ chain: ["/bin/sh"], acts: [openAct("/c"), openAct("/bb"), openAct("/b")] }]));
    expect(after.filter((line) => !before.includes(line))).toEqual([expect.stringContaining(" path=/bb ")]);
    expect(before.every((line) => after.includes(line))).toBe(true);
  });

  test("another task renumbers no other", () => {
    const program = { chain: ["/bin/sh", "/usr/bin/node"], acts: [openAct("/b")] };
    const before = body(contourOf([program]));
    const after = body(
      contourOf([
        { chain: ["/bin/sh", "/bin/awk"], acts: [openAct("/a")] },
        { chain: ["/bin/aaa"], acts: [] },
        program,
      ]),
    );
    expect(before.every((line) => after.includes(line))).toBe(true);
  });

  test("other counts and another order change nothing", () => {
    const one = contourOf([{ chain: ["/bin/sh"], acts: [openAct("/b"), openAct("/c")] }]);
    const two = contourOf([{ chain: ["/bin/sh"], acts: [openAct("/c"), openAct("/b"), openAct("/c")] }]);
    expect(body(two)).toEqual(body(one));
  });
});

describe("a file that is given as something else", () => {
  test("is read from text as from bytes", () => {
    const text = [...writeContour(Contour.create({ profile: iso1, policy: "{}" }))].join("");
    expect(parseContour(text).state()).toBe(parseContour(Buffer.from(text)).state());
  });

  test.each([
    ["nothing", undefined],
    ["null", null],
    ["a number", 7],
    ["an object", {}],
    ["text that is no contour", "hello\n"],
    ["no text", ""],
  ])("%s is refused with a code", (_, given) => {
    expect(() => parseContour(given as unknown as string)).toThrow(expect.objectContaining({ code: "bad-contour" }));
  });
});
