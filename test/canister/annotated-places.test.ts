/** What an annotation names to be written, which an image may have chosen: it lies below the host's own folders, or nothing runs. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { missing, type Result, Workshop } from "./bundle.ts";

const why = missing("runc", "busybox");
const PRECIOUS = "precious\n";

describe.skipIf(why !== undefined)(`what an annotation has written${why === undefined ? "" : ` (${why})`}`, () => {
  let shop: Workshop;
  const good = { "dev.isoline.mode": "enforce", "dev.isoline.contour": "good.contour" };
  const image = { "io.kubernetes.cri.image-name": "registry.example/web:1" };
  const rule = { images: [{ image: "registry.example/*", contour: "good.contour", mode: "enforce" }] };

  beforeAll(() => {
    shop = new Workshop();
    shop.run("echo on", "learn", "good.contour");
    mkdirSync(shop.path("reports/own"));
    for (const folder of ["reports", "contours"]) symlinkSync(shop.path("elsewhere"), shop.path(`${folder}/link`));
  });
  beforeEach(() => {
    shop.configure({});
    rmSync(shop.path("elsewhere"), { recursive: true, force: true });
    mkdirSync(shop.path("elsewhere"));
    writeFileSync(shop.path("elsewhere/file"), PRECIOUS);
  });
  afterAll(() => shop.close());

  const start = (annotations: Record<string, string>): Result =>
    shop.runc("run", "--bundle", shop.bundle("echo on", annotations), shop.id());

  /** The single line of a refusal, if no part of the container ran and no file elsewhere is new or changed; otherwise the whole result. */
  const refusalOf = (annotations: Record<string, string>): string => {
    const result = start(annotations);
    const { status, stdout, stderr } = result;
    const files = readdirSync(shop.path("elsewhere"));
    const changed = files.filter((name) => readFileSync(shop.path(`elsewhere/${name}`), "utf8") !== PRECIOUS);
    const isRefusal = status === 125 && stdout === "" && /^isoline-runc: [^\n]+\n$/.test(stderr);
    return isRefusal && changed.length === 0 ? stderr : JSON.stringify({ ...result, changed });
  };

  const outside: [string, (shop: Workshop) => string][] = [
    ["an existing file elsewhere", ({ place }) => `${place}/elsewhere/file`],
    ["a path that leaves by ..", ({ place }) => `${place}/reports/../elsewhere/file`],
    ["a path through a link", ({ place }) => `${place}/reports/link/file`],
    ["a folder whose name begins alike", ({ place }) => `${place}/reports-of-another/file`],
    ["the folder itself", ({ place }) => `${place}/reports`],
    ["a relative path", () => "../elsewhere/file"],
  ];

  describe.each(outside)("a report in %s", (_, placeIn) => {
    const expected = /dev\.isoline\.report: expected a path below \S+\/reports/;

    it("is refused", () => {
      expect(refusalOf({ ...good, "dev.isoline.report": placeIn(shop) })).toMatch(expected);
    });

    it("is refused where the host has a rule for the image", () => {
      shop.configure(rule);
      expect(refusalOf({ ...image, "dev.isoline.report": placeIn(shop) })).toMatch(expected);
    });
  });

  it("a contour is not learnt into the file of an image without a label", () => {
    const named = shop.path("contours/registry.example_web_1@0123456789abcdef0123456789abcdef.contour");
    const learning = { "dev.isoline.mode": "learn", "dev.isoline.contour": named };
    expect(refusalOf(learning)).toMatch(/dev\.isoline\.contour: expected the name of a contour/);
  });

  it("a report is no contour, and a contour no report, also where the host keeps both in one folder or one in the other", () => {
    const report = /dev\.isoline\.report: expected the name of a report/;
    const contour = /dev\.isoline\.contour: expected the name of a contour/;
    const learning = { "dev.isoline.mode": "learn", "dev.isoline.contour": shop.path("reports/new.contour") };
    shop.configure({ reports: shop.place });
    for (const name of ["victim.contour", "victim"])
      expect(refusalOf({ ...good, "dev.isoline.report": shop.path(`contours/${name}`) })).toMatch(report);
    shop.configure({ contours: shop.place });
    expect(refusalOf(learning)).toMatch(contour);
    expect(start({ ...learning, "dev.isoline.contour": shop.path("contours/new.contour") })).toMatchObject({
      status: 0,
    });
    shop.configure({ reports: shop.place });
    const learnt = { ...learning, "dev.isoline.contour": "new.contour" };
    expect(start({ ...learnt, "dev.isoline.report": shop.path("reports/nested.json") })).toMatchObject({ status: 0 });
    shop.configure({ reports: shop.path("contours") });
    for (const name of ["victim.contour", "victim", "victim.evidence"])
      expect(refusalOf({ ...good, "dev.isoline.report": name })).toMatch(report);
    for (const name of ["victim.contour.sig", "new.json"])
      expect(refusalOf({ ...learning, "dev.isoline.contour": name })).toMatch(contour);
  });

  it("a report may be a name in the host's folder, or a path below it, also before there is that folder", () => {
    for (const report of ["run.json", shop.path("reports/own/run.json"), shop.path("reports/own/../again.json")])
      expect(start({ ...good, "dev.isoline.report": report })).toMatchObject({ status: 0, stdout: "on\n" });
    for (const name of ["run.json", "own/run.json", "again.json"])
      expect(JSON.parse(readFileSync(shop.path(`reports/${name}`), "utf8"))).toMatchObject({ verdict: "on-contour" });
    shop.configure({ reports: shop.path("later/reports") });
    mkdirSync(shop.path("later"));
    expect(start({ ...good, "dev.isoline.report": "run.json" })).toMatchObject({ status: 0, stdout: "on\n" });
    expect(existsSync(shop.path("later/reports/run.json"))).toBe(true);
    expect(refusalOf({ ...good, "dev.isoline.report": shop.path("later/reports/none/run.json") })).toMatch(
      /its directory does not exist/,
    );
  });

  it("a report is not written over that of another contour", () => {
    shop.run("true", "learn", "other.contour");
    const before = readFileSync(shop.path("reports/other.json"));
    for (const name of ["other.json", "other@0123456789abcdef.json", "other.ima/audit.jsonl"])
      expect(refusalOf({ ...good, "dev.isoline.report": shop.path(`reports/${name}`) })).toMatch(
        /the last run of another contour/,
      );
    expect(readFileSync(shop.path("reports/other.json"))).toEqual(before);
    expect(start({ ...good, "dev.isoline.report": "good.json" })).toMatchObject({ status: 0, stdout: "on\n" });
  });

  const learn = (contour: string) => ({ "dev.isoline.mode": "learn", "dev.isoline.contour": contour });

  it.each<[string, (place: string) => string]>([
    ["elsewhere", (place) => `${place}/elsewhere/unborn.contour`],
    ["by ..", (place) => `${place}/contours/../elsewhere/unborn.contour`],
    ["through a link", (place) => `${place}/contours/link/unborn.contour`],
  ])("no contour is learnt outside of the store: %s", (_, contourIn) => {
    expect(refusalOf(learn(contourIn(shop.place)))).toMatch(
      /dev\.isoline\.contour: expected a path below \S+\/contours/,
    );
  });

  it("a contour is learnt below the store, and read wherever it is", () => {
    mkdirSync(shop.path("contours/team"), { recursive: true });
    expect(start(learn(shop.path("contours/team/web.contour")))).toMatchObject({ status: 0 });
    const read = { "dev.isoline.mode": "enforce", "dev.isoline.contour": shop.path("elsewhere/web.contour") };
    writeFileSync(shop.path("elsewhere/web.contour"), readFileSync(shop.path("contours/team/web.contour")));
    expect(start(read)).toMatchObject({ status: 0, stdout: "on\n" });
  });

  it("no contour is learnt into that of a rule, or of another image", () => {
    shop.configure(rule);
    const before = readFileSync(shop.path("contours/good.contour"));
    for (const name of ["good.contour", shop.path("contours/good.contour")])
      expect(refusalOf(learn(name))).toMatch(/other than \S+ has for images like registry\.example/);
    expect(refusalOf(learn(`sha256-${"0".repeat(64)}.contour`))).toMatch(/other than an attached contour has/);
    expect(readFileSync(shop.path("contours/good.contour"))).toEqual(before);
  });

  it("a rule of the host has a contour learnt wherever it says", () => {
    const contour = shop.path("elsewhere/by-the-host.contour");
    shop.configure({ images: [{ image: "registry.example/*", contour, mode: "learn" }] });
    expect(start(image)).toMatchObject({ status: 0, stdout: "on\n" });
    expect(existsSync(contour)).toBe(true);
  });
});
