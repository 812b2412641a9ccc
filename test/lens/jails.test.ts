/** Paths and addresses outside the root, the mounts and the network of the launch. */
import { DEFAULT_POLICY } from "@isoline/core/identity";
import { describe, expect, test } from "vitest";
import { ann, bob, Namespace } from "./namespace.ts";

const process = (namespace = new Namespace()) => namespace.process(0, "node");

describe("a path of another root or mount namespace", () => {
  test.each([
    ["?in:/work/jail//etc/config", "$IN:/work/jail//etc/config"],
    ["?in:/work/jail//", "$IN:/work/jail//"],
    ["?in:/home/ann/app/jail//etc/config", "$IN:$CWD/jail//etc/config"],
    ["?in://etc/config", "$IN://etc/config"],
    ["?in://home/ann/app/x", "$IN:$CWD//x"],
    ["?in:/home//ann/app/x", "$IN:$CWD//x"],
    ["?in:tmpfs/bwrap//etc/config", "$IN:tmpfs/bwrap//etc/config"],
    ["?in:tmpfs/bwrap//tmp/x", "$IN:tmpfs/bwrap//$TMP/x"],
    ["?in:proc/unshare//proc/4711/maps", "$IN:proc/unshare//proc/$self/maps"],
    ["?in:unknown//etc/config", "$IN:unknown//etc/config"],
    ["?deleted:?in:/home/ann/app/jail//x", "?deleted:$IN:$CWD/jail//x"],
  ])("%s is %s", (path, expected) => {
    expect(process().sees(path)).toBe(expected);
  });

  test.each([
    ["/$IN:/work/jail/etc/config", "/$IN:/work/jail/etc/config"],
    ["/home/ann/app/$IN:/etc/config", "$CWD/$literal:$IN:/etc/config"],
    ["?in:/work/jail//$CWD/x", "$IN:/work/jail//$literal:$CWD/x"],
    ["?in:tmpfs/bwrap//$TMP/x", "$IN:tmpfs/bwrap//$literal:$TMP/x"],
  ])("no file name passes for it: %s is %s", (path, expected) => {
    expect(process().sees(path)).toBe(expected);
  });

  test("a file created in a jail is known by the launch's path as well", () => {
    const maker = process(new Namespace(ann, DEFAULT_POLICY));
    expect(maker.draws("?in:/home/ann/app/jail//tmp/x7Qf2aB9")).toBe("$IN:$CWD/jail//tmp/{node#1}");
    expect(maker.sees("/home/ann/app/jail/tmp/x7Qf2aB9")).toBe("$CWD/jail/tmp/{node#1}");
    expect(maker.sees("/tmp/x7Qf2aB9")).toBe("$TMP/x7Qf2aB9");
  });

  test("a file created on a mount of a jail does not pass for one outside", () => {
    const maker = process();
    expect(maker.draws("?in:tmpfs/bwrap//tmp/x7Qf2aB9")).toBe("$IN:tmpfs/bwrap//$TMP/{node#1}");
    expect(maker.sees("/tmp/x7Qf2aB9")).toBe("$TMP/x7Qf2aB9");
    expect(maker.unlinks("?in:tmpfs/bwrap//tmp/x7Qf2aB9")).toBe("$IN:tmpfs/bwrap//$TMP/{node#1}");
  });

  test("is the same on every machine", () => {
    const seen = [ann, bob].map((machine) =>
      process(new Namespace(machine)).sees(`?in:${machine.cwd}/jail//etc/config`),
    );
    expect(new Set(seen)).toEqual(new Set(["$IN:$CWD/jail//etc/config"]));
  });
});

describe("an address of another network", () => {
  test.each([
    ["?net:unshare/127.0.0.1:80", "$NET:unshare/127.0.0.1:80"],
    ["?net:unshare/@name", "$NET:unshare/@name"],
    ["?net:foreign/kernel:0", "$NET:foreign/kernel:0"],
  ])("%s is %s", (address, expected) => {
    expect(process().address("connect", address)).toBe(expected);
  });

  test("no abstract name passes for it", () => {
    expect(process().address("connect", "@$NET:unshare/127.0.0.1:80")).toBe("@$NET:unshare/127.0.0.1:80");
  });

  test("a socket that is made there is marked", () => {
    const made = process().does("socket", { family: "?net:unshare/packet", type: "raw", protocol: 0 });
    expect(made).toContain("family=$NET:unshare/packet");
  });
});
