import { expect, test } from "vitest";
import { capabilityPhrase } from "./capabilities.ts";

const ALL = (1n << 41n) - 1n;

test.each([
  [0n, "no capabilities"],
  [ALL, "all capabilities"],
  [ALL & ~(1n << 16n), "all capabilities but sys_module"],
  [1n << 12n, "the capability net_admin"],
  [0x21n, "the capabilities chown, kill"],
  [1n << 63n, "the capability number 63"],
])("%s is %j", (mask, words) => {
  expect(capabilityPhrase(mask)).toBe(words);
});
