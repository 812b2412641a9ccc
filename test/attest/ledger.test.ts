/** The ledger: replayed to what the registers must hold; one that no supervisor wrote is refused with one line. */
import { describe, expect, it } from "vitest";
import { registerArea } from "../../packages/attest/src/register/area.ts";
import {
  isProofOf,
  type Ledger,
  type LedgerRecord,
  lostSupervisor,
  nameBy,
  recordShapes,
  replayLedger,
  standingOf,
} from "../../packages/attest/src/register/index.ts";
import { encode, nvAttributes, nvPublic } from "../../packages/attest/src/tpm/index.ts";
import { isCI } from "../support/machine.ts";
import { birthKey, digest, fileOf, kinds, namingKey, newborn, sample, valueOf, written } from "./ledger-sample.ts";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const { drafts, records, shared, one, other, naming } = sample();
const file = fileOf(records);
const of = (...indexes: readonly number[]) => valueOf(indexes.map((index) => records[index] as Uint8Array));
const registerOf = (ledger: Ledger, name: Uint8Array) => ledger.registers.get(hex(name));

/** Code and first words of the refusal of a file, or that it was read. */
function outcome(bytes: Uint8Array): string {
  try {
    replayLedger(bytes);
    return "read";
  } catch (fault) {
    const { code, message } = fault as { code?: string; message: string };
    return message.includes("\n") ? `several lines: ${message}` : String(code);
  }
}

/** The refusal of the sample with other records. */
function refusal(change: (records: Parameters<typeof written>[0][number][]) => void): string {
  const changed = structuredClone(drafts) as Parameters<typeof written>[0][number][];
  change(changed);
  try {
    replayLedger(fileOf(written(changed)));
    return "read";
  } catch (fault) {
    return (fault as Error).message;
  }
}

