/** Deterministic CBOR with a shape. */
export * from "./shape.ts";
