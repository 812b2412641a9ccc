/** The verifier's metrics over OTLP. Loaded only where the configuration asks for that. */
export type { Reading } from "./metric-data.ts";
export { type Measured, pushMetrics } from "./push.ts";
