/** A contour that was published, and what a canister says that runs under it. */
import { readFileSync } from "node:fs";
import { Contour, writeContour } from "@isoline/core/contour";
import { iso1 } from "@isoline/core/profile";
import { stateUnder, verifyContour } from "@isoline/core/verify";

export const contour = readFileSync(new URL("../../packages/core/src/contour/fixtures/small.contour", import.meta.url));
export const { digest } = await verifyContour(contour);
const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, "hex"));
const hex = (value: Uint8Array) => Buffer.from(value).toString("hex");

/** What a canister says that runs under that contour. */
export const published = { contour: bytes(digest), state: bytes(stateUnder(contour, {})) };

/** A contour that permits nothing: the one above permits more. */
export const narrow = Buffer.from([...writeContour(Contour.create({ profile: iso1, policy: "{}" }))].join(""));
export const narrowReference = {
  name: "narrow",
  contour: (await verifyContour(narrow)).digest,
  state: stateUnder(narrow, {}),
};
export const narrowState = bytes(narrowReference.state);

export const bound = (challenge: Uint8Array, aggregate: Uint8Array) => ({
  aggregate,
  state: bytes(
    stateUnder(contour, { base: hex(challenge) as typeof digest, aggregate: hex(aggregate) as typeof digest }),
  ),
});
