/** The API, and the page. */
export { verifierApp } from "./app.ts";
export type { AdmissionPolicy } from "./door.ts";
export { Metrics } from "./metrics.ts";
