/** What a boot is described by on the command line. */
import { InvalidArgumentError } from "commander";

const REGISTERS = /^(?:\d|1\d|2[0-3])(?:,(?:\d|1\d|2[0-3]))*$/;
/** systemd takes any word that is not empty; here it must be one that a terminal can show. */
const PHASES = /^[!-9;-~]{1,64}(?::[!-9;-~]{1,64}){0,31}$/;

/** Registers of a TPM: `0,4,7`. */
export function registerNumbers(text: string): readonly number[] {
  const numbers = text.split(",").map(Number);
  if (REGISTERS.test(text) && new Set(numbers).size === numbers.length) return numbers;
  throw new InvalidArgumentError(
    `expected registers from 0 to 23, each once, as 0,4,7, got ${JSON.stringify(text.slice(0, 80))}.`,
  );
}

/** Phases of a boot in their order: `enter-initrd:leave-initrd`. */
export function bootPhases(text: string): readonly string[] {
  if (PHASES.test(text)) return text.split(":");
  throw new InvalidArgumentError(
    `expected words of boot phases, as enter-initrd:leave-initrd, got ${JSON.stringify(text.slice(0, 80))}.`,
  );
}
