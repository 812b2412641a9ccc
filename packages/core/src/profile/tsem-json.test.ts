import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { IsolineError } from "../error.ts";
import { quixote } from "./quixote.ts";
import { TsemReader } from "./tsem-json.ts";

const lines = readFileSync(new URL("./fixtures/trajectory-75.jsonl", import.meta.url), "utf8")
  .trim()
  .split("\n");
const first = lines[0] as string;
const read = (line: Uint8Array | string) => new TsemReader(quixote).read(line);
const refused = expect.objectContaining({ name: "IsolineError", code: "bad-trajectory" });

function actOf(line: Uint8Array | string): string {
  const record = read(line);
  return record.kind === "event" ? record.event.act : record.kind;
}

const exported = (type: string, line = first) => line.replace('{"event"', `{"export": {"type": "${type}"}, "event"`);
const withPath = (path: string) => first.replace("/opt/Quixote/bin/runc", path);

describe("lines", () => {
  test("of a trajectory, and the same as a kernel exports them", () => {
    for (const line of lines) {
      const act = actOf(line);
      expect(actOf(exported("event", line))).toBe(act);
      expect(actOf(exported("async_event", line).replace('"context"', '"pid": "7", "tnum": "12", "context"'))).toBe(
        act,
      );
      expect(actOf(exported("log", line))).toBe(act);
    }
  });

  test("with an aggregate, and with the act of an untrusted process", () => {
    expect(read(`{"export": {"type": "aggregate"}, "aggregate": {"value": "${"ab".repeat(32)}"}}`)).toEqual({
      kind: "aggregate",
      aggregate: "ab".repeat(32),
    });
    expect(
      read('{"export": {"type": "log"}, "log": {"process": "ba sh", "event": "file_open", "action": "DENY"}}'),
    ).toEqual({
      kind: "log",
      process: "ba\\x20sh",
      type: "file_open",
      action: "DENY",
    });
  });

  test("give the same event again when only what stands before the COE is another", () => {
    const reader = new TsemReader(quixote);
    const event = (line: string) => {
      const record = reader.read(line);
      return record.kind === "event" ? record.event : undefined;
    };
    const again = first.replace('"ts": "1000"', '"ts": "777"').replace('"process": "quixote-us"', '"process": "other"');
    expect(event(again)).toBe(event(first));
    expect(event(first.replace('"type": "file_open"', '"type": "file_open" '))).not.toBe(event(first));
    expect(event(first.replace('"task_id": "00', '"task_id": "01'))).not.toBe(event(first));
    expect(event(first.replace('"fsuid": "0"', '"fsuid": "1"'))).not.toBe(event(first));
  });

  test("that were remembered are refused in any other shape", () => {
    const reader = new TsemReader(quixote);
    const twice = first.replace(/}$/, ', "export": {"type": "event"}}');
    expect(reader.read(twice).kind).toBe("event");
    expect(() => reader.read(exported("event", twice))).toThrow(refused);
  });
});

describe("numbers are read as the C library does with base 0", () => {
  const flags = (number: string) =>
    /flags=(\S+)/.exec(actOf(first.replace('"flags": "32800"', `"flags": "${number}"`)))?.[1];
  test.each([
    ["32800", "32800"],
    ["0x8020", "32800"],
    ["0X8020", "32800"],
    ["0100040", "32800"],
    ["0", "0"],
    ["00", "0"],
    ["0xffffffff", "4294967295"],
  ])("%s", (number, value) => {
    expect(flags(number)).toBe(value);
  });
  test.each(["", " 1", "1 ", "-1", "+1", "08", "1e3", "0x", "0x100000000", "4294967296", "1.0", "٣"])(
    "%j is none",
    (number) => {
      expect(() => flags(number)).toThrow(refused);
    },
  );
});

describe("text is bytes", () => {
  const pathOf = (line: Uint8Array | string) => / path=(\S*) /.exec(actOf(line))?.[1];

  test("a backslash makes the next byte literal, whatever it is", () => {
    expect(pathOf(withPath('/a\\"b\\\\c\\n\\u0041'))).toBe('/a"b\\x5ccnu0041');
    expect(pathOf(withPath("/a\\\\"))).toBe("/a\\x5c");
  });

  test("braces in it are only braces", () => {
    expect(pathOf(withPath("/a{b}}{"))).toBe("/a{b}}{");
  });

  test("bytes that are not UTF-8 stay unchanged, and text stands for its UTF-8", () => {
    expect(pathOf(Buffer.from(withPath("/\u00ff\u00e4"), "latin1"))).toBe("/\\xff\\xe4");
    expect(pathOf(withPath("/ä"))).toBe("/ä");
    expect(pathOf(Buffer.from(withPath("/ä")))).toBe("/ä");
  });
});

