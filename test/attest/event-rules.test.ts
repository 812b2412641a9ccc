/** Rules on events as they stand in reference values: read as they were written, within bounds, and refused where they mean nothing. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type EventRule, readReferences, writeBoot } from "../../packages/attest/src/appraise/index.ts";
import { AttestError } from "../../packages/attest/src/error.ts";

const bytes = (text: string) => Uint8Array.from(Buffer.from(text));
const DIGEST = "ab".repeat(32);
const NOTE = /^[^\p{C}\p{Zl}\p{Zp}]{1,128}$/u;
const OTHER = "cd".repeat(32);
const boot = (more: object) => JSON.stringify({ references: 1, boots: [{ name: "b", ...more }] });
const rules = (...listed: readonly unknown[]) => boot({ events: { 4: listed } });
const rule = (more: object = {}) => ({ type: "EV_EFI_ACTION", digest: DIGEST, ...more });
const separator = { type: "EV_SEPARATOR", digest: OTHER };

/** What the reader makes of a file: `read`, or its refusal. */
async function outcome(text: string): Promise<string> {
  try {
    await readReferences(bytes(text), []);
    return "read";
  } catch (fault) {
    return fault instanceof AttestError ? `${fault.code}: ${fault.message}` : `not a refusal: ${String(fault)}`;
  }
}

describe("rules on the events of a boot", () => {
  it.each([
    ["for no register at all", boot({ events: {} }), "at least one register"],
    ["for a register that a program can reset", boot({ events: { 16: [] } }), "rules by a register below 16"],
    ["for a register without a number", boot({ events: { "04": [] } }), "rules by a register below 16"],
    [
      "beside a value",
      boot({ registers: { 4: DIGEST }, events: { 4: [] } }),
      "register 4 in registers or in events, and not in both",
    ],
    ["that are no list", boot({ events: { 4: {} } }), "a list"],
    ["without a type", rules({ digest: DIGEST }), "the name of a type of events"],
    [
      "with a type that is not known",
      rules(rule({ type: "EV_NOTHING" })),
      "the name of a type that extends registers, or 0x and its 8 digits",
    ],
    ["with a short number for a type", rules(rule({ type: "0x4" })), "or 0x and its 8 digits"],
    ["of events that extend nothing", rules(rule({ type: "EV_NO_ACTION" })), "a type that extends registers"],
    ["of events that extend nothing, by number", rules(rule({ type: "0x00000003" })), "a type that extends registers"],
    ["without a digest", rules({ type: "EV_EFI_ACTION" }), '64 hexadecimal digits, or "any"'],
    ["with a digest of another bank", rules(rule({ digest: "ab".repeat(20) })), '64 hexadecimal digits, or "any"'],
    ["with capital digits", rules(rule({ digest: DIGEST.toUpperCase() })), '64 hexadecimal digits, or "any"'],
    ["with any separator", rules({ type: "EV_SEPARATOR", digest: "any" }), "the digest of the separator"],
    [
      "that require any digest",
      rules(rule({ digest: "any", required: true })),
      "no event that is required with any digest",
    ],
    ["with a word for true", rules(rule({ required: "yes" })), "true or false"],
    ["after something else", rules(separator, rule({ after: "boot" })), 'one of "separator"'],
    [
      "after a separator that is not there",
      rules(rule({ after: "separator" })),
      "an EV_SEPARATOR here that it is after",
    ],
    [
      "with one digest twice",
      rules(rule(), rule({ type: "EV_IPL" })),
      "a digest, or a type with any, that no other event here has",
    ],
    [
      "with one type of any digest twice",
      rules(rule({ digest: "any" }), rule({ digest: "any" })),
      "a type with any, that no other",
    ],
    [
      "with a note that a terminal would act on",
      rules(rule({ note: "\u001b[2J" })),
      "1 to 128 letters that can be shown",
    ],
    ["with a note of two lines", rules(rule({ note: "one\u2028two" })), "1 to 128 letters that can be shown"],
    ["with a member that is not known", rules(rule({ data: "" })), "one of type, digest, required, after, note"],
    [
      "more than there may be",
      rules(...Array.from({ length: 4097 }, () => rule())),
      "at most 4096 events for one register",
    ],
  ])("%s are refused, by line and column", async (_, text, why) => {
    const refusal = await outcome(text);
    expect(refusal).toMatch(/^bad-policy-file: references(?:, "\w+")*, line \d+, column \d+: expected /);
    expect(refusal).toContain(why);
  });

  it("may have one digest before the separator and after it, an empty list, and types by number", async () => {
    const both = rules(rule(), separator, rule({ after: "separator" }), rule({ digest: "any" }), {
      type: "0x80000fff",
      digest: "any",
    });
    expect(await outcome(both)).toBe("read");
    expect(await outcome(boot({ events: { 12: [] } }))).toBe("read");
  });

  const note = fc.string({ unit: "grapheme", minLength: 1, maxLength: 128 }).filter((text) => NOTE.test(text));
  const eventRule = fc.record({
    type: fc.oneof(fc.constantFrom(1, 4, 13, 0x8000_0003), fc.nat(0xffff_ffff)).filter((type) => type !== 3),
    digest: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((digest) => Buffer.from(digest).toString("hex")),
    isRequired: fc.boolean(),
    isAfterSeparator: fc.boolean(),
    note: fc.option(note, { nil: undefined }),
  });
  const one: EventRule = { type: 4, digest: OTHER, isRequired: true, isAfterSeparator: false, note: undefined };
  const register = fc
    .uniqueArray(eventRule, { selector: ({ digest }) => digest, maxLength: 20 })
    .map((listed): readonly EventRule[] => [one, ...listed]);

  it("are read as they were written, with what is written of each in one line", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.tuple(fc.nat(15), register), { selector: ([number]) => number, minLength: 1 }),
        async (listed) => {
          const written = { name: "b", registers: new Map([[23, new Uint8Array(32)]]), events: new Map(listed) };
          const text = writeBoot(written);
          expect((await readReferences(bytes(text), [])).boots).toEqual([written]);
          const lines = text.split("\n").filter((line) => /^ {10}\{ "type": .*"digest": .*\},?$/.test(line));
          expect(lines).toHaveLength(listed.flatMap(([, of]) => of).length);
        },
      ),
    );
  });

  it("are read or refused in one line, whatever bytes come", async () => {
    const sample = Buffer.from(rules(separator, rule({ required: true, after: "separator", note: "a note" })));
    const anything = fc.oneof(
      fc.json({ maxDepth: 4 }).map((text) => `{"references": 1, "boots": [{"name": "b", "events": ${text}}]}`),
      fc.json({ maxDepth: 3 }).map((text) => `{"references": 1, "boots": [{"name": "b", "events": {"4": [${text}]}}]}`),
      fc.tuple(fc.nat(sample.length - 1), fc.nat(255)).map(([at, byte]) => {
        const changed = Buffer.from(sample);
        changed[at] = byte;
        return changed.toString("latin1");
      }),
    );
    await fc.assert(
      fc.asyncProperty(anything, async (text) => {
        expect(await outcome(text)).toMatch(/^(?:read|bad-policy-file: [^\n]*)$/);
      }),
    );
  });
});
