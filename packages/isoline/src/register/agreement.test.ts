import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { assertUnused } from "./agreement.ts";

const USED = new Uint8Array(32).fill(1);
let place = "";
const former = () => join(place, "former");
const refusal = (ledgers: string) => () => assertUnused(13, USED, join(ledgers, "boot-1.ledger"), former());

beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), "isoline-former-"));
  mkdirSync(former());
});
afterEach(() => rmSync(place, { recursive: true, force: true }));

it("a register of births that was extended is refused with the place where an earlier isoline kept the ledger of this boot", () => {
  writeFileSync(join(former(), "boot-1.ledger"), "");
  expect(refusal(join(place, "own"))).toThrow(`add --tpm-ledger ${former()}, until the machine is restarted`);
});

it.each([
  ["there is none", () => {}],
  ["there is one of another boot", () => writeFileSync(join(former(), "boot-2.ledger"), "")],
  [
    "that cannot be looked into",
    () => {
      rmSync(former(), { recursive: true });
      writeFileSync(former(), "");
    },
  ],
])("and without that place where %s", (_, lay) => {
  lay();
  expect(refusal(join(place, "own"))).toThrow("if another user of this machine records there");
});

it("and so where the ledger begins in that very place", () => {
  writeFileSync(join(former(), "boot-1.ledger"), "");
  expect(refusal(former())).toThrow("if another user of this machine records there");
});
