/** Witnesses: the one who signs, its server, how a log asks it, and how a monitor compares what it signed. */
export { askWitness } from "./ask.ts";
export { compareAgain, compareWitnesses, type Comparison, isAgainst } from "./compare.ts";
export { cosign, type Cosigned } from "./cosign.ts";
export type { KnownWitness } from "./known.ts";
export { claimMemory, lostBy, refused as noMemory } from "./memory.ts";
export { serveWitness } from "./server.ts";
export { type Answer, hashOf, Witness, type WitnessOptions } from "./witness.ts";
