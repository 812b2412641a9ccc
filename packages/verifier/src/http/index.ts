/** The API, and the page. */
export { verifierApp } from "./app.ts";
export { Metrics } from "./metrics.ts";
