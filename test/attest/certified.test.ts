/** Certificates of registers: of namespaces that run, and of no register that only has the index of one that is gone. */
import { describe, expect, it } from "vitest";
import { replayLedger } from "../../packages/attest/src/register/index.ts";
import { decode, nvNameOf, nvPublic, type Tpm, TpmRefusal } from "../../packages/attest/src/tpm/index.ts";
import { nvAttributes } from "../../packages/attest/src/tpm/constants.ts";
import { certified } from "../../packages/isoline/src/attest/certified.ts";
import { digest, fileOf, newborn, sample, valueOf, written } from "./ledger-sample.ts";

type Newborn = ReturnType<typeof newborn>;

const INDEX = 0x0181_5001;
const NO_INDEX = 0x28b;
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const clockInfo = { clock: 0n, resetCount: 4, restartCount: 0, safe: true };
const head = { magic: 0xff54_4347, qualifiedSigner: new Uint8Array(), clockInfo, firmwareVersion: 0n };

/** A TPM in which these registers are, with the commands that it got. */
function tpmWith(registers: readonly { readonly area: Uint8Array }[]) {
  const areas = registers.map(({ area }) => {
    const defined = decode(nvPublic, area);
    return { ...defined, attributes: (defined.attributes | nvAttributes.written) >>> 0 };
  });
  const asked: string[] = [];
  const run = async (
    { name: command }: { readonly name: string },
    { qualifying: extraData }: { readonly qualifying: Uint8Array },
    { handles }: { readonly handles: readonly number[] },
  ) => {
    const area = areas.find(({ index }) => index === handles.at(-1));
    asked.push(command);
    if (area === undefined) throw new TpmRefusal(command, NO_INDEX);
    const name = nvNameOf(area);
    if (command === "TPM2_NV_ReadPublic") return { public: area, name };
    const attested = { is: "nv", value: { name, offset: 0, contents: new Uint8Array(32) } };
    const ecdsa = { hash: "sha256", r: new Uint8Array(32), s: new Uint8Array(32) };
    return { attested: { ...head, extraData, attested }, signature: { is: "ecdsa", value: ecdsa } };
  };
  return { tpm: { run } as unknown as Tpm, asked };
}

/** So many runs one after the other, each in a register at the index that the one before had; the last of them has not ended. */
function oneAfterTheOther(runs: number) {
  const { drafts, naming } = sample();
  const [begin] = drafts;
  if (begin?.kind !== "begin") throw new Error("the sample begins otherwise");
  const all = [begin] as (typeof drafts)[number][];
  const registers = Array.from({ length: runs }, () => newborn(INDEX));
  for (const [at, own] of registers.entries()) {
    const birth = all.length;
    const state = digest("state");
    const named = { mode: "watch", sensor: "seccomp", aggregate: digest("boot"), state } as const;
    all.push({ kind: "birth", name: naming.nameOf("web"), ...named, ...own });
    if (at === runs - 1) break;
    const value = valueOf([written(all)[birth] as Uint8Array]);
    const totals = { measurement: digest("measurement"), state, events: 1, off: 0, refused: 0, lost: 0, value };
    all.push({ kind: "end", register: own.register, birth, ...totals });
  }
  return { ledger: replayLedger(fileOf(written(all))), last: registers.at(-1) as Newborn };
}

const namesOf = async (tpm: Tpm, ledger: ReturnType<typeof replayLedger>, restartCount = 0) =>
  (await certified(tpm, 1, ledger, digest("statement"), restartCount)).map(({ name }) => hex(name));

describe("certificates of registers", () => {
  it("are of the namespaces that have not ended, guests in the shared register among them", async () => {
    const { records, shared, one, other } = sample();
    const { tpm } = tpmWith([shared, one, other]);
    expect(await namesOf(tpm, replayLedger(fileOf(records)))).toEqual([hex(shared.register), hex(other.register)]);
  });

  it("take two commands of the TPM for the one that runs, however many ran before it in this boot", async () => {
    const { ledger, last } = oneAfterTheOther(40);
    const { tpm, asked } = tpmWith([last]);
    expect(await namesOf(tpm, ledger)).toEqual([hex(last.register)]);
    expect(asked).toEqual(["TPM2_NV_ReadPublic", "TPM2_NV_Certify"]);
  });

  it("are also of the one that the ledger began with, once the TPM has restarted since", async () => {
    const { ledger, last } = oneAfterTheOther(2);
    const { begin } = ledger;
    const shared = { ...last, ...begin };
    expect(await namesOf(tpmWith([shared, last]).tpm, ledger, 1)).toEqual([hex(begin.register), hex(last.register)]);
  });

  it("are of no other register that has the index of one that is gone", async () => {
    const { ledger } = oneAfterTheOther(1);
    const { tpm, asked } = tpmWith([newborn(INDEX)]);
    expect(await namesOf(tpm, ledger)).toEqual([]);
    expect(asked).toEqual(["TPM2_NV_ReadPublic"]);
    expect(await namesOf(tpmWith([]).tpm, ledger)).toEqual([]);
  });
});
