/** The fleet that the page's tests make up says nothing that a verifier would not: `verifier.test.ts` holds a real one to the same. */
import { expect, it } from "vitest";
import { unlikeAVerifier } from "./as-verifiers-make-it.ts";
import { madeCanisterInFull, madeCanisters, madeNode } from "./made-fleet.ts";

it("each canister of the made fleet has a past that a verifier could tell of", () => {
  const canisters = Array.from({ length: 1300 }, (_, index) => madeCanisters(madeNode(index))).flat();
  const wrong = canisters.flatMap((canister) =>
    unlikeAVerifier(madeCanisterInFull(canister)).map((what) => `${canister.node}/${canister.label}: ${what}`),
  );
  expect(wrong).toStrictEqual([]);
});
