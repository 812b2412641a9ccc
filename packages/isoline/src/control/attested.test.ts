import { describe, expect, it } from "vitest";
import { isAttested } from "./attested.ts";

const DIGEST = "0".repeat(64);
const TOLD = {
  ...{ name: "web", command: "sh", image: null, started: "2026-01-01T00:00:00Z", signature: null },
  ...{ mode: "watch", sensor: "bpf", landlock: false, profile: "iso1", contour: null },
  ...{ state: DIGEST, measurement: DIGEST, points: 7, bound: null, incomplete: [], register: null },
  counters: { events: 0, departures: 0, refused: 0, lost: 0, untrusted: 0 },
};

describe("what a namespace says for evidence", () => {
  it("is read with or without how bpf is attached, which an older supervisor does not say", () => {
    expect(isAttested(TOLD)).toBe(true);
    expect(isAttested({ ...TOLD, tracepoints: true })).toBe(true);
    expect(isAttested({ ...TOLD, tracepoints: "no" })).toBe(false);
  });
});
