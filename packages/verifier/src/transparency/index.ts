/** The verifier's statements in a transparency log. */
export { Appender } from "./appender.ts";
export type { LogPlace } from "./open-log.ts";