describe("a ledger", () => {
  it("says what each register must hold", () => {
    const ledger = replayLedger(file);
    expect(registerOf(ledger, one.register)?.value).toEqual(Uint8Array.from(of(1, 4, 6, 7)));
    expect(registerOf(ledger, shared.register)?.value).toEqual(Uint8Array.from(of(0, 2, 5)));
    expect(registerOf(ledger, other.register)?.value).toEqual(Uint8Array.from(of(3, 8)));
    expect(ledger.births.value).toEqual(Uint8Array.from(of(0, 1, 2, 3, 5, 6, 7, 8)));
  });

  it("says what happened in each namespace", () => {
    const { namespaces } = replayLedger(file);
    expect(
      Array.from(namespaces.values(), ({ birth, departures, losses, amendments, end }) => [
        hex(birth.name),
        departures.map(({ pid }) => pid),
        losses.map(({ reason }) => reason),
        amendments.map(({ points }) => points),
        end?.lost,
      ]),
    ).toEqual([
      [hex(naming.nameOf("web")), [], ["a record was lost"], [], 2],
      [hex(naming.nameOf("cron")), [4711], [], [], undefined],
      [hex(naming.nameOf("db")), [], [], [9], undefined],
    ]);
  });

  it("shows no label, and lets those who have a label and its proof find its births", async () => {
    expect(Buffer.from(file).toString("latin1")).not.toMatch(/web|cron/);
    const proof = naming.proofOf("web");
    expect(await isProofOf("web", proof, naming.modulus)).toBe(true);
    expect(hex(nameBy(proof))).toBe(hex(replayLedger(file).namespaces.get(1)!.birth.name));
    const flipped = Uint8Array.from(proof);
    flipped[7]! ^= 1;
    const attempts: readonly (readonly [string, Uint8Array, Uint8Array])[] = [
      ["db", proof, naming.modulus],
      ["web", flipped, naming.modulus],
      ["web", proof.subarray(1), naming.modulus],
      ["web", Uint8Array.from([0, ...proof]), naming.modulus],
      ["web", proof, namingKey().modulus],
      ["web", proof, new Uint8Array(256)],
      ["web", proof, naming.modulus.subarray(1)],
    ];
    for (const [label, tried, modulus] of attempts) expect(await isProofOf(label, tried, modulus)).toBe(false);
  });

  it("may be ahead of the TPM by its last record, and by no other", () => {
    const { registers, births } = replayLedger(fileOf(records.slice(0, 8)));
    const own = registers.get(hex(one.register));
    expect(own && standingOf(of(1, 4, 6, 7), own)).toBe("current");
    expect(own && standingOf(of(1, 4, 6), own)).toBe("behind");
    expect(own && standingOf(of(1, 4), own)).toBeUndefined();
    expect(standingOf(of(0, 1, 2, 3, 5, 6), births)).toBe("behind");
    const idle = registers.get(hex(shared.register));
    expect(idle && standingOf(of(0, 2), idle)).toBeUndefined();
  });

  it("cannot hide a departure or a loss behind an end that root writes later", () => {
    const guest = { kind: "end", register: shared.register, birth: 2, measurement: digest("m"), events: 12 } as const;
    const totals = { state: digest("state"), off: 0, refused: 0, lost: 0 };
    const kept = drafts.slice(0, 5);
    // What root would have to write: the guest's departure is left out, and its end fits the register without it.
    const forged = written([...kept, { ...guest, ...totals, value: of(0, 2) }]);
    const { births, namespaces } = replayLedger(fileOf(forged));
    expect(namespaces.get(2)).toMatchObject({ departures: [], end: { off: 0 } });
    // The TPM has the departure, whatever is extended behind it.
    const inTpm = valueOf(forged.slice(-1), of(0, 1, 2, 3, 5));
    expect(standingOf(inTpm, births)).toBeUndefined();
  });

  it("is refused with one line at every length but its own and those between two records", () => {
    const ends = records.map((_, index) => fileOf(records.slice(0, index + 1)).length);
    const outcomes = Array.from({ length: file.length }, (_, length) => [length, outcome(file.subarray(0, length))]);
    expect(outcomes.filter(([length]) => !ends.includes(Number(length))).filter(([, what]) => what === "read")).toEqual(
      [],
    );
    expect(ends.map((length) => outcome(file.subarray(0, length)))).toEqual(ends.map(() => "read"));
    expect(new Set(outcomes.map(([, what]) => what))).toEqual(new Set(["read", "bad-ledger"]));
  });

  it("is refused with one line, or says another thing, whichever bit of it is flipped", () => {
    const said = (bytes: Uint8Array) => {
      const what = outcome(bytes);
      if (what !== "read") return what;
      const { births, registers } = replayLedger(bytes);
      return [births.value, ...Array.from(registers.values(), ({ value }) => value)].map(hex).join();
    };
    const true_ = said(file);
    // One bit of each byte takes two seconds, and each bit eight times as long.
    const flips = isCI ? file.length * 8 : file.length;
    const outcomes = Array.from({ length: flips }, (_, index) => {
      const bit = isCI ? index : index * 8 + (index % 8);
      const damaged = Buffer.from(file);
      damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
      return said(damaged);
    });
    expect(outcomes.filter((what) => what === true_)).toEqual([]);
    const codes = outcomes.filter((what) => !/^[0-9a-f,]+$/.test(what));
    expect(new Set(codes)).toEqual(new Set(["bad-ledger", "bad-evidence-format", "bad-tpm-structure"]));
  });

  it("is refused if a record is dropped, doubled or moved", () => {
    for (let index = 0; index < records.length - 1; index++) {
      expect(outcome(fileOf(records.toSpliced(index, 1)))).toMatch(/^bad-/);
      expect(outcome(fileOf(records.toSpliced(index, 0, records[index] as Uint8Array)))).toMatch(/^bad-/);
      const swapped = records.toSpliced(index, 2, records[index + 1] as Uint8Array, records[index] as Uint8Array);
      expect(outcome(fileOf(swapped))).toMatch(/^bad-/);
    }
  });

  it("is refused if a register could be begun again, or written by the owner", () => {
    const area = (attributes: number) => {
      const key = birthKey();
      const open = registerArea(0x0181_5001, key);
      return Uint8Array.from(encode(nvPublic, { ...open, attributes: open.attributes | attributes }));
    };
    expect(refusal((all) => Object.assign(all[1] ?? {}, { area: area(nvAttributes.ownerWrite) }))).toContain(
      "could be begun again",
    );
    expect(refusal((all) => Object.assign(all[1] ?? {}, { area: area(0) }))).toContain("could be begun again");
    expect(refusal((all) => Object.assign(all[1] ?? {}, newborn(0x0150_0010)))).toContain("none of isoline's");
    expect(refusal((all) => Object.assign(all[1] ?? {}, { register: other.register }))).toContain("another Name");
  });

  it("is refused if its records do not fit each other", () => {
    expect(refusal((all) => all.push(all[4] as never))).toContain("has ended");
    for (const reason of Object.values(lostSupervisor)) {
      const loss = { kind: "loss", register: other.register, birth: 3, reason, count: 1 } as const;
      const amendment = drafts.at(-1) as (typeof drafts)[number];
      for (const more of [amendment, loss])
        expect(refusal((all) => all.push(loss, more))).toContain("whose supervisor was recorded as lost");
      expect(refusal((all) => all.push({ ...loss, reason: `${reason}.` }, amendment))).toBe("read");
    }
    expect(refusal((all) => Object.assign(all[4] ?? {}, { birth: 3 }))).toContain("about no namespace of its register");
    expect(refusal((all) => Object.assign(all[2] ?? {}, { register: one.register }))).toContain("guest in another");
    expect(refusal((all) => Object.assign(all[7] ?? {}, { value: digest("other") }))).toContain("says another value");
    expect(refusal((all) => Object.assign(all[3] ?? {}, one))).toContain("a second time");
    expect(refusal((all) => Object.assign(all[6] ?? {}, { register: new Uint8Array(34) }))).toContain("never born");
    expect(outcome(new Uint8Array())).toBe("bad-ledger");
  });

  it("has a sample of each kind in these tests", () => {
    expect(new Set(drafts.map(({ kind }) => kind))).toEqual(new Set(kinds));
    expect(Object.keys(recordShapes)).toEqual(kinds);
  });
});

