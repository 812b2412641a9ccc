/** Labels of canisters: what holds, and every bundle that is refused before anything of it runs. */
import { copyFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { missing, type Result, Workshop } from "./bundle.ts";

const why = missing("runc", "busybox");

describe.skipIf(why !== undefined)(`the label of a container${why === undefined ? "" : ` (${why})`}`, () => {
  let shop: Workshop;
  const good = { "dev.isoline.mode": "enforce", "dev.isoline.contour": "good.contour" };

  beforeAll(() => {
    shop = new Workshop();
    shop.run("echo on", "learn", "good.contour");
  });
  beforeEach(() => shop.configure({}));
  afterAll(() => shop.close());

  const start = (annotations: Record<string, string>, change?: (config: Record<string, unknown>) => void): Result =>
    shop.runc("run", "--bundle", shop.bundle("echo on", annotations, change), shop.id());

  /** One line on stderr that says why, and nothing of the container ran. */
  const refused = ({ status, stdout, stderr }: Result, reason: RegExp) => {
    expect(stderr).toMatch(/^isoline-runc: [^\n]+\n$/);
    expect(stderr).toMatch(reason);
    expect({ status, stdout }).toEqual({ status: 125, stdout: "" });
  };

  it("holds, where all is well", () => {
    expect(start(good)).toMatchObject({ status: 0, stdout: "on\n" });
  });

  it.each<[string, Record<string, string>, RegExp]>([
    ["a misspelt annotation", { ...good, "dev.isoline.contuor": "x" }, /dev\.isoline\.contuor.*correct or remove/],
    ["an unknown mode", { ...good, "dev.isoline.mode": "permissive" }, /expected one of learn, check, enforce/],
    ["half a label", { "dev.isoline.mode": "learn" }, /expected both/],
    ["a contour outside of the store", { ...good, "dev.isoline.contour": "../../etc/passwd" }, /a name of letters/],
    ["a contour that is not there", { ...good, "dev.isoline.contour": "none.contour" }, /found nothing/],
    ["another image", { ...good, "dev.isoline.image": `sha256:${"0".repeat(64)}` }, /the contour is for another image/],
    ["a relative report", { ...good, "dev.isoline.report": "report.json" }, /expected an absolute path/],
    ["no label at all", {}, /expected a label/],
  ])("refuses %s", (_, annotations, reason) => {
    refused(start(annotations), reason);
  });

  it("refuses what is no contour: a link to one, a directory, a truncated or altered file", () => {
    const file = shop.path("contours/good.contour");
    const odd = (name: string) => ({ ...good, "dev.isoline.contour": name });
    symlinkSync(file, shop.path("contours/link.contour"));
    mkdirSync(shop.path("contours/directory.contour"));
    copyFileSync(file, shop.path("contours/short.contour"));
    truncateSync(shop.path("contours/short.contour"), 2000);
    const altered = readFileSync(file, "utf8").replace("/bin/busybox", "/bin/busybex");
    writeFileSync(shop.path("contours/altered.contour"), altered);
    refused(start(odd("link.contour")), /a symbolic link/);
    refused(start(odd("directory.contour")), /a directory/);
    refused(start(odd("short.contour")), /short\.contour: /);
    refused(start(odd("altered.contour")), /altered\.contour: /);
    refused(start({ ...odd("link.contour"), "dev.isoline.mode": "learn" }), /a symbolic link/);
  });

  it("refuses bundles that are none", () => {
    refused(shop.runc("run", "--bundle", shop.path("nowhere"), shop.id()), /expected a directory/);
    const bundle = shop.bundle("echo on", good);
    const file = join(bundle, "config.json");
    const text = readFileSync(file, "utf8");
    const alter = (next: string, reason: RegExp) => {
      writeFileSync(file, next);
      refused(shop.runc("run", "--bundle", bundle, shop.id()), reason);
    };
    alter(text.slice(0, 300), /in JSON/);
    alter("[]", /expected a table/);
    alter(JSON.stringify({ ...JSON.parse(text), annotations: { "dev.isoline.mode": 7 } }), /expected text, got 7/);
    alter(JSON.stringify({ ...JSON.parse(text), root: { path: "/no/such/root" } }), /root\.path/);
    alter(`${text}${" ".repeat(5 * 2 ** 20)}`, /at most/);
    rmSync(file);
    refused(shop.runc("run", "--bundle", bundle, shop.id()), /in JSON/);
  });

  it("refuses options it does not know, ids that lead elsewhere, and restore", () => {
    const bundle = shop.bundle("echo on", good);
    refused(shop.runc("run", "--bundle", bundle, "--novel", "x", shop.id()), /no option "--novel"/);
    refused(shop.runc("run", "--bundle", bundle, "../../x"), /expected a container id/);
    refused(shop.runc("restore", "--bundle", bundle, shop.id()), /outside of their namespace/);
    refused(shop.runc("exec", "nobody", "/bin/true"), /created, found none/);
  });

  it("is learnt without one where the host says so, and annotations are the host's to forbid", () => {
    const of = (config: Record<string, unknown>) => {
      config["annotations"] = { "io.kubernetes.cri.image-name": "localhost/web:1" };
    };
    shop.configure({ unlabelled: "learn" });
    expect(start({}, of)).toMatchObject({ status: 0, stdout: "on\n" });
    expect(shop.isoline("verify", shop.path("contours/localhost_web_1.contour")).status).toBe(0);
    shop.configure({ annotations: "refuse" });
    refused(start(good), /expected no dev\.isoline/);
  });

  it("comes from the host by image, and an annotation cannot weaken it", () => {
    const image = { "io.kubernetes.cri.image-name": "registry.example/web:1" };
    shop.configure({ images: [{ image: "registry.example/*", contour: "good.contour", mode: "enforce" }] });
    expect(start(image)).toMatchObject({ status: 0, stdout: "on\n" });
    refused(start({ ...image, ...good, "dev.isoline.mode": "learn" }), /remove the annotation/);
    expect(start({ ...image, ...good }).status).toBe(0);
  });

  it("refuses a host's configuration that is not understood, or that others may write", () => {
    shop.configure({ unlabeled: "learn" });
    refused(start(good), /only the keys/);
    shop.configure({ images: [{ image: "*", contour: "x", mode: "off" }] });
    refused(start(good), /images\[0\]\.mode: expected one of/);
    writeFileSync(shop.path("host.json"), "{ images: [");
    refused(start(good), /YAML or JSON/);
  });
});
