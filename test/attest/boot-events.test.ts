/** Rules on the events of a boot: which logs a reference of a good machine fits, and what is said of each other one. */
import { describe, expect, it } from "vitest";
import type { BootEvent } from "../../packages/attest/src/boot/index.ts";
import type { Told } from "../verifier/software-node.ts";
import { eventOf, logOf, registersAfter, sha256 } from "./boot-log.ts";
import { booted, judge, PASSED, refused, referenceOf, unproven, withRules } from "./judged-boot.ts";

const [SEPARATOR, ACTION, VARIABLE_BOOT, APPLICATION, DRIVER_CONFIG] = [
  4, 0x8000_0007, 0x8000_0002, 0x8000_0003, 0x8000_0001,
];
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const NEXT = "find out what the node booted, or change the reference$";

describe("a boot of a few events", () => {
  const separator = (pcr: number) => eventOf(pcr, SEPARATOR, new Uint8Array(4));
  const EXIT = eventOf(5, ACTION, "Exit Boot Services Returned with Success");
  const loader = eventOf(4, APPLICATION, "a path", sha256(Buffer.from("a loader")));
  const events = [
    eventOf(0, 8, "firmware 1.0"),
    eventOf(7, DRIVER_CONFIG, "secure boot on"),
    eventOf(7, DRIVER_CONFIG, "keys"),
    separator(7),
    eventOf(1, VARIABLE_BOOT, "entry 1"),
    eventOf(1, VARIABLE_BOOT, "entry 2"),
    eventOf(4, ACTION, "Calling EFI Application from Boot Option"),
    ...[0, 1, 4, 5].map(separator),
    eventOf(5, 0x8000_0006, "a disk"),
    loader,
    EXIT,
  ];
  const log = logOf(events);
  const good = booted(log);
  const of = (pcr: number, type: number) => events.filter((event) => event.pcr === pcr && event.type === type);
  const without = (...left: readonly (BootEvent | undefined)[]) => events.filter((event) => !left.includes(event));
  const [SECURE, KEYS] = of(7, DRIVER_CONFIG);
  const [FIRST, SECOND] = of(1, VARIABLE_BOOT);
  const foreign = (pcr: number, type: number) => eventOf(pcr, type, "something else");
  const named = (event: BootEvent) => `(?:EV_[A-Z_0-9]+|0x[0-9a-f]{8}) ${hex(event.digests.sha256!)}`;
  /** Judges a machine that booted so by the reference of the good one. */
  const judged = async (others: readonly BootEvent[]) => judge(booted(logOf(others)), [await referenceOf(good)]);

  it("fits itself, in any order of the events of a register, as often as it has them", async () => {
    expect(await judged(events)).toMatchObject(PASSED);
    const swapped = events.map(
      (event) =>
        new Map([
          [SECURE, KEYS],
          [KEYS, SECURE],
          [FIRST, SECOND],
          [SECOND, FIRST],
        ]).get(event) ?? event,
    );
    expect(registersAfter(logOf(swapped))[7]).not.toEqual(registersAfter(log)[7]);
    expect(await judged(swapped)).toMatchObject(PASSED);
    expect(await judged([...events.slice(0, 5), FIRST!, ...events.slice(5)])).toMatchObject(PASSED);
    expect(
      await judged([...without(...events.filter(({ pcr }) => pcr === 7)), ...events.filter(({ pcr }) => pcr === 7)]),
    ).toMatchObject(PASSED);
  });

  it.each([4, 0, 2])(
    "with an event in register %s that the reference has not is refused, by that event",
    async (register) => {
      const other = foreign(register, APPLICATION);
      expect(await judged([...events, other])).toMatchObject(
        refused(
          new RegExp(
            `^expected events of good alone in register ${register}, got event ${events.length + 1}, ${named(other)}; ${NEXT}`,
          ),
        ),
      );
    },
  );

  it("without an event that is required is refused, by that event; where it is not required, it is not missed", async () => {
    const [version] = of(0, 8);
    const machine = booted(logOf(without(version)));
    const reference = await referenceOf(good);
    const missed = `${named(version!)} \\(firmware 1\\.0\\)`;
    expect(await judge(machine, [reference])).toMatchObject(
      refused(new RegExp(`^expected ${missed} in register 0, as good requires, got a log without it; ${NEXT}`)),
    );
    const lax = withRules(reference, 0, (rules) => rules.map((rule) => ({ ...rule, required: false })));
    expect(await judge(machine, [lax])).toMatchObject(PASSED);
  });

  it("with an event that is moved to another register is refused, where it came and where it is missing", async () => {
    const moved = events.map((event) => (event === loader ? { ...loader, pcr: 5 } : event));
    expect(await judged(moved)).toMatchObject(
      refused(new RegExp(`^expected ${named(loader)} after the separator in register 4, as good requires`)),
    );
    const only = async (register: number) => judge(booted(logOf(moved)), [await referenceOf(good, [register])]);
    expect(await only(5)).toMatchObject(
      refused(/^expected events of good alone in register 5, got event 13, EV_EFI_BOOT_SERVICES_APPLICATION/),
    );
    expect(await only(7)).toMatchObject(PASSED);
  });

  it("with a digest that is altered is refused: the TPM has another one, or the reference", async () => {
    const altered = events.map((event) => (event === loader ? foreign(4, APPLICATION) : event));
    expect(await judged(altered)).toMatchObject(refused(/^expected events of good alone in register 4/));
    const reference = await referenceOf(good);
    expect(await judge({ ...booted(logOf(altered)), bootLog: log }, [reference])).toMatchObject(
      unproven(
        "broken-evidence",
        /^expected register 4 to be [0-9a-f]{16}…, as the log of measured boot leads to, got/,
      ),
    );
  });

  it("with a log that is cut is refused, wherever it is cut", async () => {
    const reference = await referenceOf(good);
    const kept: number[] = [];
    for (let length = 0; length < log.length; length += 7) {
      const { status, failure } = await judge({ ...good, bootLog: log.slice(0, length) }, [reference]);
      if (status !== "unverifiable" || failure !== "broken-evidence") kept.push(length);
    }
    expect(kept).toEqual([]);
    const lessThanLast = logOf(events.slice(0, -1));
    expect(await judge({ ...good, bootLog: lessThanLast }, [reference])).toMatchObject(
      unproven("broken-evidence", /^expected register 5 to be/),
    );
  });

  it("without a log is not proven, whatever else the policy accepts of logs", async () => {
    const { booted: registers } = good;
    const why =
      /^expected a log of measured boot with the events of register 0, for which good has rules, got none; see what isoline attest doctor/;
    const reference = await referenceOf(good);
    expect(await judge({ booted: registers }, [reference])).toMatchObject(unproven("incomplete", why));
    const other = { name: "other", registers: { 0: "00".repeat(32) } };
    expect(await judge({ booted: registers }, [other, reference])).toMatchObject(unproven("incomplete", why));
    const same = { name: "same", registers: { 0: hex(registers![0]!) } };
    expect(await judge({ booted: registers }, [reference, same])).toMatchObject({
      status: "affirming",
      outcome: "passed",
    });
  });

  it("with a log of another bank alone is refused; a bank more is of no account", async () => {
    const reference = await referenceOf(good);
    const sha1 = logOf(events, ["sha1"]);
    expect(await judge({ ...good, bootLog: sha1 }, [reference])).toMatchObject(
      unproven("broken-evidence", /the log of measured boot has no sha256 digests, but those of sha1;/),
    );
    for (const banks of [
      ["sha1", "sha256"],
      ["sha256", "sm3"],
    ] as const)
      expect(await judge({ ...good, bootLog: logOf(events, banks) }, [reference])).toMatchObject(PASSED);
    expect(await judge({ ...good, bootLog: logOf(events, ["sm3", "sha1"]) }, [reference])).toMatchObject(
      unproven("broken-evidence", /the log of measured boot has no sha256 digests, but those of sha1;/),
    );
  });

  it("whose registers were extended after the boot is refused, also by events that the reference has", async () => {
    const after = [...events, KEYS!];
    expect(await judged(after)).toMatchObject(
      refused(
        new RegExp(
          `^expected events of good alone in register 7, got event 15, ${named(KEYS!)}, which it has before the separator alone; ${NEXT}`,
        ),
      ),
    );
    const late = [...without(SECURE), SECURE!];
    expect(await judged(late)).toMatchObject(refused(/, which it has before the separator alone;/));
    const early = [loader, ...without(loader)];
    expect(await judged(early)).toMatchObject(refused(/, which it has after the separator alone;/));
    const [disk] = of(5, 0x8000_0006);
    expect(await judged([...events, disk!])).toMatchObject(
      refused(
        new RegExp(`^expected no event in register 5 after the boot services ended, got event 15, ${named(disk!)}`),
      ),
    );
  });

  it("with an event that is called otherwise proves nothing: a stranger may have changed that", async () => {
    const called = (event: BootEvent | undefined, type: number) =>
      events.map((one) => (one === event ? { ...one, type } : one));
    expect(await judged(called(SECURE, APPLICATION))).toMatchObject(
      unproven(
        "broken-evidence",
        /^expected an event to be called EV_EFI_VARIABLE_DRIVER_CONFIG, as in good, in register 7, got event 2, EV_EFI_BOOT_SERVICES_APPLICATION/,
      ),
    );
    const [ofKeys] = of(7, SEPARATOR);
    expect(await judged([...called(ofKeys, DRIVER_CONFIG), SECURE!, ofKeys!])).toMatchObject(
      unproven("broken-evidence", /^expected an event to be called EV_SEPARATOR/),
    );
    // What extends nothing, as the log says, is not in the register.
    const told = { ...good, bootLog: logOf(called(loader, 3)) };
    expect(await judge(told, [await referenceOf(good)])).toMatchObject(
      unproven("broken-evidence", /^expected register 4 to be/),
    );
  });

  it("with a start from a locality behind events is refused: they would be in the log, and not in the register", async () => {
    const locality = eventOf(0, 3, Buffer.from("StartupLocality\0\u0003"));
    const started = logOf([locality, ...events]);
    expect(await judge(booted(started), [await referenceOf(good)])).toMatchObject(PASSED);
    const [version] = of(0, 8);
    const reference = await referenceOf(good);
    // The register has the separator alone, and the log says a version before it.
    const real = registersAfter(logOf([locality, ...without(version)]));
    const forged = logOf([version!, locality, ...without(version)]);
    expect(await judge({ bootLog: forged, booted: real }, [reference])).toMatchObject(
      unproven(
        "broken-evidence",
        /expected the locality of the start before any event of register 0, got it behind one/,
      ),
    );
  });

  it("is not written as a reference that it would not fit, or whose registers the log does not lead to", async () => {
    const [disk] = of(5, 0x8000_0006);
    const twice = { ...SECURE!, type: APPLICATION };
    const machines: readonly (readonly [Told, readonly number[], string])[] = [
      [booted(logOf([...events, disk!])), [5], "no event in register 5 after the boot services ended"],
      [
        booted(logOf([twice, ...events])),
        [7],
        "expected one type for each digest in register 7, got event 3, EV_EFI_V",
      ],
      [{ ...good, booted: { ...good.booted, 9: sha256(Buffer.from("later")) } }, [9], "expected register 9 to be 0000"],
      [{ booted: good.booted }, [0], "expected a log of measured boot, got none"],
      [good, [17], "expected register 17 in the quote, got 0,1,2,3"],
    ];
    for (const [machine, registers, why] of machines)
      await expect(referenceOf(machine, registers)).rejects.toThrow(why);
  });

  describe("of which a type may have any digest", () => {
    const any =
      (register: number, type: string, more: object = {}) =>
      async () =>
        withRules(await referenceOf(good), register, (rules) => [
          ...rules.filter((rule) => rule.type !== type),
          { type, digest: "any", ...more },
        ]);
    const anyEntry = any(1, "EV_EFI_VARIABLE_BOOT");

    it("fits with other entries, with none, and with no other type", async () => {
      const boots = [await anyEntry()];
      const entry = foreign(1, VARIABLE_BOOT);
      expect(await judge(booted(logOf([entry, ...without(FIRST)])), boots)).toMatchObject(PASSED);
      expect(await judge(booted(logOf(without(FIRST, SECOND))), boots)).toMatchObject(PASSED);
      expect(await judge(booted(logOf([foreign(1, DRIVER_CONFIG), ...events])), boots)).toMatchObject(
        refused(/^expected events of good alone in register 1, got event 1, EV_EFI_VARIABLE_DRIVER_CONFIG/),
      );
      expect(await judge(booted(logOf([...events, entry])), boots)).toMatchObject(
        refused(/^expected events of good alone in register 1,/),
      );
      expect(await judge(booted(logOf([{ ...entry, pcr: 4 }, ...events])), boots)).toMatchObject(
        refused(/^expected events of good alone in register 4,/),
      );
    });

    it("gives up that place of the register, as the type is the node's word; but no separator passes for it", async () => {
      const boots = [await anyEntry()];
      expect(
        await judge(booted(logOf([{ ...foreign(1, DRIVER_CONFIG), type: VARIABLE_BOOT }, ...events])), boots),
      ).toMatchObject(PASSED);
      for (const data of [Uint8Array.of(0, 0, 0, 0), Uint8Array.of(255, 255, 255, 255), Uint8Array.of(1, 0, 0, 0)]) {
        const hidden = [eventOf(1, VARIABLE_BOOT, data), ...events];
        expect(await judge(booted(logOf(hidden)), boots)).toMatchObject({ outcome: "failed" });
      }
    });

    it("after the separator, fits after the separator alone", async () => {
      const boots = [await any(4, "EV_EFI_BOOT_SERVICES_APPLICATION", { after: "separator" })()];
      const other = { ...foreign(4, APPLICATION) };
      expect(await judge(booted(logOf([...events, other])), boots)).toMatchObject(PASSED);
      expect(await judge(booted(logOf([other, ...events])), boots)).toMatchObject(
        refused(/^expected events of good alone in register 4,/),
      );
    });
  });

  it("is judged by every register under rule, which the quote must have", async () => {
    const reference = await referenceOf(good, [0, 7]);
    const other = logOf([...events, foreign(4, APPLICATION)]);
    expect(await judge(booted(other), [reference])).toMatchObject(PASSED);
    const valued = { ...reference, registers: { 4: hex(good.booted![4]!) } };
    expect(await judge(good, [valued])).toMatchObject(PASSED);
    expect(await judge(booted(other), [valued])).toMatchObject(
      refused(/^expected register 4 to be [0-9a-f]{16}…, as in good/),
    );
    expect(await judge(good, [{ name: "good", events: { 12: [] } }])).toMatchObject(PASSED);
    expect(
      await judge(booted(logOf([...events, foreign(12, 13)])), [{ name: "good", events: { 12: [] } }]),
    ).toMatchObject(refused(/^expected events of good alone in register 12, got event 15,/));
    const beyond = { ...good, booted: { ...good.booted, 12: sha256(Buffer.from("later")) } };
    expect(await judge(beyond, [{ name: "good", events: { 12: [] } }])).toMatchObject(
      unproven(
        "broken-evidence",
        /^expected register 12 to be 0000000000000000…, .*; if more than the boot extends it, have no rules for its events$/,
      ),
    );
  });

  it("is refused where the policy has no quote over a register under rule", async () => {
    const registers = [0, 1, 2, 3, 4, 5, 6];
    const reference = await referenceOf(good, [0, 7]);
    expect(await judge({ ...good, quoted: registers }, [reference], { registers })).toMatchObject(
      refused(/^expected events of good alone in register 7, got no such register in the quote; name it in registers/),
    );
  });

  it("may be one of several: one that fits is enough, and else what is said is of the one that fits best", async () => {
    const reference = await referenceOf(good);
    const other = { ...(await referenceOf(booted(logOf(without(SECOND))))), name: "other" };
    expect(await judge(good, [other, reference])).toMatchObject(PASSED);
    const machine = booted(logOf([...events, foreign(4, APPLICATION)]));
    for (const boots of [
      [other, reference],
      [reference, other],
    ])
      expect(await judge(machine, boots)).toMatchObject(refused(/^expected events of good alone in register 4,/));
  });
});
