/** Labels of canisters: a valid one, and every bundle that is refused before any part of it runs. */
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { missing, type Result, Workshop } from "./bundle.ts";
import { NOBODY } from "../sensor/case.ts";

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

  /** The single line of a refusal, if no part of the container ran; otherwise the whole result. */
  const refusalOf = (result: Result): string => {
    const { status, stdout, stderr } = result;
    return status === 125 && stdout === "" && /^isoline-runc: [^\n]+\n$/.test(stderr) ? stderr : JSON.stringify(result);
  };

  it("starts the container when it is valid", () => {
    expect(start(good)).toMatchObject({ status: 0, stdout: "on\n" });
  });

  it("does not have its report written over by another contour whose file has the same name", () => {
    mkdirSync(shop.path("elsewhere"));
    copyFileSync(shop.path("contours/good.contour"), shop.path("elsewhere/good.contour"));
    const other = { ...good, "dev.isoline.contour": shop.path("elsewhere/good.contour") };
    expect(start(good).status).toBe(0);
    expect(start(other)).toMatchObject({ status: 0 });
    expect(shop.report("good.contour").contour).toBe(shop.path("contours/good.contour"));
  });

  it.each<[string, Record<string, string>, RegExp]>([
    ["a misspelt annotation", { ...good, "dev.isoline.contuor": "x" }, /dev\.isoline\.contuor.*correct or remove/],
    ["an unknown mode", { ...good, "dev.isoline.mode": "permissive" }, /expected one of learn, check, enforce/],
    ["an incomplete label", { "dev.isoline.mode": "learn" }, /expected both/],
    ["a contour outside the store", { ...good, "dev.isoline.contour": "../../etc/passwd" }, /a name of letters/],
    ["a missing contour", { ...good, "dev.isoline.contour": "none.contour" }, /found nothing/],
    ["another image", { ...good, "dev.isoline.image": `sha256:${"0".repeat(64)}` }, /the contour is for another image/],
    ["no label at all", {}, /expected a label/],
  ])("refuses %s", (_, annotations, reason) => {
    expect(refusalOf(start(annotations))).toMatch(reason);
  });

  it("refuses a contour that is a link, a directory, or a truncated or altered file", () => {
    const file = shop.path("contours/good.contour");
    const odd = (name: string) => ({ ...good, "dev.isoline.contour": name });
    symlinkSync(file, shop.path("contours/link.contour"));
    mkdirSync(shop.path("contours/directory.contour"));
    copyFileSync(file, shop.path("contours/short.contour"));
    truncateSync(shop.path("contours/short.contour"), 2000);
    const altered = readFileSync(file, "utf8").replace("/bin/busybox", "/bin/busybex");
    writeFileSync(shop.path("contours/altered.contour"), altered);
    expect(refusalOf(start(odd("link.contour")))).toMatch(/a symbolic link/);
    expect(refusalOf(start(odd("directory.contour")))).toMatch(/a directory/);
    expect(refusalOf(start(odd("short.contour")))).toMatch(/short\.contour: /);
    expect(refusalOf(start(odd("altered.contour")))).toMatch(/altered\.contour: /);
    expect(refusalOf(start({ ...odd("link.contour"), "dev.isoline.mode": "learn" }))).toMatch(/a symbolic link/);
  });

  it("refuses invalid bundles", () => {
    expect(refusalOf(shop.runc("run", "--bundle", shop.path("nowhere"), shop.id()))).toMatch(/expected a directory/);
    const bundle = shop.bundle("echo on", good);
    const file = join(bundle, "config.json");
    const text = readFileSync(file, "utf8");
    const altered = (next: string): string => {
      writeFileSync(file, next);
      return refusalOf(shop.runc("run", "--bundle", bundle, shop.id()));
    };
    expect(altered(text.slice(0, 300))).toMatch(/in JSON/);
    expect(altered("[]")).toMatch(/expected a table/);
    expect(altered(JSON.stringify({ ...JSON.parse(text), annotations: { "dev.isoline.mode": 7 } }))).toMatch(
      /expected text, got 7/,
    );
    expect(altered(JSON.stringify({ ...JSON.parse(text), root: { path: "/no/such/root" } }))).toMatch(/root\.path/);
    expect(altered(JSON.stringify({ ...JSON.parse(text), linux: { cgroupsPath: ["/x"] } }))).toMatch(
      /linux\.cgroupsPath: expected text, got a list/,
    );
    expect(altered(`${text}${" ".repeat(5 * 2 ** 20)}`)).toMatch(/at most/);
    rmSync(file);
    expect(refusalOf(shop.runc("run", "--bundle", bundle, shop.id()))).toMatch(
      /expected the configuration, found nothing/,
    );
  });

  it("refuses unknown options, ids that lead elsewhere, and restore", () => {
    const bundle = shop.bundle("echo on", good);
    expect(refusalOf(shop.runc("run", "--bundle", bundle, "--novel", "x", shop.id()))).toMatch(/no option "--novel"/);
    expect(refusalOf(shop.runc("run", "--bundle", bundle, "../../x"))).toMatch(/expected a container id/);
    expect(refusalOf(shop.runc("restore", "--bundle", bundle, shop.id()))).toMatch(/outside of their namespace/);
    expect(refusalOf(shop.runc("exec", "nobody", "/bin/true"))).toMatch(/created, found none/);
  });

  it("may be missing for learning if the host allows it, and the host may forbid annotations", () => {
    const of = (config: Record<string, unknown>) => {
      config["annotations"] = { "io.kubernetes.cri.image-name": "localhost/web:1" };
    };
    shop.configure({ unlabelled: "learn" });
    expect(start({}, of)).toMatchObject({ status: 0, stdout: "on\n" });
    const learnt = shop.path("contours/localhost_web_1@b2d47ded5e58a254428f7f54e7127f53.contour");
    expect(shop.isoline("verify", learnt).status).toBe(0);
    shop.configure({ images: [{ image: "localhost/web:1", contour: learnt, mode: "enforce" }] });
    expect(start({}, of)).toMatchObject({ status: 0, stdout: "on\n" });
    shop.configure({ annotations: "refuse" });
    expect(refusalOf(start(good))).toMatch(/expected no dev\.isoline/);
  });

  it("is learnt by an image's exact name into a file of its own, which is no rule's and no attached one", () => {
    const long = `localhost/${"long".repeat(60)}`;
    const digest = `sha256:${"a".repeat(64)}`;
    const names = ["localhost/web:2", "localhost/web/2", "localhost_web_2", `${long}:1`, `${long}:2`, "good", digest];
    const learntOf = (name: string): string => {
      shop.configure({ unlabelled: "learn" });
      const told = shop.inspect(name).stdout;
      return /^contour +(\S+)$/m.exec(told)?.[1] ?? told;
    };
    const files = names.map(learntOf);
    expect(new Set(files).size).toBe(names.length);
    const taken = ["good.contour", `${digest.replace(":", "-")}.contour`].map((name) => shop.path(`contours/${name}`));
    expect(files.filter((file) => taken.includes(file) || !file.startsWith(shop.path("contours/")))).toEqual([]);
    const before = readFileSync(shop.path("contours/good.contour"));
    const named = { "io.kubernetes.cri.image-name": "good" };
    expect(shop.runc("run", "--bundle", shop.bundle("cat /etc/group; echo on", named), shop.id()).status).toBe(0);
    expect(readFileSync(shop.path("contours/good.contour"))).toEqual(before);
  });

  it("comes from the host by image, and an annotation cannot weaken it", () => {
    const image = { "io.kubernetes.cri.image-name": "registry.example/web:1" };
    shop.configure({ images: [{ image: "registry.example/*", contour: "good.contour", mode: "enforce" }] });
    expect(start(image)).toMatchObject({ status: 0, stdout: "on\n" });
    expect(refusalOf(start({ ...image, ...good, "dev.isoline.mode": "learn" }))).toMatch(/remove the annotation/);
    expect(start({ ...image, ...good }).status).toBe(0);
  });

  /** Runs a bundle as podman keeps it, with a container of localhost/other:1 whose manifest states these annotations. */
  const inStorage = (annotations: Record<string, string>, stated: Record<string, string> = {}): Result => {
    const id = shop.id();
    const bundle = shop.path(`overlay-containers/${id}/userdata`);
    const image = "a".repeat(64);
    for (const directory of [dirname(bundle), shop.path(`overlay-images/${image}`)])
      mkdirSync(directory, { recursive: true });
    renameSync(shop.bundle("echo on", annotations), bundle);
    const record = { id, image, metadata: JSON.stringify({ "image-name": "localhost/other:1" }) };
    writeFileSync(shop.path("overlay-containers/containers.json"), JSON.stringify([record]));
    writeFileSync(shop.path(`overlay-images/${image}/manifest`), JSON.stringify({ annotations: stated }));
    return shop.runc("run", "--bundle", bundle, id);
  };

  it("goes by the image that the engine has recorded, whatever an annotation calls it", () => {
    shop.configure({ images: [{ image: "registry.example/*", contour: "good.contour", mode: "enforce" }] });
    const called = { "io.kubernetes.cri.image-name": "registry.example/web:1" };
    expect(refusalOf(inStorage(called))).toMatch(/found none for "localhost\/other:1"/);
  });

  it("is no label where the image itself states it, as podman's storage shows", () => {
    expect(refusalOf(inStorage(good, { "dev.isoline.mode": "enforce" }))).toMatch(
      /mode .*which the image itself states/,
    );
    expect(inStorage(good, { "dev.isoline.mode": "learn", "org.example": "x" })).toMatchObject({ status: 0 });
  });

  it("refuses a host's configuration that is invalid, or that other users may write", () => {
    shop.configure({ unlabeled: "learn" });
    expect(refusalOf(start(good))).toMatch(/only the keys/);
    shop.configure({ images: [{ image: "*", contour: "x", mode: "off" }] });
    expect(refusalOf(start(good))).toMatch(/images\[0\]\.mode: expected one of/);
    writeFileSync(shop.path("host.json"), "{ images: [");
    expect(refusalOf(start(good))).toMatch(/YAML or JSON/);
    // The file of the valid configuration, whose mode or owner alone is wrong.
    const file = shop.path("host.json");
    shop.configure({});
    const text = readFileSync(file, "utf8");
    for (const [mode, uid] of [
      [0o664, 0],
      [0o646, 0],
      [0o644, NOBODY],
    ] as const) {
      chmodSync(file, mode);
      chownSync(file, uid, uid);
      expect(refusalOf(start(good))).toMatch(/only its owner can write/);
    }
    chownSync(file, 0, 0);
    expect(readFileSync(file, "utf8")).toBe(text);
    expect(start(good)).toMatchObject({ status: 0, stdout: "on\n" });
  });
});
