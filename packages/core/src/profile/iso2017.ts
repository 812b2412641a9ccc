/**
 * `iso2017`, the point of the system that behaviour namespaces come from (docs/spec/profiles.md).
 *
 *   actor   = SHA-256( u32×8 uid euid suid gid egid sgid fsuid fsgid ‖ u64 capabilities )                      40 bytes
 *   subject = SHA-256( u32 uid ‖ u32 gid ‖ u16 mode ‖ u32 name length ‖ 32 SHA-256 of the path ‖ 32 s_id
 *                      ‖ 16 s_uuid ‖ 32 content digest )                                                     126 bytes
 *   point   = SHA-256( u32 32 ‖ actor ‖ u32 32 ‖ subject )
 *
 * It models one kind of event, a credentialed access to a file: no operation, no task, no flags. An event without a file has no
 * point.
 */
import { sha256Into, ZERO_DIGEST } from "../digest.ts";
import { unescapeToBytes } from "../event/escape.ts";
import { CellBytes, cellKinds } from "./tsem-cell.ts";
import { putCoe, TsemEvent } from "./tsem-event.ts";
import { tsemEventNames } from "./tsem-facts.ts";
import { field, type Layout, Layouts, objectAt, readValues } from "./tsem-layout.ts";
import { badExport, type TsemProfile, tsemProfile } from "./tsem-profile.ts";

/** The one layout. `path` is hashed separately, so the bytes are assembled below and not by `putValues`. */
export const exchangeLayout: Layout = {
  op: "exchange",
  fields: [
    field("uid", "u32", "file.inode.uid"),
    field("gid", "u32", "file.inode.gid"),
    field("mode", "mode", "file.inode.mode"),
    field("path", "text", "file.path.pathname"),
    field("s_id", "device", "file.inode.s_id"),
    field("s_uuid", "uuid", "file.inode.s_uuid"),
    field("digest", "digest", "file.digest"),
  ],
};

const known = new Set(tsemEventNames);

export const iso2017: TsemProfile = {
  ...tsemProfile("iso2017", new Layouts([exchangeLayout]), point),
  describe({ type, actor, cell, process }) {
    if (!known.has(type)) throw badExport(`no event is called ${JSON.stringify(type.slice(0, 40))}`);
    if (!objectAt(cell, ["file"])) return `iso2017 models accesses to files, not ${type}`;
    const anybody = { ...actor, task: ZERO_DIGEST };
    return new TsemEvent(anybody, exchangeLayout, readValues(exchangeLayout, cell), process);
  },
};

const bytes = new CellBytes();
const coe = Buffer.alloc(40);
const halves = Buffer.alloc(72);
halves.writeUInt32LE(32, 0);
halves.writeUInt32LE(32, 36);

function point(event: TsemEvent): Buffer {
  const out = Buffer.alloc(32);
  putCoe(event.actor.credentials, coe, 0);
  sha256Into(coe, halves, 4);
  sha256Into(subjectBytes(event), halves, 40);
  sha256Into(halves, out, 0);
  return out;
}

function subjectBytes(event: TsemEvent): Buffer {
  bytes.reset();
  exchangeLayout.fields.forEach(({ name, kind }, at) => {
    const value = event.values[at] as string;
    if (name === "path") putPath(unescapeToBytes(value));
    else cellKinds[kind].put(value, bytes);
  });
  return bytes.view();
}

const digest = Buffer.alloc(32);

function putPath(path: Buffer): void {
  sha256Into(path, digest, 0);
  bytes.integer(path.length, 4);
  bytes.bytes(digest);
}
