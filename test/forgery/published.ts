/** A contour that was published, and what a canister says that runs under it. */
import { readFileSync } from "node:fs";
import { stateUnder, verifyContour } from "@isoline/core/verify";

export const contour = readFileSync(new URL("../../packages/core/src/contour/fixtures/small.contour", import.meta.url));
export const { digest } = await verifyContour(contour);
const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, "hex"));
const hex = (value: Uint8Array) => Buffer.from(value).toString("hex");

/** What a canister says that runs under that contour. */
export const published = { contour: bytes(digest), state: bytes(stateUnder(contour, {})) };

export const bound = (challenge: Uint8Array, aggregate: Uint8Array) => ({
  aggregate,
  state: bytes(
    stateUnder(contour, { base: hex(challenge) as typeof digest, aggregate: hex(aggregate) as typeof digest }),
  ),
});
