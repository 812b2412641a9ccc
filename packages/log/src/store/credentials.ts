/**
 * Where a bucket is, and how its owner is known: `s3://BUCKET/PREFIX` as the place of a log, and a file with a line for each of these.
 *
 *   endpoint: https://s3.example
 *   region: eu-central-1
 *   access-key: …
 *   secret-key: …
 *   session-token: …        only for credentials that expire
 */
import { isLoopback } from "@isoline/core/loopback";
import { LogError } from "../error.ts";
import type { BucketAddress } from "./bucket.ts";

const NAMES = ["endpoint", "region", "access-key", "secret-key", "session-token"] as const;
type Name = (typeof NAMES)[number];

/** No dots: a name with them does not fit a certificate for all buckets. */
const PLACE = /^s3:\/\/([a-z0-9][a-z0-9-]{1,61}[a-z0-9])((?:\/[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}){0,8})\/?$/;

/** Reads both. A line that is not understood is refused, and never repeated: it may be a secret. */
export function bucketAddress(place: string, credentials: string): BucketAddress {
  const [whole, bucket = "", prefix = ""] = PLACE.exec(place) ?? [];
  if (whole === undefined)
    throw wrong(`expected s3://BUCKET/PREFIX in letters, digits, - and _, got ${JSON.stringify(place.slice(0, 80))}`);
  const found = new Map<Name, string>();
  for (const [at, line] of credentials.split("\n").entries()) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    const [, name = "", value = ""] = /^([a-z-]+): *([\x21-\x7e]{1,4096})\r?$/.exec(line) ?? [];
    const known = NAMES.find((each) => each === name);
    if (known === undefined || found.has(known))
      throw wrong(`line ${at + 1}: expected each once, NAME: VALUE, of ${NAMES.join(", ")}`);
    found.set(known, value);
  }
  const valueOf = (name: Name): string => {
    const value = found.get(name);
    if (value === undefined) throw wrong(`expected a line with ${name}`);
    return value;
  };
  return {
    endpoint: endpointIn(valueOf("endpoint")),
    ...{ bucket, prefix: prefix === "" ? "" : `${prefix.slice(1)}/` },
    region: valueOf("region"),
    accessKey: valueOf("access-key"),
    secretKey: valueOf("secret-key"),
    sessionToken: found.get("session-token"),
  };
}

function endpointIn(given: string): URL {
  const url = URL.canParse(given) ? new URL(given) : undefined;
  const isSafe = url?.protocol === "https:" || (url?.protocol === "http:" && isLoopback(url.hostname));
  if (url === undefined || !isSafe || url.search + url.hash + url.username !== "" || url.pathname !== "/")
    throw wrong("endpoint: expected https://HOST, or http:// on this machine alone");
  return url;
}

function wrong(why: string): LogError {
  return new LogError("object-store", `credentials of an object store: ${why}; correct it`);
}
