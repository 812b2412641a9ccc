/** The words of canisters that have ended, from their journals: also those that could not be read at first, or lie elsewhere. */
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Digest } from "@isoline/core/digest";
import { eventToJson, formatAct, parseAct } from "@isoline/core/event";
import { iso1Point } from "@isoline/core/profile";
import { Journal } from "../../packages/isoline/src/control/journal.ts";
import * as places from "../../packages/isoline/src/control/place.ts";
import { DepartureWords } from "../../packages/isoline/src/fleet/told-departures.ts";
import type { DepartureReport, RunReport } from "../../packages/isoline/src/namespace/report.ts";
import * as files from "../../packages/isoline/src/store/bounded-file.ts";

vi.mock("../../packages/isoline/src/store/bounded-file.ts", { spy: true });
vi.mock("../../packages/isoline/src/control/place.ts", { spy: true });

const ids = { uid: 0, euid: 0, suid: 0, fsuid: 0, gid: 0, egid: 0, sgid: 0, fsgid: 0, capabilities: 0n };
const nobody = "0".repeat(64) as Digest;
const NOW = new Date(0).toISOString();
const departure = () => {
  const event = parseAct("chroot path=/srv", { task: nobody, parent: nobody, credentials: ids });
  const told = { act: formatAct(event), why: "it changed its root to /srv", event: eventToJson(event) };
  const counts = { count: 1, refused: 0, first: NOW, last: NOW, class: "new", chain: ["sh"] };
  return { ...told, ...counts, point: iso1Point(event) } as unknown as DepartureReport;
};

describe("the words of a canister that has ended", () => {
  let place: string;
  let words: DepartureWords;
  const kept = () => join(place, "run/isoline-kept");
  /** One round, in which the verifier takes everything: by label, how many. */
  const round = async () => {
    const told = new Map<string, number>();
    for await (const news of words.news(["web"])) {
      told.set(news.told.canister, news.told.departures.length);
      words.taken(news);
    }
    return [...told];
  };

  beforeEach(async () => {
    place = mkdtempSync(join(tmpdir(), "isoline-words-"));
    process.env["ISOLINE_HOST_DIRECTORY"] = place;
    mkdirSync(kept(), { recursive: true, mode: 0o700 });
    const head = { profile: "iso1", policy: "0".repeat(64), state: "0".repeat(64) };
    const report = { ...head, departures: [departure()], incomplete: [] } as unknown as RunReport;
    const about = { name: "web", command: "sh", contour: "/web.contour" };
    await new Journal(
      about,
      async () => undefined,
      () => 1,
    ).end(report);
    words = new DepartureWords();
  });
  afterEach(() => {
    vi.resetAllMocks();
    delete process.env["ISOLINE_HOST_DIRECTORY"];
    rmSync(place, { recursive: true, force: true });
  });

  it.each([
    ["be opened", () => vi.mocked(files.openRegular).mockReturnValueOnce(new files.Unfit("too many open files"))],
    [
      "be read",
      () =>
        vi.mocked(files.readOpened).mockImplementationOnce(() => {
          throw Object.assign(new Error("EIO: i/o error, read"), { code: "EIO", syscall: "read" });
        }),
    ],
  ])("are told in the next round where its journal could not %s", async (_, fail) => {
    fail();
    expect(await round()).toEqual([]);
    expect(await round()).toEqual([["web", 1]]);
    expect(await round()).toEqual([]);
  });

  it("are not looked for again in a journal that is damaged, until that changes", async () => {
    writeFileSync(join(kept(), "web.journal"), "damaged\n");
    vi.mocked(files.readOpened).mockClear();
    expect([await round(), await round()]).toEqual([[], []]);
    expect(files.readOpened).toHaveBeenCalledTimes(1);
  });

  it("are read where the journal lies, in whichever of the places", async () => {
    const further = join(place, "further");
    mkdirSync(further, { mode: 0o700 });
    renameSync(join(kept(), "web.journal"), join(further, "web.journal"));
    vi.mocked(places.fitKeptDirectories).mockReturnValue([kept(), further]);
    expect([readdirSync(kept()), await round()]).toEqual([[], [["web", 1]]]);
  });
});
