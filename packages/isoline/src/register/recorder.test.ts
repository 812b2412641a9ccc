import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MessageChannel } from "node:worker_threads";
import { encodeRecord, type LedgerRecord } from "@isoline/attest/register";
import { expect, it } from "vitest";
import type { Registered } from "./host-registers.ts";
import { Recorder } from "./recorder.ts";

it("says why a record is late in words that are the reason of a loss, however long the address of the TPM is", async () => {
  const ledger = mkdtempSync(join(tmpdir(), "isoline-recorder-"));
  const remedyAt = async (address: string) => {
    const { port1, port2 } = new MessageChannel();
    port2.once("message", () => port2.postMessage({ registered: {} as Registered }));
    const recorder = await Recorder.begin({ address, ledger, pcr: 13 }, { label: "web" } as never, port1);
    const { remedy: reason } = recorder;
    recorder.close();
    port1.close();
    const record = { kind: "loss", sequence: 1, at: 1, birth: 1, register: new Uint8Array(34), reason, count: 1 };
    expect(() => encodeRecord(record as LedgerRecord)).not.toThrow();
    return reason;
  };
  expect(await remedyAt("unix:/run/tpm")).toMatch(
    /^the TPM at unix:\/run\/tpm did not take a record in time; start it/,
  );
  const long = await remedyAt(`tcp:${"tpm.".repeat(60)}example:2321`);
  expect(long).toMatch(/^the TPM at ….*example:2321 did not take a record in time; .* or see why it does not answer$/);
  rmSync(ledger, { recursive: true });
});
