/** The API, and the page. */
export { verifierApp } from "./app.ts";
export { AtOnce } from "./at-once.ts";
export { BytesAtOnce } from "./bytes-at-once.ts";
export type { AdmissionPolicy } from "./door.ts";
export { Metrics } from "./metrics.ts";
