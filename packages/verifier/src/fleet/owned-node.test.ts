/** The order of challenges: for each node from its enrolment on, and for one without a TPM from one to the next. */
import { expect, it, vi } from "vitest";
import { ChallengeKeys } from "../challenge/challenge.ts";
import type { NodeRow } from "../store/index.ts";
import { OwnedNode } from "./owned-node.ts";

const HOUR_MS = 3_600_000;
const REFUSED = /expected a challenge that was given after that of the last/;
const id = "ab".repeat(32);
const keys = new ChallengeKeys([new Uint8Array(32)]);
const make = (ms: number) => keys.make(id, new Date(ms));

function enrolledNode(is: "tee" | "tpm", enrolled = 0): OwnedNode {
  const row = { name: "node-1", id, tenant: "acme", labels: {}, document: "", token: "", state: "affirming" };
  const blank = { accepted: null, seen: null, silent: null, imprint: null, enrolled: new Date(enrolled) };
  const node = new OwnedNode({ ...row, ...blank } as NodeRow);
  vi.spyOn(node, "enrolled", "get").mockReturnValue({ is } as OwnedNode["enrolled"]);
  return node;
}

it.each(["tpm", "tee"] as const)(
  "begins with the enrolment, by a %s: what was said before is not told once more",
  (is) => {
    const now = Date.now();
    expect(() => enrolledNode(is, now).assertLater(make(now - 1))).toThrow(
      /expected a challenge that was given after node-1 was enrolled/,
    );
    expect(() => enrolledNode(is, now).assertLater(make(now))).not.toThrow();
    // The clock was set back since.
    expect(() => enrolledNode(is, now + HOUR_MS).assertLater(make(now))).not.toThrow();
  },
);

it("goes on after the verifier's clock ran ahead and was set right", () => {
  const [node, now] = [enrolledNode("tee"), Date.now()];
  node.heard(make(now + HOUR_MS));
  expect(() => node.assertLater(make(now))).not.toThrow();
  node.heard(make(now));
  expect(() => node.assertLater(make(now - 1000))).toThrow(
    /expected a challenge that was given after that of the last/,
  );
  expect(() => node.assertLater(make(now))).toThrow(REFUSED);
  expect(() => node.assertLater(make(now + 1))).not.toThrow();
});

it("holds where the challenge came from another verifier, whose clock is a little ahead", () => {
  const [node, now] = [enrolledNode("tee"), Date.now()];
  node.heard(make(now + 30_000));
  expect(() => node.assertLater(make(now))).toThrow(REFUSED);
});
