/** Writes to `security.ima` in real namespaces: the algorithms that are allowed. */
import { writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { isBuilt } from "../support/isoline.ts";
import { Bench, maySign } from "./live.ts";

const bench = new Bench();

/** Calls by number, because Python has no name for the newest (setxattrat). */
const SCRIPT = `
import ctypes, os, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
path = sys.argv[1].encode()
def say(what, result):
    print(what, 0 if result == 0 else ctypes.get_errno())
def put(what, value, name=b"security.ima"):
    say(what, libc.setxattr(path, name, value, len(value), 0))
put("sha256", b"\\4\\4" + bytes(32))
put("sha1", b"\\1" + bytes(range(20)))
put("sha1, longer than it should be", b"\\4\\2" + bytes(99))
put("signature by sha512", b"\\3\\2\\6" + bytes(20))
put("another attribute", b"\\1" + bytes(20), b"user.ima")
sha512 = b"\\4\\6" + bytes(64)
say("lsetxattr", libc.lsetxattr(path, b"security.ima", sha512, len(sha512), 0))
say("fsetxattr", libc.fsetxattr(os.open(path, os.O_RDONLY), b"security.ima", sha512, len(sha512), 0))
kept = ctypes.create_string_buffer(sha512)
args = struct.pack("QII", ctypes.addressof(kept), len(sha512), 0)
say("setxattrat", libc.syscall(463, -100, path, 0, b"security.ima", args, ctypes.c_size_t(len(args))))
print("holds", os.getxattr(path, "security.ima")[:2].hex())
`;

describe.skipIf(!isBuilt || !maySign)("func=SETXATTR_CHECK, as root on a filesystem with security attributes", () => {
  const policy =
    "appraise func=SETXATTR_CHECK appraise_algos=sha256,sha384\nappraise func=SETXATTR_CHECK appraise_algos=sha1\n";
  const script = () => {
    writeFileSync(bench.path("put.py"), SCRIPT);
    writeFileSync(bench.path("file"), "text");
    return `python3 -I -S ${bench.path("put.py")} ${bench.path("file")}`;
  };
  const refused = ["sha1", "sha1, longer than it should be", "signature by sha512", "lsetxattr", "fsetxattr"];

  it("refuses every algorithm but those of the first such rule, by every call, and reports it", async () => {
    const { stdout, audit, integrity, contour } = await bench.learn(script(), { policy });
    const lines = Object.fromEntries(
      stdout
        .trim()
        .split("\n")
        .map((line) => line.split(/ (?=\S+$)/)),
    );
    expect(lines).toMatchObject({ sha256: "0", "another attribute": "0", holds: "0404" });
    expect(refused.map((name) => lines[name])).toEqual(refused.map(() => "13"));
    // Linux 6.13; older kernels do not have this call.
    expect(["13", "38"]).toContain(lines["setxattrat"]);
    const denied = lines["setxattrat"] === "13" ? 6 : 5;
    expect(integrity?.denied).toBe(denied);
    expect(audit.match(/op=set_data cause=denied-hash-algorithm .*name="[^"]*\/file"/g)).toHaveLength(denied);
    expect(contour.match(/ setxattr .*name=security\.ima/g)).toHaveLength(1);
  });

  it("only reports, where appraisal only reports", async () => {
    const { stdout, audit } = await bench.learn(script(), { policy, mode: "log" });
    expect(stdout).toContain("sha1 0\n");
    expect(audit).toMatch(/op=set_data cause=denied-hash-algorithm/);
  });
});
