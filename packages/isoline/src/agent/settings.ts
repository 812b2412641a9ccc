/** Reads values of the agent's configuration: what is not as it should be is refused, and the refusal says the file and the key. */
import { CliError } from "../error.ts";

export type Table = Readonly<Record<string, unknown>>;

export function table(value: unknown, key: string, file: string): Table {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Table;
  throw wrong(file, key, "a table", value);
}

/** A misspelt key would silently permit more, or less. */
export function assertKeys(source: Table, keys: readonly string[], key: string, file: string): void {
  const stranger = Object.keys(source).find((each) => !keys.includes(each));
  if (stranger !== undefined) throw wrong(file, key, `only the keys ${keys.join(", ")}`, stranger);
}

export function number(value: unknown, key: string, [least, most]: readonly [number, number], file: string): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value;
  throw wrong(file, key, `a number from ${least} to ${most}`, value);
}

export function wrong(file: string, key: string, expected: string, got: unknown): CliError {
  const shown = got === undefined ? "nothing" : JSON.stringify(got).slice(0, 60);
  return new CliError(
    "bad-agent-configuration",
    `${file}: ${key}: expected ${expected}, got ${shown}; see docs/agent.md`,
  );
}
