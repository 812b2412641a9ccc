/** Starting a verifier. */
export { prepareDatabase, type RunningVerifier, startVerifier, type VerifierSettings } from "./verifier.ts";
