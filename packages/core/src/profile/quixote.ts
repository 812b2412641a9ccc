/**
 * `quixote`, bit for bit the points of the published userspace agent of TSEM, its defects included (docs/spec/profiles.md).
 *
 *   point = SHA-256( event name ‖ 32 task ‖ SHA-256(COE) ‖ SHA-256(CELL) )
 *   COE   = u32×8 uid euid suid gid egid sgid fsuid fsuid ‖ u64 effective capabilities          the eighth should be fsgid
 *   CELL  = the attributes in the order of the layouts below; for every other event, its name ‖ SHA-256("")
 *
 * For some events the original hashes memory that it never set: the ports of IPv6 connect and bind, and of IPv4 and IPv6
 * accept. There is no point to reproduce, so such an event has none. It is reported by name, and the replay must count it as
 * missing.
 */
import { sha256Into } from "../digest.ts";
import { hasAttributes, layoutOf, quixoteLayouts } from "./quixote-layout.ts";
import { CellBytes } from "./tsem-cell.ts";
import { putCoe, TsemEvent } from "./tsem-event.ts";
import { EMPTY_CONTENT, TMPFS_MAGIC } from "./tsem-facts.ts";
import { type Layout, putValues, readValues } from "./tsem-layout.ts";
import { badExport, type TsemProfile, tsemProfile } from "./tsem-profile.ts";

const cell = new CellBytes();
const whole = new CellBytes();
const half = Buffer.alloc(64);

export const quixote: TsemProfile = {
  ...tsemProfile("quixote", quixoteLayouts, point),
  describe(exported) {
    const layout = layoutOf(exported.type, exported.cell);
    if (layout === undefined) throw badExport(`no event is called ${JSON.stringify(exported.type.slice(0, 40))}`);
    if (typeof layout === "string") return layout;
    const values = readValues(layout, exported.cell);
    return new TsemEvent(exported.actor, layout, levelled(layout, values), exported.process);
  },
};

/** tmpfs generates a new uuid at every mount, so the agent hashes zeros instead. */
function levelled(layout: Layout, values: string[]): readonly string[] {
  const magic = layout.fields.findIndex(({ name }) => name === "s_magic");
  if (values[magic] === TMPFS_MAGIC) values[layout.fields.findIndex(({ name }) => name === "s_uuid")] = "0".repeat(32);
  return values;
}

function point(event: TsemEvent): Buffer {
  const out = Buffer.alloc(32);
  whole.reset();
  whole.ascii(event.op);
  whole.hex(event.actor.task);
  sha256Into(coeWithDefect(event), half, 0);
  sha256Into(cellBytes(event), half, 32);
  whole.bytes(half);
  sha256Into(whole.view(), out, 0);
  return out;
}

const coe = Buffer.alloc(40);

/** Defect: the word for fsgid holds fsuid again. */
function coeWithDefect(event: TsemEvent): Buffer {
  putCoe(event.actor.credentials, coe, 0);
  coe.copy(coe, 28, 24, 28);
  return coe;
}

function cellBytes(event: TsemEvent): Buffer {
  cell.reset();
  if (hasAttributes(event.op)) putValues(event.layout, event.values, cell);
  else {
    cell.ascii(event.op);
    cell.hex(EMPTY_CONTENT);
  }
  return cell.view();
}
