/** Where metrics are pushed to, as the configuration says. What pushing needs is loaded only where it is asked for. */
import type { Measured } from "../otlp/index.ts";
import type { Configuration } from "./configuration.ts";
import { readCertificates } from "./secrets.ts";

interface Pushed {
  readonly metrics: Measured;
  /** Where the verifier listens. */
  readonly address: string;
  readonly noted: (line: string) => void;
}

/** What begins to push, once the verifier listens; undefined where nothing is pushed. Refuses with `bad-configuration`. */
export async function pushingIn({ otlp }: Configuration) {
  if (otlp === undefined) return undefined;
  const { url, seconds, ca } = otlp;
  const target = { url: new URL(url), seconds, ca: ca === undefined ? undefined : readCertificates("otlp.ca", ca) };
  const { pushMetrics } = await import("../otlp/index.ts");
  return ({ metrics, address, noted }: Pushed) =>
    pushMetrics(target, { metrics, noted, port: /\d+$/.exec(address)?.[0] ?? "" });
}
