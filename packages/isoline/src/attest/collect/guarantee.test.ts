import { describe, expect, it } from "vitest";
import { begunGuarantee, guaranteeOf } from "./guarantee.ts";

const OBJECTS = /^the kernel's own objects are judged/;
const AFTERWARDS = /^each call is judged after its effect/;

describe("what evidence says that a sensor vouches for", () => {
  it("is the kernel's own objects under bpf at the hooks alone", () => {
    const watched = { sensor: "bpf", mode: "watch", landlock: false } as const;
    expect(guaranteeOf({ ...watched, tracepoints: false })).toMatch(OBJECTS);
    expect(guaranteeOf({ ...watched, tracepoints: true })).toMatch(AFTERWARDS);
    expect(guaranteeOf({ ...watched, mode: "enforce" })).toMatch(OBJECTS);
    expect(begunGuarantee({ ...watched, tracepoints: true })).toMatch(AFTERWARDS);
  });

  it("is no more than tracepoints give where a supervisor does not say how its programs are attached", () => {
    expect(guaranteeOf({ sensor: "bpf", mode: "learn", landlock: false })).toMatch(AFTERWARDS);
  });

  it("leaves out the calls about names under seccomp where nothing may be refused", () => {
    for (const mode of ["learn", "watch"] as const)
      expect(guaranteeOf({ sensor: "seccomp", mode, landlock: false })).toMatch(
        /^each call is judged before its effect, but for those about names/,
      );
    expect(guaranteeOf({ sensor: "seccomp", mode: "enforce", landlock: false })).toMatch(
      /^each call is judged before its effect and refused off contour; a thread/,
    );
    expect(guaranteeOf({ sensor: "seccomp", mode: "enforce", landlock: true })).toContain("Landlock");
  });
});
