/** Reports from configfs, against files that answer as the kernel's driver does (drivers/virt/coco/guest/report.c). */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { parseCertificateTable, parseSnpReport } from "../../../packages/attest/src/tee/index.ts";
import { Configfs, machineReport, runtimeRegisters } from "../../../packages/isoline/src/attest/tsm/index.ts";
import { snpReport } from "./amd-vendor.ts";
import { FakeTsm, type Kernel, quoted } from "./fake-tsm.ts";

const DATA = Uint8Array.from({ length: 64 }, (_, index) => index);

const wait = () => Promise.resolve();

async function ask(kernel: Kernel, more: { level?: number; data?: Uint8Array; tries?: number } = {}) {
  const files = new FakeTsm(kernel);
  try {
    return await machineReport({ data: DATA, files, wait, ...more });
  } finally {
    expect(files.reports.size).toBe(0);
  }
}

describe("a report of this machine", () => {
  it("is about the data that was asked for, under SEV-SNP", async () => {
    const table = Buffer.concat([Buffer.alloc(24)]);
    const { provider, report, certificates } = await ask({ auxblob: table });
    expect(provider).toBe("sev_guest");
    expect(Buffer.from(report.subarray(0x50, 0x90)).equals(DATA)).toBe(true);
    expect(parseCertificateTable(certificates)).toStrictEqual([]);
  });

  it("is about the data that was asked for, under TDX, where there are no certificates beside it", async () => {
    const { provider, report, certificates } = await ask({ provider: "tdx_guest", make: quoted });
    expect(provider).toBe("tdx_guest");
    expect(Buffer.from(report.subarray(568, 632)).equals(DATA)).toBe(true);
    expect(certificates).toHaveLength(0);
  });

  it("is asked for again while the provider is busy", async () => {
    await expect(ask({ busy: ["EBUSY", "EAGAIN", "EINTR"] })).resolves.toBeDefined();
  });

  it("is asked for at the privilege level that was named", async () => {
    expect(parseSnpReport((await ask({ floor: 1 }, { level: 2 })).report).vmpl).toBe(2);
  });

  it.each<[why: string, Kernel, more: object, said: string]>([
    ["the machine is not confidential", { provider: "" }, {}, "this machine is not confidential"],
    ["the provider stays busy", { busy: Array<string>(9).fill("EBUSY") }, { tries: 3 }, "the kernel answers EBUSY"],
    ["the kernel refuses", { busy: ["EIO"] }, {}, "the kernel answers EIO"],
    ["the provider is unknown", { provider: "cca_guest" }, {}, 'got "cca_guest"'],
    ["the level is below the floor", { floor: 2 }, { level: 1 }, "expected a privilege level from 2 to 3, got 1"],
    ["the level is no level", {}, { level: 4 }, "got 4"],
    ["the data is too short", {}, { data: new Uint8Array(32) }, "expected 64 bytes of data, got 32"],
    ["the report is too long", { make: () => new Uint8Array(40_000) }, {}, "at most 32768 bytes"],
    ["the certificates are too long", { auxblob: new Uint8Array(70_000) }, {}, "at most 65536 bytes of certificates"],
    ["the report is none", { make: () => new Uint8Array(10) }, {}, "expected 1184 bytes, got 10"],
    ["the report is about other data", { make: () => snpReport() }, {}, "about other data"],
    [
      "another process writes the same data",
      { meanwhile: (write) => write("inblob", DATA) },
      {},
      "another process wrote",
    ],
    [
      "another process writes other data",
      { meanwhile: (write) => write("inblob", new Uint8Array(64)) },
      {},
      "another process wrote",
    ],
    [
      "another process changes the level",
      { meanwhile: (write) => write("privlevel", Buffer.from("3")) },
      {},
      "another process wrote",
    ],
  ])("is refused where %s, and the request is removed", async (_why, kernel, more, said) => {
    await expect(ask(kernel, more)).rejects.toThrow(said);
  });
});

describe("files of a report", () => {
  const place = mkdtempSync(join(tmpdir(), "isoline-tsm-"));
  afterAll(() => rmSync(place, { recursive: true, force: true }));

  it("are read within a bound, and written whole", () => {
    const files = new Configfs(place);
    files.make("one");
    files.write("one", "inblob", DATA);
    expect(Buffer.from(files.read("one", "inblob", 64)).equals(DATA)).toBe(true);
    expect(files.read("one", "inblob", 10)).toHaveLength(11);
    rmSync(join(place, "one", "inblob"));
    files.remove("one");
    expect(() => files.read("one", "inblob", 1)).toThrow("ENOENT");
  });

  it("are not there where the kernel has none, which is said", async () => {
    const files = new Configfs(join(place, "absent"));
    await expect(machineReport({ data: DATA, files })).rejects.toThrow("this kernel has no reports");
  });

  it("of a TDX guest's registers are read by their names", () => {
    const folder = join(place, "measurements");
    expect(runtimeRegisters(folder)).toBeUndefined();
    mkdirSync(folder);
    for (const name of ["mrtd:sha384", "rtmr0:sha384", "rtmr3:sha384"])
      writeFileSync(join(folder, name), Buffer.alloc(48, 7));
    writeFileSync(join(folder, "rtmr1:sha384"), "short");
    writeFileSync(join(folder, "uevent"), "no register");
    expect(Object.keys(runtimeRegisters(folder)!).sort()).toStrictEqual(["mrtd", "rtmr0", "rtmr3"]);
    expect(runtimeRegisters(folder)!["mrtd"]).toBe("07".repeat(48));
  });
});