const PREFACE = `<!-- Written by test/attest/ledger.test.ts. Rewrite it with: npx vitest run test/attest/ledger.test.ts -u -->
# The ledger

What a host extended into the registers of its TPM during one boot, in order. A supervisor writes it; a verifier replays it and
compares the result with what the TPM signs. One file for each boot, mode 0600: \`/var/lib/isoline/ledger/BOOT-RESETS.ledger\`
where root records, \`~/.local/state/isoline/ledger/BOOT-RESETS.ledger\` where another user does.

## Bytes

A file is records, one after the other. Before each stand its length, two bytes, big-endian. A record is a map with the members below,
in deterministic CBOR (RFC 8949, 4.2.1). It has at most 2048 bytes, a file at most 64 MiB. Everything else is refused.

## Values

    extension(record) = SHA-256( "isoline register 1" ‖ record )
    register          = SHA-256( register ‖ extension )            NV_Extend; from 32 zero bytes on
    PCR               = SHA-256( PCR ‖ extension )                 PCR_Extend of the SHA-256 bank; from \`from\` on

Each record is extended into the register that it names. All but those of the kind \`checkpoint\` are also extended into the births'
PCR, whose number \`begin\` says (13 unless the host chose another). Root can delete a register, and write an \`end\` that vouches for a
shorter history. It cannot take a departure or a loss out of the PCR.

A TPM that was shut down with its state and started without it (TPM Restart) has an empty PCR under the same resetCount. A suspend
(TPM Resume) keeps the PCR, and adds one to restartCount as well. The register of \`begin\` tells them apart: it is gone after the first,
and is not begun again. Where the quote has another restartCount than \`begin\`, evidence has a certificate of that register. Until
a ledger of a boot was accepted, root can begin another one after such a start. A verifier warns there.

## Registers

A register is an NV index of the TPM. \`area\` is its TPMS_NV_PUBLIC as it was defined, \`key\` the TPMT_PUBLIC of its birth key. A verifier
computes the policy from the key, and refuses every other area:

    index       0x01815000 to 0x01815fff
    nameAlg     SHA-256
    attributes  extend · policywrite · ownerread · authread · no_da · orderly · clear_stclear, and no other
    authPolicy  PolicyOR( PolicyNvWritten(no) ∧ PolicySigned(key), PolicyNvWritten(yes) )
    dataSize    32

The Name of the register is over this area with the attribute \`written\`. The birth key signs one policy, for the first write, over the
nonce of that session, and is thrown away. Root may delete the index and make it anew, but cannot begin it again.

## Names

A ledger shows no labels. A birth has the \`name\` of its label, which only the host can compute:

    proof = RSASSA-PKCS1-v1_5 (RFC 8017, 8.2) with SHA-256, by the key of the ledger, over "isoline label 1" ‖ label in UTF-8
    name  = SHA-256( "isoline name 1" ‖ proof )

The key is RSA-2048 with the exponent 65537; \`names\` is its modulus, and its first bit is set. It lies beside the ledger, closed to
others. A label has exactly one proof under a key that a supervisor made, so that a host cannot give two births of one label two names.
Evidence has the proof of each label that it is about. A proof has 256 bytes; one of another length or for another label is refused. What a
reader sees of other births: that there are some, when, and what happened to them in numbers and digests; and that two of them have the same
label.

Uniqueness rests on how the key was made: RFC 9381 (4) says of this construction that it has trusted uniqueness only. Root that makes the
key of a ledger before its first record can choose a modulus n for which 65537 divides φ(n). A label then has several valid proofs, or none,
and so several names. No check finds this. Runs that such a host began before can be kept from the owner of their label.

## Amendments

While it runs, a contour can be made to permit more. \`amendment\` is recorded before anything of that goes ahead. Its \`state\` is the
portable state of the points in force from then on.

## Order, and what a crash leaves

A supervisor holds the lock of the file while it appends a record, has it reach the disk, and extends the TPM. Only then is the next record
written, by the supervisor that has the lock then. So a TPM may be behind its ledger by the last record, which was then not extended into
all of its places. It may never be behind by more, nor ahead. The supervisor that takes the lock next extends what is missing. Before it
extends anything it reads under the lock how often the TPM was reset: if it is not \`resetCount\`, it extends nothing, since a reset empties
registers, and what follows is in another ledger.

A verifier believes nothing good of a record that the TPM does not have. It believes what is bad. For the next evidence of the boot it keeps
only as much of the ledger as the births' PCR vouches for. Behind that is a record that was not extended, or checkpoints: a stranger who had
the evidence in between can have added them.

After an \`end\` the births' PCR vouches for the namespace, and its register may be gone. A ledger that was begun again in the same boot has
a \`from\` that is not zeros, or is in another register than the policy of the node names (\`births\`, 13). A register that the boot itself
extends is of no use: no log vouches for what is in registers 8 to 15.

## A run that lost its supervisor

A supervisor that was killed leaves no \`end\`. Once it is proven that none is left, the run is closed by two records: a \`loss\` for one of
these reasons, with the count 1, and the \`end\`. Nothing else may follow about such a run.

${Object.values(lostSupervisor)
  .map((reason) => `    ${reason}`)
  .join("\n")}

Such an \`end\` has what the records had until then: \`measurement\` and \`events\` of the last \`checkpoint\` (zeros without one), \`state\` of the
last \`amendment\` or of the birth, in \`off\` the number of departures, in \`lost\` that of losses, in \`refused\` nothing. When the supervisor
ended is not known: between the last record before the loss, and the loss. The second reason says that the register in the TPM is gone, was
never begun, or holds something else. It is not extended by these two records then; the births' PCR is, as ever.

A verifier accepts no body of such a run, neither as one that runs nor as one that ended. A reader that knows no such reasons sees a run
that lost something and ended.

A supervisor holds the lock of \`lives/BOOT-RESETS.BIRTH.EXTENSION\` beside the ledger, from before its birth is written: number and extension
of that record. The thread that supervises and the one that records share it (\`flock\`, LOCK_SH), and the kernel lets go of it when both have
closed it, or their process has ended. A process that closes a run holds the lock of the ledger, and can have that of the run's file alone
(LOCK_EX). A birth without such a file is never closed.

## Records
`;

const words = (record: LedgerRecord["kind"]) =>
  Object.entries(recordShapes[record].members ?? {})
    .map(([name, { words: is }]) => `${name} *${is}*`)
    .join(", ");

describe("the page of the ledger", () => {
  it("says what the tables say", async () => {
    const rows = kinds.map((kind) => `| \`${kind}\` | ${words(kind)} |`);
    const page = [PREFACE, "| kind | members |", "| --- | --- |", ...rows, ""].join("\n");
    await expect(page).toMatchFileSnapshot("../../docs/spec/ledger.md");
  });
});
