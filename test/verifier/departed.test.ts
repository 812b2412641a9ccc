/** Which processes departed, as a verifier reads it in a ledger that it has checked. */
import { describe, expect, it } from "vitest";
import type { CanisterBody } from "../../packages/attest/src/evidence/index.ts";
import { replayLedger } from "../../packages/attest/src/register/index.ts";
import { departedIn } from "../../packages/verifier/src/fleet/departed.ts";
import type { CanisterVerdict } from "../../packages/verifier/src/fleet/verdict.ts";
import { digest, fileOf, sample, written } from "../attest/ledger-sample.ts";
import { canisterSample } from "../attest/samples.ts";

const { records, drafts, shared, one, other } = sample();
const ledger = replayLedger(fileOf(records));

function canister(label: string, birth: number, name: Uint8Array, register: "passed" | "failed" | "none" = "passed") {
  const counters = { events: 9, departures: 1, refused: 1, lost: 0, untrusted: 1 };
  const body = canisterSample(label, { counters, register: { name, birth } }) as CanisterBody;
  const links = register === "none" ? [] : [{ name: "register", state: register }];
  return { label, links, body } as unknown as CanisterVerdict;
}

describe("processes that departed", () => {
  it("are those of the canister's own records, with pid, time and point", () => {
    const canisters = [canister("cron", 2, shared.register), canister("web", 1, one.register)];
    expect([...departedIn({ canisters }, ledger)]).toStrictEqual([
      [
        "cron",
        {
          total: 1,
          items: [
            {
              process: 3,
              pid: 4711,
              at: "1970-01-01T00:00:01.005Z",
              point: Buffer.from(digest("point")).toString("hex"),
            },
          ],
        },
      ],
      ["web", { total: 0, items: [] }],
    ]);
  });

  it("are not said where the register was not checked, was found wrong, or there is no ledger", () => {
    for (const outcome of ["failed", "none"] as const)
      expect(departedIn({ canisters: [canister("cron", 2, shared.register, outcome)] }, ledger).size).toBe(0);
    expect(departedIn({ canisters: [canister("cron", 2, shared.register)] }, undefined).size).toBe(0);
    expect(departedIn({ canisters: undefined }, ledger).size).toBe(0);
  });

  it("are all counted, and the first 200 of them listed; one that the node does not know has no point", () => {
    const departure = {
      kind: "departure",
      register: other.register,
      birth: 3,
      pid: 5,
      point: new Uint8Array(32),
    } as const;
    const many = Array.from({ length: 300 }, (_, process) => ({ ...departure, process }));
    const longer = replayLedger(fileOf(written([...drafts, ...many])));
    const found = departedIn({ canisters: [canister("db", 3, other.register)] }, longer).get("db");
    expect([found?.total, found?.items.length]).toStrictEqual([300, 200]);
    expect(found?.items[0]).toStrictEqual({ process: 0, pid: 5, at: "1970-01-01T00:00:01.009Z" });
  });
});
