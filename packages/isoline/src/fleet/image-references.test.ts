import { describe, expect, it } from "vitest";
import { REFERENCES_TYPE } from "@isoline/attest/appraise";
import { withContours } from "./image-references.ts";

const hex = (byte: string) => byte.repeat(32);
const contour = (name: string, byte: string, ...images: readonly string[]) => ({
  name,
  contour: hex(byte),
  state: hex("05"),
  images: images.map((digit) => `sha256:${digit.repeat(64)}`),
});
const file = (value: unknown) => Buffer.from(JSON.stringify(value));
const merged = async (...asked: Parameters<typeof withContours>) => {
  const { text, ...more } = await withContours(...asked);
  return { ...more, value: JSON.parse(text) as unknown };
};

describe("reference values with contours put in", () => {
  const web = contour("web", "01", "a", "b");

  it("are made where there are none", async () => {
    expect(await merged(undefined, [web])).toEqual({
      value: { references: 1, contours: [web] },
      wasSigned: false,
      left: [],
    });
  });

  it("keep every other member and every other contour, and say which is named no more", async () => {
    const more = {
      boots: [{ name: "site", registers: { 4: hex("0a") } }],
      builds: [{ version: "0.1.0", digest: hex("0b") }, { version: "0.2.0" }],
      programs: [{ name: "file_open", digest: hex("0c"), load: "6.12" }],
    };
    const { images: _, ...db } = contour("db", "02");
    const before = [contour("web", "03", "c"), db, contour("web", "04", "d")];
    expect(await merged(file({ references: 1, contours: before, ...more }), [web])).toEqual({
      value: { references: 1, contours: [db, web], ...more },
      wasSigned: false,
      left: [hex("03"), hex("04")],
    });
  });

  it("name several versions under one name, and leave out none that another name still has", async () => {
    const [older, newer] = [contour("web", "03", "c"), contour("web", "01", "a")];
    const before = [older, contour("web", "06", "e"), contour("api", "06", "e")];
    expect(await merged(file({ references: 1, contours: before }), [older, newer])).toEqual({
      value: { references: 1, contours: [before[2], older, newer] },
      wasSigned: false,
      left: [],
    });
  });

  it("say of a contour that stays which images it is for no more", async () => {
    const [first, second] = [contour("web", "01", "a", "b"), contour("web", "01", "b", "c")];
    expect((await merged(file({ references: 1, contours: [first] }), [second])).left).toEqual([
      `${hex("01")} for sha256:${"a".repeat(64)}`,
    ]);
    const any = { ...first, images: [] };
    expect((await merged(file({ references: 1, contours: [any] }), [second])).left).toEqual([
      `${hex("01")} for any image`,
    ]);
    expect((await merged(file({ references: 1, contours: [first] }), [any])).left).toEqual([]);
  });

  it("may be YAML, and are JSON from then on", async () => {
    const before = Buffer.from(
      `# ours\n"references": 1\n"contours": []\n"boots": [{"name": "a", "registers": {4: "${hex("0a")}"}}]\n`,
    );
    expect(await merged(before, [web])).toMatchObject({
      value: { references: 1, contours: [web], boots: [{ name: "a", registers: { 4: hex("0a") } }] },
    });
  });

  it("are those in the envelope where there is one, which does not hold for them", async () => {
    const payload = file({ references: 1, contours: [contour("db", "02")] }).toString("base64");
    const envelope = { payloadType: REFERENCES_TYPE, payload, signatures: [{ sig: "AAAA" }] };
    expect(await merged(file(envelope), [web])).toEqual({
      value: { references: 1, contours: [contour("db", "02"), web] },
      wasSigned: true,
      left: [],
    });
  });

  it("are refused where they have what is not known here, and would be lost", async () => {
    for (const [value, why] of [
      [{ references: 1, firmware: [] }, /expected one of references, contours, .*, got "firmware"/],
      [{ references: 2 }, /expected a whole number from 0 to 1, got 2/],
      ["references", /expected a map/],
    ] as const)
      await expect(withContours(file(value), [web])).rejects.toThrow(why);
  });
});
