import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  answerFor,
  formatError,
  isAnswerTo,
  isTruncated,
  makeQuestion,
  readAddresses,
  readQuestion,
  type Question,
  refusal,
} from "./message.ts";

const u16 = (...values: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(2 * values.length);
  values.forEach((value, index) => bytes.writeUInt16BE(value, 2 * index));
  return bytes;
};
const name = (text: string): Buffer =>
  Buffer.concat([...text.split(".").map((label) => Buffer.from([label.length, ...Buffer.from(label)])), Buffer.of(0)]);
const asked = (text: string, type = 1): Buffer => Buffer.concat([name(text), u16(type, 1)]);
const query = (text: string, type = 1, tail: Buffer = Buffer.alloc(0), additional = 0): Buffer =>
  Buffer.concat([u16(0x1234, 0x0100, 1, 0, 0, additional), asked(text, type), tail]);
const options = (size: number, flags: number, data: Buffer = Buffer.alloc(0)): Buffer =>
  Buffer.concat([Buffer.of(0), u16(41, size, 0, flags, data.length), data]);
const record = (owner: Buffer, type: number, data: Buffer, seconds = 30): Buffer =>
  Buffer.concat([owner, u16(type, 1, 0, seconds, data.length), data]);
const TO_QUESTION = u16(0xc00c);
const answer = (question: Question, id: number, ...records: readonly Buffer[]): Buffer =>
  Buffer.concat([u16(id, 0x8180, 1, records.length, 0, 0), makeQuestion(question, 0).subarray(12), ...records]);
const read = (bytes: Buffer): Question => {
  const question = readQuestion(bytes);
  if (question === undefined) throw new Error("not a question");
  return question;
};

describe("a question", () => {
  it.each([
    ["www.Example.COM", 1, "www.example.com", "address"],
    ["_sip._tcp.example", 33, "_sip._tcp.example", "srv"],
    ["xn--mnchen-3ya.example", 28, "xn--mnchen-3ya.example", "address"],
    ["a b.example", 16, "?612062.example", "txt"],
    ["7.100.51.198.in-addr.arpa", 12, "7.100.51.198.in-addr.arpa", "ptr"],
    ["example", 64_000, "example", "type-64000"],
  ])("%s, type %i", (text, type, called, records) => {
    expect(readQuestion(query(text, type))).toMatchObject({ name: called, type, records, size: 512 });
  });

  it("of the root has a name", () => {
    expect(
      read(Buffer.concat([u16(1, 0x100, 1, 0, 0, 0, 0), u16(2, 1)].map((b, i) => (i === 0 ? b.subarray(0, 13) : b)))),
    ).toMatchObject({ name: ".", records: "ns" });
  });

  it("with a dot, or a question mark, in a label looks like no other", () => {
    const dotted = Buffer.concat([u16(1, 0x100, 1, 0, 0, 0), Buffer.from("\x03a.b\x00"), u16(1, 1)]);
    expect(read(dotted).name).toBe("?612e62");
    expect(read(query("?malformed")).name).toBe(`?${Buffer.from("?malformed").toString("hex")}`);
  });

  it("leaves with its name in lower case, and nothing else that the task chose", () => {
    const secret = Buffer.from([0, 10, 0, 6, ...Buffer.from("secret")]);
    const question = read(query("sEcReT.example", 1, options(4096, 0x8000, secret), 1));
    expect(question).toMatchObject({ size: 4096, wantsSignatures: true });
    const message = makeQuestion(question, 7);
    expect(message.toString("latin1")).toContain("\x06secret\x07example");
    expect(message).toEqual(
      Buffer.concat([u16(7, 0x0100, 1, 0, 0, 1), asked("secret.example"), options(1232, 0x8000)]),
    );
  });

  it.each([
    ["nothing", Buffer.alloc(0)],
    ["a header", u16(1, 0x100, 1, 0, 0, 0)],
    ["an answer", Buffer.concat([u16(1, 0x8100, 1, 0, 0, 0), asked("a")])],
    ["another operation", Buffer.concat([u16(1, 0x2900, 1, 0, 0, 0), asked("a")])],
    ["two questions", Buffer.concat([u16(1, 0x100, 2, 0, 0, 0), asked("a"), asked("b")])],
    ["no question", u16(1, 0x100, 0, 0, 0, 0)],
    [
      "an answer section",
      Buffer.concat([u16(1, 0x100, 1, 1, 0, 0), asked("a"), record(name("a"), 16, Buffer.from("\x01x"))]),
    ],
    ["another class", Buffer.concat([u16(1, 0x100, 1, 0, 0, 0), name("a"), u16(16, 3)])],
    ["bytes after it", query("a", 1, Buffer.from("data"))],
    ["bytes after its options", query("a", 1, Buffer.concat([options(512, 0), Buffer.from("x")]), 1)],
    ["a further record that is no option", query("a", 1, record(Buffer.of(0), 250, Buffer.from("tsig")), 1)],
    ["a pointer", Buffer.concat([u16(1, 0x100, 1, 0, 0, 0), TO_QUESTION, u16(1, 1)])],
    [
      "a label of 64 bytes",
      Buffer.concat([u16(1, 0x100, 1, 0, 0, 0), Buffer.of(64), Buffer.alloc(64, 97), Buffer.of(0), u16(1, 1)]),
    ],
    ["a name of 256 bytes", query(Array.from({ length: 127 }, () => "a").join(".") + ".aa")],
    ["a name without an end", Buffer.concat([u16(1, 0x100, 1, 0, 0, 0), Buffer.from("\x05abc")])],
  ])("is not %s", (_, bytes) => {
    expect(readQuestion(bytes)).toBeUndefined();
  });

  it("is read from any bytes or refused, and what is read is written as it was meant", () => {
    const near = fc
      .tuple(
        fc.constantFrom("a.example", "www.Example.com", "x.y.z"),
        fc.array(fc.nat(255), { maxLength: 4 }),
        fc.nat(60),
      )
      .map(([text, bytes, at]) => {
        const message = query(text, 1, options(1232, 0), 1);
        bytes.forEach((byte, index) => {
          message[(at + index) % message.length] = byte;
        });
        return message;
      });
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
          near,
        ),
        (bytes) => {
          const question = readQuestion(bytes);
          formatError(bytes);
          if (question === undefined) return;
          const again = read(makeQuestion(question, 9));
          expect(again).toMatchObject({ name: question.name, type: question.type, hasOptions: question.hasOptions });
          expect(question.name).toMatch(/^(\.|(\?[0-9a-f]+|[a-z0-9_-]+)(\.(\?[0-9a-f]+|[a-z0-9_-]+))*)$/);
        },
      ),
      { numRuns: 20_000 },
    );
  });
});

