import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type CanisterRecord, isSupervised, Records, takeOverRecord, thisSupervisor } from "./record.ts";

let place: string;
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), "isoline-record-"));
  process.env["ISOLINE_HOST_DIRECTORY"] = place;
});
afterEach(() => {
  delete process.env["ISOLINE_HOST_DIRECTORY"];
  rmSync(place, { recursive: true, force: true });
});

const gone = { pid: 4_194_305, started: "1" };
const canister = (more: Partial<CanisterRecord> = {}): CanisterRecord => ({
  ...{ isoline: 1, id: "web", socket: "/run/isoline/web.sock", supervisor: gone },
  ...{ contour: "web.contour", mode: "enforce", sensor: "bpf", ...more },
});
/** Written under the state directory of a runtime, whose own path no successor knows. */
function written(record: CanisterRecord, root = "/run/runc"): Records {
  const records = new Records(record.id, root);
  records.write(record, false);
  return records;
}

it("of a canister whose supervisor has ended names the next one, and its end", () => {
  const records = written(canister());
  const note = takeOverRecord("web", "/tmp/elsewhere/web.sock");
  const taken = records.find() as CanisterRecord;
  expect(taken).toEqual(canister({ socket: "/tmp/elsewhere/web.sock", supervisor: thisSupervisor() }));
  expect(isSupervised(taken)).toBe(true);
  note?.ended("web: on-contour");
  expect(records.find()?.ended).toBe("web: on-contour");
});

it("of a canister that was lost by a supervisor that lives on names none, so that another takes it over", () => {
  const records = written(canister());
  takeOverRecord("web", "/run/isoline/web.sock")?.lost();
  expect(isSupervised(records.find() as CanisterRecord)).toBe(false);
  expect(takeOverRecord("web", "/run/isoline/web.sock")).toBeDefined();
});

it("comes back no more once it was removed", () => {
  const records = written(canister());
  const note = takeOverRecord("web", "/run/isoline/web.sock");
  records.remove();
  note?.ended("web: on-contour");
  note?.lost();
  expect(records.find()).toBeUndefined();
});

it.each<readonly [string, Partial<CanisterRecord>]>([
  ["of another container", { id: "db" }],
  ["of one with the same id in another directory of a runtime", { socket: "/run/isoline/web-2.sock" }],
  ["that is supervised", { supervisor: thisSupervisor() }],
  ["that has ended", { ended: "web: on-contour" }],
])("%s is left as it is", (_, more) => {
  const record = canister(more);
  const records = written(record);
  expect(takeOverRecord("web", "/run/isoline/web.sock")).toBeUndefined();
  expect(records.find()).toEqual(record);
});

it("that is damaged is left out", () => {
  written(canister());
  const room = join(place, "run/canisters");
  mkdirSync(room, { recursive: true });
  writeFileSync(join(room, "a@00000000.json"), "{");
  expect(takeOverRecord("web", "/run/isoline/web.sock")).toBeDefined();
  expect(readFileSync(join(room, "a@00000000.json"), "utf8")).toBe("{");
});
