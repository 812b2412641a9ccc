import { describe, expect, it } from "vitest";
import { KeptFacts } from "./proven-facts.ts";

const bytes = (text: string) => Buffer.from(text);

describe("facts that were proven", () => {
  it("are known of the same bytes, under the same name, and of no others", () => {
    const facts = new KeptFacts();
    expect(facts.recall("boot-log", bytes("log"), bytes("value")).isProven).toBe(false);
    facts.recall("boot-log", bytes("log"), bytes("value")).keep();
    expect(facts.recall("boot-log", bytes("log"), bytes("value")).isProven).toBe(true);
    expect(facts.recall("label", bytes("log"), bytes("value")).isProven).toBe(false);
    expect(facts.recall("boot-log", bytes("logv"), bytes("alue")).isProven).toBe(false);
    expect(facts.recall("boot-log", bytes("log"), bytes("value"), bytes("")).isProven).toBe(false);
    expect(facts.recall("boot-log", bytes("loh"), bytes("value")).isProven).toBe(false);
  });

  it("are not known because they were asked for", () => {
    const facts = new KeptFacts();
    facts.recall("label", bytes("web"));
    expect(facts.recall("label", bytes("web")).isProven).toBe(false);
  });

  it("take no more memory however many there are, and are forgotten then, not believed", () => {
    const facts = new KeptFacts();
    for (let at = 0; at <= 512; at++) facts.recall("label", bytes(`${at}`)).keep();
    expect(facts.recall("label", bytes("0")).isProven).toBe(false);
    expect(facts.recall("label", bytes("512")).isProven).toBe(true);
  });
});
