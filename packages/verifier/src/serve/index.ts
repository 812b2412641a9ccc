/** Starting a verifier. */
export { type RunningVerifier, startVerifier, type VerifierSettings } from "./verifier.ts";
