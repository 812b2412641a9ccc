/** Boots of machines that were recorded, of SeaBIOS and of OVMF: references of them, and which other boots fit those. */
import { describe, expect, it } from "vitest";
import type { BootEvent } from "../../packages/attest/src/boot/index.ts";
import { eventsIn, logOf, needsRecorded, recordedLog, registersAfter, sha256 } from "./boot-log.ts";
import { booted, judge, PASSED, refused, referenceOf } from "./judged-boot.ts";

const [VARIABLE_BOOT, APPLICATION] = [0x8000_0002, 0x8000_0003];

describe.skipIf(needsRecorded)("the boot of a machine that was recorded", () => {
  const [ovmf, seabios] = needsRecorded ? [] : [recordedLog("ovmf"), recordedLog("capture")];

  it("fits itself alone", async () => {
    for (const [log, other] of [
      [ovmf!, seabios!],
      [seabios!, ovmf!],
    ] as const) {
      const reference = await referenceOf(booted(log));
      expect(await judge(booted(log), [reference])).toMatchObject(PASSED);
      expect(await judge(booted(other), [reference])).toMatchObject(
        refused(/^expected events of good alone in register 0, got event \d+, EV_/),
      );
    }
  });

  it("is written with what each event is, where the content is what was measured", async () => {
    const { events } = await referenceOf(booted(ovmf!), [0, 1, 4, 5, 7, 9]);
    const notes = (register: number) =>
      events[register]?.map(({ type, note, after }) =>
        [type, note, ...(after === undefined ? [] : [after])].join(" ").trim(),
      );
    expect(notes(0)).toEqual([
      "EV_S_CRTM_VERSION 2025.02-8+deb13u1",
      "EV_EFI_PLATFORM_FIRMWARE_BLOB",
      "EV_EFI_PLATFORM_FIRMWARE_BLOB",
      "EV_SEPARATOR 00000000",
    ]);
    expect(notes(7)).toEqual([
      ..."SecureBoot PK KEK db dbx".split(" ").map((name) => `EV_EFI_VARIABLE_DRIVER_CONFIG ${name}`),
      "EV_SEPARATOR 00000000",
    ]);
    expect(notes(4)).toEqual([
      "EV_EFI_BOOT_SERVICES_APPLICATION",
      "EV_EFI_ACTION Calling EFI Application from Boot Option",
      "EV_SEPARATOR 00000000",
    ]);
    expect(notes(5)).toEqual([
      "EV_SEPARATOR 00000000",
      "EV_EFI_ACTION Exit Boot Services Invocation separator",
      "EV_EFI_ACTION Exit Boot Services Returned with Success separator",
    ]);
  });

  it("fits another order of its boot entries, and not another kernel", async () => {
    const events = eventsIn(ovmf!);
    const boots = [await referenceOf(booted(ovmf!))];
    const entries = events.filter(({ type }) => type === VARIABLE_BOOT);
    const turned = new Map(entries.map((entry, index) => [entry, entries.toReversed()[index]!]));
    const reordered = events.map((event) => turned.get(event) ?? event);
    expect(registersAfter(logOf(reordered))[1]).not.toEqual(registersAfter(ovmf!)[1]);
    const others = (changed: readonly BootEvent[]) => judge(booted(logOf(changed, ["sha1", "sha256"])), boots);
    expect(await others(events)).toMatchObject(PASSED);
    expect(await others(reordered)).toMatchObject(PASSED);
    const kernel = events.map((one) =>
      one.type === APPLICATION ? { ...one, digests: { sha256: sha256(Buffer.from("other")) } } : one,
    );
    expect(await others(kernel)).toMatchObject(refused(/^expected events of good alone in register 4/));
  });
});
