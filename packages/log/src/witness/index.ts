/** Witnesses: the one who signs, its server, and how a log asks it. */
export { askWitness, type KnownWitness } from "./ask.ts";
export { cosign, type Cosigned } from "./cosign.ts";
export { serveWitness } from "./server.ts";
export { type Answer, hashOf, Witness, type WitnessOptions } from "./witness.ts";
