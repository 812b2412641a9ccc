import { expect, test } from "vitest";
import { parseCertificates } from "./certificate.ts";

const BEGIN = "-----BEGIN CERTIFICATE-----";

test("a flood of line ends in what a node sends as certificates is refused", { timeout: 5000 }, () => {
  const lines = "\n".repeat(300_000);
  for (const flood of [`${BEGIN}${lines}`, `${BEGIN}${lines}-----END CERTIFICATE-----`, `${BEGIN}\n`.repeat(10_000)])
    expect(() => parseCertificates(flood)).toThrow(/expected one to 8 certificates in PEM, got 0/);
});
