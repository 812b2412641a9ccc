/** A measurement list is outside of every heap limit, and the workload decides what is in it: so it has a bound in bytes. */
import { describe, expect, it } from "vitest";
import { RunningList } from "../../packages/isoline/src/integrity/measure/running-list.ts";
import { unasked } from "../../packages/isoline/src/integrity/plan.ts";
import { NamespaceIntegrity } from "../../packages/isoline/src/namespace/integrity.ts";

const MIB = 2 ** 20;
const BANK = "sha256";

/** Of a namespace with a rule for critical data. */
function measuring(isForStranger: boolean) {
  const around = {
    lost: () => 0,
    pids: () => [],
    contourState: () => "00",
    sensor: "seccomp",
    onActive: () => {},
  } as const;
  const { answers } = new NamespaceIntegrity(unasked, { ...around, isForStranger });
  answers["load-ima-policy"]({ ask: "load-ima-policy", text: "measure func=CRITICAL_DATA label=app\n" });
  const measure = (event: string, bytes: number) =>
    answers["measure-critical-data"]({
      ...{ ask: "measure-critical-data", label: "app", event },
      data: Buffer.alloc(bytes, event),
    });
  const list = (form: "ascii" | "binary", most: number) =>
    answers["ima-list"]({ ask: "ima-list", form, bank: BANK, most });
  return { measure, list };
}

describe("a measurement list", () => {
  it("takes no more bytes than it may hold, and says so, in the namespace of a stranger some MiB", () => {
    const [own, stranger] = [measuring(false), measuring(true)];
    for (const event of ["a", "b", "c"])
      for (const { measure } of [own, stranger]) expect(measure(event, MIB)).toMatchObject({ register: 10 });
    expect(own.measure("d", MIB)).toMatchObject({ register: 10 });
    expect(stranger.measure("d", MIB)).toMatchObject({ refused: "full", message: "the measurement list is full" });
    // What is shorter still fits.
    expect(stranger.measure("e", 1000)).toMatchObject({ register: 10 });
  });

  it("is not put together where it has more bytes than are asked for", () => {
    const { measure, list } = measuring(true);
    for (const event of ["a", "b"]) measure(event, MIB);
    for (const form of ["ascii", "binary"] as const) {
      const whole = list(form, 16 * MIB)?.length ?? 0;
      expect(list(form, whole)?.length).toBe(whole);
      expect(list(form, whole - 1)).toBe(null);
    }
  });

  it("of files with the longest names is full by their bytes, long before their number is too large", () => {
    const list = new RunningList({ entries: 1000, bytes: MIB });
    const added = Array.from({ length: 1000 }, (_, at) =>
      list.add(10, "ima-ng", Buffer.alloc(4096, String(at).padStart(4, "0"))),
    );
    expect(added.filter((each) => each).length).toBe(256);
    // One that is there already is recorded.
    expect(list.add(10, "ima-ng", Buffer.alloc(4096, "0000"))).toBe(true);
    expect(list.within(Number.MAX_SAFE_INTEGER, "binary", BANK)?.equals(list.binary(BANK))).toBe(true);
  });
});
