/** `isoline ima show`: prints the entries of a measurement list. */
import { escapeBytes } from "@isoline/core/event";
import { readImaAttribute } from "../../../integrity/appraise/attribute.ts";
import type { Bank } from "../../../integrity/hash-algorithms.ts";
import { type Entry, isViolation, type Measured, readMeasured, splitFields } from "../../../integrity/list/entry.ts";
import { findTemplate } from "../../../integrity/list/template.ts";
import { status } from "../../ending.ts";
import { printJson, printLine } from "../../output/streams.ts";
import { table } from "../../output/table.ts";
import { readList } from "./list-file.ts";

export interface ImaShowOptions {
  readonly bank?: Bank;
  readonly all?: boolean;
  readonly json?: boolean;
}

const SHORT_DIGITS = 16;

export async function show(file: string, { bank, all = false, json }: ImaShowOptions): Promise<number> {
  const list = readList(file, bank);
  if (json) {
    const entries = list.entries.map((entry, index) => document(entry, list.littleEndian, index + 1));
    printJson({ isoline: 1, bank: list.bank, littleEndian: list.littleEndian, entries });
    return status.success;
  }
  const rows = list.entries.map((entry, index) => {
    const measured = readMeasured(entry, list.littleEndian, index + 1);
    const name = measured?.name === undefined ? "?" : escapeBytes(measured.name);
    return [
      String(index + 1),
      String(entry.register),
      entry.template,
      digestText(measured, all),
      name + notes(entry, measured),
    ];
  });
  for (const line of table(["#", "PCR", "TEMPLATE", "DIGEST", "NAME"], rows)) printLine(line);
  return status.success;
}

function digestText(measured: Measured | undefined, all: boolean): string {
  const { file } = measured ?? {};
  if (file === undefined) return "?";
  const hex = file.digest.toString("hex");
  const shown = all || hex.length <= SHORT_DIGITS ? hex : `${hex.slice(0, SHORT_DIGITS)}…`;
  return `${file.kind === "verity" ? "verity:" : ""}${file.algorithm ?? "sha1"}:${shown}`;
}

/** The other fields, after the name. */
function notes(entry: Entry, measured: Measured | undefined): string {
  const said = [
    isViolation(entry) ? "violation" : "",
    measured === undefined ? `unknown template, ${entry.data.length} bytes` : "",
    measured?.signature?.length ? signatureNote(measured.signature) : "",
    measured?.buffer === undefined ? "" : `${measured.buffer.length} bytes`,
  ].filter((note) => note !== "");
  return said.length === 0 ? "" : `  (${said.join(", ")})`;
}

function signatureNote(bytes: Buffer): string {
  const value = readImaAttribute(bytes);
  return value.kind === "signature" ? `signed by ${value.keyId}` : "with an invalid signature";
}

/** Every field by its name in the kernel; bytes in hexadecimal, names also as text. */
function document(entry: Entry, littleEndian: boolean, number: number): unknown {
  const { register, digest, template, data } = entry;
  const known = findTemplate(template);
  const head = { register, digest: digest.toString("hex"), template, violation: isViolation(entry) };
  if (known === undefined) return { ...head, opaque: true, data: data.toString("hex") };
  const measured = readMeasured(entry, littleEndian, number);
  const fields = splitFields(entry, known, littleEndian, number);
  return {
    ...head,
    ...(measured?.name && { name: escapeBytes(measured.name) }),
    ...(measured?.file && { file: digestText(measured, true) }),
    fields: Object.fromEntries(known.fields.map(({ name }, index) => [name, fields[index]?.toString("hex")])),
  };
}