describe("what is refused, with one error", () => {
  const replaced = (from: string | RegExp, to: string) => first.replace(from, to);
  test.each<[string, string]>([
    ["nothing", ""],
    ["an empty object", "{}"],
    ["something after the object", `${first}}`],
    ["two objects", first + first],
    ["a number that is not text", replaced('"32800"', "32800")],
    ["a list", replaced('"32800"', '["32800"]')],
    ["a repeated key", replaced('"flags": "32800"', '"flags": "1", "flags": "32800"')],
    ["the name of the prototype", replaced('"flags"', '"__proto__": {}, "flags"')],
    ["an unknown event", replaced(/file_open/g, "file_opened")],
    ["an event named like a method of objects", replaced(/file_open/g, "constructor")],
    ["an event without its attributes", replaced('"file_open": {"file"', '"file_closed": {"file"')],
    ["a file without a digest", replaced(/, "digest": "[0-9a-f]+"/, "")],
    ["a digest in capitals", replaced("7c1a43eb", "7C1A43EB")],
    ["a device name that fills its field", replaced('"xvda"', `"${"x".repeat(32)}"`)],
    ["a mode of more than 16 bits", replaced("0100755", "0200755")],
    ["a created file without its number", replaced('"type": "root"', `"owner": "${"ab".repeat(32)}", "type": "root"`)],
    ["credentials that lack one", replaced('"fsuid": "0", ', "")],
    ["capabilities beyond 63 bits", replaced("0x3ffffffffff", "0xffffffffffffffff")],
    ["an unknown kind of export", exported("dream")],
    ["an export without a kind", first.replace('{"event"', '{"export": {}, "event"')],
    ["a text that does not end", first.slice(0, 40)],
    ["a backslash at the end", `${first.slice(0, 30)}\\`],
    ["deep nesting", `${'{"a": '.repeat(5_000)}""${"}".repeat(5_000)}`],
    ["a line of a hundred thousand bytes", withPath("/x".repeat(50_000))],
  ])("%s", (_what, line) => {
    expect(() => read(line)).toThrow(refused);
  });

  test("every truncation", () => {
    for (let length = 0; length < first.length; length++) expect(() => read(first.slice(0, length))).toThrow(refused);
  });

  test("any change of bytes gives an event or this error, never another, and never a different text for one event", () => {
    const reader = new TsemReader(quixote);
    const bytes = Buffer.from(first);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 3 }),
        (changes) => {
          const changed = Buffer.from(bytes);
          for (const [at, byte] of changes) changed[at] = byte;
          const outcome = (source: TsemReader) => {
            try {
              const record = source.read(changed);
              return record.kind === "event" ? `${record.event.actor.task} ${record.event.act}` : record.kind;
            } catch (error) {
              if (error instanceof IsolineError && error.code === "bad-trajectory") return error.message;
              throw error;
            }
          };
          expect(outcome(reader)).toBe(outcome(new TsemReader(quixote)));
        },
      ),
      { numRuns: 3_000 },
    );
  });
});

describe("acts", () => {
  test("are read back as they were written", () => {
    for (const line of lines) {
      const record = read(line);
      if (record.kind !== "event") throw new Error(record.kind);
      const { act, actor } = record.event;
      const again = quixote.parseAct(act, actor);
      expect(again.act).toBe(act);
      expect(quixote.formatAct(quixote.recall(quixote.encode(record.event), record.event.actor))).toBe(act);
    }
  });

  const actor = (() => {
    const record = read(first);
    if (record.kind !== "event") throw new Error(record.kind);
    return record.event.actor;
  })();
  const socket = `family=2 type=1 protocol=0 owner=${"ab".repeat(32)}`;
  test.each([
    "file_open",
    "file_closed",
    "capable x=1",
    "socket_create family=01 type=1 protocol=0 kern=0",
    "socket_create type=1 family=1 protocol=0 kern=0",
    "socket_create family=1 type=1 protocol=0 kern=0 ",
    `socket_connect ${socket} port=80`,
    `socket_connect ${socket} port=080 address=1.2.3.4`,
    `socket_connect ${socket} port=80 address=1.2.3.256`,
    `socket_connect ${socket.replace("family=2", "family=10")} port=80 address=1.2.3.4`,
    `socket_accept ${socket} port=80 address=1.2.3.4`,
    `socket_connect ${socket} path=/run/x`,
    "",
  ])("%j is refused", (act) => {
    expect(() => quixote.parseAct(act, actor)).toThrow(expect.objectContaining({ code: "bad-event" }));
  });
});
