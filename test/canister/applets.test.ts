/** A container whose only program is busybox: each applet is another program, however it is called. */
import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RunReport } from "../../packages/isoline/src/namespace/report.ts";
import { missing, type Result, Workshop } from "./bundle.ts";

const why = missing("runc", "busybox");
const CONTOUR = "cat.contour";

interface Departure {
  readonly act: string;
  readonly refused: number;
}

describe.skipIf(why !== undefined)(`applets in a container${why === undefined ? "" : ` (${why})`}`, () => {
  let shop: Workshop;
  let learnt: Result;
  let learning: RunReport;

  /** A container whose first program has these words. */
  const run = (mode: string, ...words: readonly string[]): Result => {
    const label = { "dev.isoline.mode": mode, "dev.isoline.contour": CONTOUR };
    const bundle = shop.bundle("", label, ({ process }) => Object.assign(process as object, { args: words }));
    return shop.runc("run", "--bundle", bundle, shop.id());
  };
  const departures = () => shop.report(CONTOUR)["departures"] as readonly Departure[];

  beforeAll(() => {
    shop = new Workshop();
    writeFileSync(shop.path("rootfs/etc/hostname"), "box\n");
    learnt = run("learn", "/bin/busybox", "cat", "/etc/hostname");
    learning = shop.report(CONTOUR);
  });
  afterAll(() => shop?.close());

  it("the learnt one works when enforced", () => {
    expect([learnt, learning]).toMatchObject([
      { status: 0, stdout: "box\n" },
      { verdict: "learnt", incomplete: [] },
    ]);
    expect(readFileSync(shop.path(`contours/${CONTOUR}`), "utf8")).toMatch(/\n {2}exec path=\/bin\/busybox .* as=cat/);
    expect(run("enforce", "/bin/busybox", "cat", "/etc/hostname")).toMatchObject({ status: 0, stdout: "box\n" });
    expect(shop.report(CONTOUR)).toMatchObject({ verdict: "on-contour", departures: [] });
  });

  it.each<[string, readonly string[]]>([
    ["id", ["/bin/busybox", "id"]],
    ["id", ["/bin/id"]],
    ["wget", ["/bin/busybox", "wget", "-O", "-", "http://127.0.0.1:9/"]],
    ["sh", ["/bin/busybox", "sh", "-c", "cat /etc/hostname"]],
    ["id", ["/bin/busybox", "busybox", "id"]],
    ["wc", ["/bin/busybox", "wc", "/etc/hostname"]],
  ])("another is refused before it runs, and the report names it: %s, as %j", (applet, words) => {
    const { status, stdout } = run("enforce", ...words);
    expect([status, stdout]).toEqual([1, ""]);
    expect(shop.report(CONTOUR)).toMatchObject({ verdict: "off-contour", off: 1, refused: 1 });
    const act = expect.stringMatching(`^exec path=/bin/busybox .* as=${applet}( |$)`);
    expect(departures()).toEqual([expect.objectContaining({ act, refused: 1 })]);
  });
});