describe("an answer", () => {
  const question = read(query("WWW.example"));

  it("leads to addresses through other names, and to none of a name that was not asked", () => {
    const cdn = name("cdn.example");
    const bytes = answer(
      question,
      5,
      record(TO_QUESTION, 5, cdn),
      record(cdn, 1, Buffer.of(198, 51, 100, 7), 60),
      record(cdn, 28, Buffer.from("20010db8000000000000000000000007", "hex")),
      record(name("other.example"), 1, Buffer.of(198, 51, 100, 66)),
      record(TO_QUESTION, 1, Buffer.of(1, 2, 3)),
    );
    expect(isAnswerTo(bytes, 5, question)).toBe(true);
    expect(readAddresses(bytes, question)).toEqual([
      { address: "198.51.100.7", seconds: 60 },
      { address: "2001:db8::7", seconds: 30 },
    ]);
  });

  it("is only one with the id and the question that were asked", () => {
    const bytes = answer(question, 5);
    expect([6, 5].map((id) => isAnswerTo(bytes, id, question))).toEqual([false, true]);
    expect(isAnswerTo(answer(read(query("other.example")), 5), 5, question)).toBe(false);
    expect(isAnswerTo(makeQuestion(question, 5), 5, question)).toBe(false);
  });

  it("is given with the id and the spelling of the question", () => {
    const bytes = answer(question, 5, record(TO_QUESTION, 1, Buffer.of(198, 51, 100, 7)));
    const given = answerFor(question, bytes, 512);
    expect([given.readUInt16BE(0), given.length]).toEqual([0x1234, bytes.length]);
    expect(given.toString("latin1")).toContain("\x03WWW\x07example");
    const cut = answerFor(question, bytes, 20);
    expect([isTruncated(cut), cut.readUInt16BE(6), isAnswerTo(cut, 0x1234, question)]).toEqual([true, 0, true]);
    expect(refusal(question, "no-such-name").readUInt16BE(2) & 0xf).toBe(3);
  });

  it.each([
    ["a pointer to itself", [Buffer.concat([u16(0xc000 + 29), u16(1, 1, 0, 1, 4), Buffer.alloc(4)])]],
    ["a pointer forward", [Buffer.concat([u16(0xc0ff), u16(1, 1, 0, 1, 4), Buffer.alloc(4)])]],
    ["a pointer into the header", [Buffer.concat([u16(0xc002), u16(1, 1, 0, 1, 4), Buffer.alloc(4)])]],
    ["data without an end", [Buffer.concat([TO_QUESTION, u16(1, 1, 0, 1, 400), Buffer.alloc(4)])]],
  ])("with %s is not read", (_, records) => {
    expect(readAddresses(answer(question, 5, ...records), question)).toBeUndefined();
  });

  it("is read from any bytes within bounds", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(5), (tail, count) => {
        const bytes = Buffer.concat([answer(question, 5), tail]);
        bytes.writeUInt16BE(count, 6);
        const found = readAddresses(bytes, question);
        expect(found === undefined || found.length <= count).toBe(true);
        answerFor(question, bytes, 100);
      }),
      { numRuns: 20_000 },
    );
  });
});
