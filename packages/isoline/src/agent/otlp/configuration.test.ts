import { writeFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { otlpIn } from "./configuration.ts";

const FILE = "agent.yaml";

it("an address alone is pushed to each minute", () => {
  const { url, seconds, ca } = otlpIn("https://collector.example:4318/v1/metrics", FILE);
  expect({ href: url.href, seconds, ca }).toEqual({
    href: "https://collector.example:4318/v1/metrics",
    seconds: 60,
    ca: undefined,
  });
});

it("the certificates that are believed are read when the agent starts", () => {
  const place = mkdtempSync(join(tmpdir(), "isoline-otlp-"));
  const ca = join(place, "ca.pem");
  writeFileSync(ca, "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n");
  const read = otlpIn({ url: "http://[::1]:4318/v1/metrics", seconds: 5, ca }, FILE);
  rmSync(place, { recursive: true });
  expect(read).toMatchObject({ seconds: 5, ca: expect.stringContaining("BEGIN CERTIFICATE") });
});

it.each<[unknown, string]>([
  ["http://collector.example/v1/metrics", "https:// for another machine"],
  ["https://collector.example", "the whole address"],
  ["ftp://collector.example/v1/metrics", "https://HOST:PORT/v1/metrics"],
  ["http://me:secret@collector.example/v1/metrics", "without a name, a password"],
  [7, "otlp: expected a table"],
  [{}, "otlp.url: expected https://HOST:PORT/v1/metrics, or http:// for this machine, got nothing"],
  [{ url: "http://127.0.0.1/v1/metrics", seconds: 0 }, "otlp.seconds: expected a number from 1 to 3600"],
  [{ url: "http://127.0.0.1/v1/metrics", every: 5 }, "otlp: expected only the keys url, seconds, ca"],
  [{ url: "http://127.0.0.1/v1/metrics", ca: "ca.pem" }, "otlp.ca: expected an absolute path"],
  [{ url: "http://127.0.0.1/v1/metrics", ca: "/etc/hostname" }, "expected certificates in PEM"],
])("refuses %j, without a password in the refusal", (value, why) => {
  const refused = () => otlpIn(value, FILE);
  expect(refused).toThrow(why);
  expect(refused).not.toThrow("secret");
});
