/**
 * The registers of a TDX guest as the kernel shows them: Documentation/ABI/testing/sysfs-devices-virtual-misc-tdx_guest; Linux 6.16.
 *
 *   measurements/mrtd:sha384, measurements/rtmr0:sha384, …  48 bytes each
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const MEASUREMENTS = "/sys/devices/virtual/misc/tdx_guest/measurements";
const NAME = /^(mrtd|rtmr[0-3]|mrconfigid|mrowner|mrownerconfig)(?::sha384)?$/;
const BYTES = 48;

/** By name, in hexadecimal; undefined where the kernel shows none. What has another name or length is passed over. */
export function runtimeRegisters(folder: string = MEASUREMENTS): Readonly<Record<string, string>> | undefined {
  const names = namesIn(folder);
  if (names === undefined) return undefined;
  const registers = names.flatMap((file) => {
    const [, name] = NAME.exec(file) ?? [];
    const value = name === undefined ? undefined : readFileSync(join(folder, file));
    return name === undefined || value?.length !== BYTES ? [] : [[name, value.toString("hex")] as const];
  });
  return Object.fromEntries(registers);
}

function namesIn(folder: string): readonly string[] | undefined {
  try {
    return readdirSync(folder).slice(0, 64);
  } catch {
    return undefined;
  }
}
