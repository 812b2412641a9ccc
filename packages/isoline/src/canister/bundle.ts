/** The part of an OCI bundle that a canister needs: `config.json` (runtime-spec, config.md) in a directory that may be hostile. */
import { realpathSync } from "node:fs";
import { join, resolve } from "node:path";
import type { CanisterPlaces, IdRange } from "@isoline/core/identity";
import { CliError } from "../error.ts";
import { readRegular } from "../store/bounded-file.ts";

export interface Bundle {
  /** Canonical path of the bundle. */
  readonly directory: string;
  /** Canonical path of the root file system. */
  readonly rootfs: string;
  readonly annotations: Readonly<Record<string, string>>;
  /** Sources of the bind mounts. */
  readonly sources: readonly string[];
  readonly ids: CanisterPlaces["ids"];
  /** `linux.cgroupsPath`, unchanged; empty if it is absent. */
  readonly groupsPath: string;
  /** Hooks that a later call of the runtime runs. */
  readonly hooks: { readonly poststart: boolean; readonly poststop: boolean };
}

/** Engines write some tens of kilobytes. */
const MOST_BYTES = 4 * 2 ** 20;
const MOST_RANGES = 340;

type Table = Readonly<Record<string, unknown>>;

export function readBundle(given: string): Bundle {
  const directory = canonical(resolve(given), "the bundle");
  const config = table(parse(join(directory, "config.json")), "the file");
  const root = table(config["root"], "root");
  const path = text(root["path"], "root.path");
  const linux = table(config["linux"] ?? {}, "linux");
  return {
    directory,
    rootfs: canonical(resolve(directory, path), "root.path"),
    annotations: annotationsIn(config["annotations"]),
    sources: list(config["mounts"], "mounts").flatMap((mount, index) => {
      const { source } = table(mount, `mounts[${index}]`);
      return typeof source === "string" && source.startsWith("/") ? [source] : [];
    }),
    ids: idsIn(linux),
    groupsPath: text(linux["cgroupsPath"] ?? "", "linux.cgroupsPath"),
    hooks: hooksIn(config["hooks"]),
  };
}

function parse(file: string): unknown {
  try {
    return JSON.parse(readRegular(file, MOST_BYTES, "the configuration").toString("utf8"));
  } catch (fault) {
    if (fault instanceof CliError) throw fault;
    const why = fault instanceof Error ? (fault.message.split("\n")[0] ?? "") : String(fault);
    throw new CliError("bad-bundle", `${file}: expected the configuration of a container in JSON; ${why}`, {
      cause: fault,
    });
  }
}

function annotationsIn(value: unknown): Record<string, string> {
  if (value === undefined || value === null) return {};
  const source = table(value, "annotations");
  return Object.fromEntries(Object.entries(source).map(([key, each]) => [key, text(each, `annotations["${key}"]`)]));
}

function idsIn(linux: Table): CanisterPlaces["ids"] {
  return { uid: rangesIn(linux["uidMappings"], "uidMappings"), gid: rangesIn(linux["gidMappings"], "gidMappings") };
}

function rangesIn(value: unknown, name: string): IdRange[] {
  const ranges = list(value, `linux.${name}`);
  if (ranges.length > MOST_RANGES)
    throw bad(`linux.${name}`, `at most ${MOST_RANGES} ranges, as the kernel`, String(ranges.length));
  return ranges.map((each, index) => {
    const key = `linux.${name}[${index}]`;
    const range = table(each, key);
    const number = (field: string) => id(range[field], `${key}.${field}`);
    return { container: number("containerID"), host: number("hostID"), count: number("size") };
  });
}

function hooksIn(value: unknown): Bundle["hooks"] {
  const source = value === undefined || value === null ? {} : table(value, "hooks");
  const has = (name: string) => list(source[name], `hooks.${name}`).length > 0;
  return { poststart: has("poststart"), poststop: has("poststop") };
}

function canonical(path: string, what: string): string {
  try {
    return realpathSync(path);
  } catch (fault) {
    throw new CliError("bad-bundle", `${what}: expected a directory that is there, got ${path}`, { cause: fault });
  }
}

function table(value: unknown, key: string): Table {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw bad(key, "a table", kindOf(value));
  return value as Table;
}

function list(value: unknown, key: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw bad(key, "a list", kindOf(value));
  return value;
}

function text(value: unknown, key: string): string {
  if (typeof value !== "string") throw bad(key, "text", kindOf(value));
  return value;
}

function id(value: unknown, key: string): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value > 0xffff_ffff)
    throw bad(key, "a number below 2^32", kindOf(value));
  return value;
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  return Array.isArray(value) ? "a list" : JSON.stringify(value).slice(0, 60);
}

function bad(key: string, expected: string, got: string): CliError {
  return new CliError("bad-bundle", `config.json: ${key}: expected ${expected}, got ${got}`);
}
