/**
 * Where the agent's metrics are pushed to: `otlp` in its configuration.
 *
 *   otlp: http://127.0.0.1:4318/v1/metrics                            the whole address; without TLS only on this machine
 *   otlp: { url: "https://…/v1/metrics", seconds: 60, ca: /PATH }     also how often, and whose certificates are believed
 *
 * Nothing else says where they go: no variable of the environment (`OTEL_…`, proxies) is read.
 */
import { isAbsolute } from "node:path";
import { isLoopback } from "@isoline/core/loopback";
import { CliError } from "../../error.ts";
import { readRegular } from "../../store/bounded-file.ts";
import { assertKeys, number, table, wrong } from "../settings.ts";

export interface OtlpConfiguration {
  readonly url: URL;
  /** From one push to the next. */
  readonly seconds: number;
  /** Certificates in PEM that the receiver's must lead to; those that Node has otherwise. */
  readonly ca: string | undefined;
}

/** OpenTelemetry's own, for readers that export by themselves. */
const USUAL_SECONDS = 60;
const MOST_SECONDS = 3600;
const MOST_CA = 1024 * 1024;

/** Throws `bad-agent-configuration`; `value` is an address, or a table. */
export function otlpIn(value: unknown, file: string): OtlpConfiguration {
  const source = typeof value === "string" ? { url: value } : table(value, "otlp", file);
  assertKeys(source, ["url", "seconds", "ca"], "otlp", file);
  const { url, seconds = USUAL_SECONDS, ca } = source as Readonly<Record<string, unknown>>;
  return {
    url: addressIn(url, file),
    seconds: number(seconds, "otlp.seconds", [1, MOST_SECONDS], file),
    ca: ca === undefined ? undefined : certificatesIn(ca, file),
  };
}

/** Metrics name contours and programs, so they cross no network in the clear. */
function addressIn(given: unknown, file: string): URL {
  const url = typeof given === "string" && URL.canParse(given) ? new URL(given) : undefined;
  // First, because the other refusals show the address.
  if (url !== undefined && (url.username !== "" || url.password !== "" || url.hash !== ""))
    throw wrong(file, "otlp.url", "an address without a name, a password or a fragment", url.host);
  const isHttp = url?.protocol === "http:";
  if (url === undefined || (!isHttp && url.protocol !== "https:"))
    throw wrong(file, "otlp.url", "https://HOST:PORT/v1/metrics, or http:// for this machine", given);
  if (isHttp && !isLoopback(url.hostname))
    throw wrong(
      file,
      "otlp.url",
      "https:// for another machine: without TLS the metrics could be read on the way",
      given,
    );
  if (url.pathname === "/") throw wrong(file, "otlp.url", "the whole address, such as HOST:4318/v1/metrics", given);
  return url;
}

function certificatesIn(path: unknown, file: string): string {
  if (typeof path !== "string" || !isAbsolute(path)) throw wrong(file, "otlp.ca", "an absolute path", path);
  const text = readRegular(path, MOST_CA, "certificates in PEM").toString("latin1");
  if (text.includes("-----BEGIN CERTIFICATE-----")) return text;
  throw new CliError("bad-agent-configuration", `${file}: otlp.ca: expected certificates in PEM in ${path}, got none`);
}
