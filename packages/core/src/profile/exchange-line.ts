/**
 * The event line of 2017, as the kernel of `iso2017` exported it and its map files repeat it:
 *
 *   exchange [pid{N}] event{PROCESS:PATH} actor{uid=0, …, cap=0x0} subject{uid=0, …, mode=0100755, name_length=16, name=HEX,
 *   s_id=xvda, s_uuid=HEX, digest=HEX}
 */
import { type Digest, sha256, ZERO_DIGEST } from "../digest.ts";
import { IsolineError } from "../error.ts";
import type { Credentials } from "../event/event.ts";
import { exchangeLayout } from "./iso2017.ts";
import { cellKinds, escapeLatin1, parseLongNumber, parseNumber } from "./tsem-cell.ts";
import { TsemEvent } from "./tsem-event.ts";

const LINE = /^exchange (?:pid\{[0-9]+\} )?event\{([^:{}]*):([^{}]*)\} actor\{([^{}]*)\} subject\{([^{}]*)\}$/;
const ids = ["uid", "euid", "suid", "gid", "egid", "sgid", "fsuid", "fsgid"] as const;
const subjectKeys = ["uid", "gid", "mode", "name_length", "name", "s_id", "s_uuid", "digest"] as const;

/** Reads one line, bytes as latin1; refuses anything else with `bad-trajectory`. */
export function parseExchangeLine(line: string): TsemEvent {
  const match = LINE.exec(line);
  if (!match) throw badLine(line, "expected exchange event{…} actor{…} subject{…}");
  const [process, path, actor, subject] = match.slice(1) as [string, string, string, string];
  const credentials = credentialsOf(pairs(actor, [...ids, "cap"], line), line);
  const values = valuesOf(pairs(subject, subjectKeys, line), path, line);
  return new TsemEvent(
    { task: ZERO_DIGEST, parent: ZERO_DIGEST, credentials },
    exchangeLayout,
    values,
    escapeLatin1(process),
  );
}

function credentialsOf(values: readonly string[], line: string): Credentials {
  const numbers = ids.map((id, at) => [id, parseNumber(values[at] as string, 0xffff_ffff)] as const);
  const capabilities = parseLongNumber(values[ids.length] as string);
  const missing = numbers.find(([, value]) => value === undefined);
  if (missing || capabilities === undefined)
    throw badLine(line, `${missing?.[0] ?? "cap"} is not a number of its size`);
  return { ...Object.fromEntries(numbers), capabilities } as unknown as Credentials;
}

function valuesOf(values: readonly string[], path: string, line: string): string[] {
  const [uid, gid, mode, length, name, device, uuid, digest] = values as [
    string,
    string,
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  const bytes = Buffer.from(path, "latin1");
  if (Number(length) !== bytes.length || (name as Digest) !== sha256(bytes)) {
    throw badLine(line, "name and name_length do not belong to the path in event{…}");
  }
  const exported = [uid, gid, mode, path, device, uuid, digest];
  return exchangeLayout.fields.map(({ name: field, kind }, at) => {
    const shown = cellKinds[kind].show(exported[at] as string);
    if (shown === undefined) throw badLine(line, `${field} is not a ${kind}`);
    return shown;
  });
}

/** The values of `a=1, b=2`, with exactly these keys in this order. */
function pairs(text: string, keys: readonly string[], line: string): string[] {
  const parts = text.split(", ");
  if (parts.length !== keys.length) throw badLine(line, `expected ${keys.join(", ")}`);
  return keys.map((key, at) => {
    const part = parts[at] as string;
    if (!part.startsWith(`${key}=`)) throw badLine(line, `expected ${key}=…, got ${JSON.stringify(part.slice(0, 40))}`);
    return part.slice(key.length + 1);
  });
}

function badLine(line: string, why: string): IsolineError {
  return new IsolineError(
    "bad-trajectory",
    `not an event line of 2017: ${why}; the line is ${JSON.stringify(line.slice(0, 80))}`,
  );
}
