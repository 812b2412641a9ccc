/** What `isoline fleet join` looks at before it uses the token: a token is for one enrolment, and its answer is said once. */
import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { needsSwtpm, SoftwareTpm } from "../attest/swtpm.ts";
import { ended, isBuilt, isoline, isolineProgram } from "../support/isoline.ts";
import { isInstalled, isRoot } from "../support/machine.ts";
import { TinyVerifier } from "./tiny-verifier.ts";

const isMissing = !isBuilt || needsSwtpm || !isInstalled("openssl");
const ME = process.geteuid?.() ?? 0;
const OTHER = 61_032;

describe.skipIf(isMissing)("isoline fleet join before the token is used (needs a build, swtpm and openssl)", () => {
  const place = mkdtempSync(join(tmpdir(), "isoline-joining-"));
  const at = (name: string) => join(place, name);
  const tpm = new SoftwareTpm();
  let server: TinyVerifier;
  const words = (...more: readonly string[]) => {
    const words = ["fleet", "join", "--server", server.url, "--name", "node-1", "--tpm", tpm.address, ...more];
    return more.includes("--state") ? words : [...words, "--state", at("state")];
  };
  const joined = (...more: readonly string[]) =>
    isoline(words("--token", "a-token-for-one-use", ...more), { cwd: place });
  const pair = (name: string) => {
    const made = ["-keyout", at(`${name}.key`), "-out", at(`${name}.pem`)];
    const kind = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-days", "9"];
    execFileSync("openssl", [...kind, "-subj", `/CN=${name}`, ...made], { stdio: "pipe" });
    chmodSync(at(`${name}.key`), 0o600);
  };

  beforeAll(async () => {
    tpm.certify();
    await tpm.start();
    server = await TinyVerifier.listen(() => ({ status: 500 }));
    for (const name of ["node", "other"]) pair(name);
  });
  beforeEach(() => {
    server.asked.length = 0;
  });
  afterAll(async () => {
    await server.close();
    await tpm.close();
    rmSync(place, { recursive: true, force: true });
  });

  it("uses it where all is well", async () => {
    expect((await joined("--certificate", "node.pem", "--key", "node.key", "--ca", "node.pem")).status).toBe(1);
    expect(server.asked.map(({ path }) => path)).toEqual(["/v1/enrolments"]);
  });

  it.each<[string, () => readonly string[], RegExp]>([
    [
      "whose place is open to others",
      () => {
        mkdirSync(at("open"), { mode: 0o755 });
        return ["--state", at("open")];
      },
      /open: expected a directory of user \d+ that is closed to others, got one .* with mode 0755; chmod 700 it\n$/,
    ],
    [
      "whose place cannot be made",
      () => ["--state", at("node.pem/state")],
      /cannot make .*node\.pem\/state: ENOTDIR.*; name another --state/,
    ],
    [
      "whose place is a file",
      () => ["--state", at("node.pem")],
      /expected a directory .*, got something else; name a dir/,
    ],
    [
      "whose key is missing",
      () => ["--certificate", "node.pem", "--key", "no.key"],
      /no\.key: expected a file .*, got nothing/,
    ],
    [
      "whose certificate is missing",
      () => ["--certificate", "no.pem", "--key", "node.key"],
      /no\.pem: expected a certificate/,
    ],
    [
      "whose key is of another certificate",
      () => ["--certificate", "node.pem", "--key", "other.key"],
      /expected a certificate in PEM as .*node\.pem and its own private key as .*other\.key, got others/,
    ],
    [
      "whose key is open to others",
      () => {
        writeFileSync(at("open.key"), "a key", { mode: 0o644 });
        return ["--certificate", "node.pem", "--key", "open.key"];
      },
      /open\.key: expected a file .* with mode 0644; chmod 600 it\n$/,
    ],
    [
      "whose certificates of the verifier are an empty file",
      () => {
        writeFileSync(at("empty.pem"), "");
        return ["--ca", "empty.pem"];
      },
      /empty\.pem: expected certificates in PEM that the server's must lead to, got nothing; write them again/,
    ],
    [
      "whose certificates of the verifier are half a file",
      () => {
        writeFileSync(at("half.pem"), "-----BEGIN CERTIFICATE-----\nMIIB");
        return ["--ca", "half.pem"];
      },
      /half\.pem: expected certificates in PEM that the server's must lead to, got none that is whole/,
    ],
  ])("keeps the token of a node %s", async (_, more, expected) => {
    const { status, stderr } = await joined(...more());
    expect([status, stderr]).toEqual([1, expect.stringMatching(expected)]);
    expect(server.asked).toEqual([]);
  });

  it("keeps the token where the enrolment has no room", async () => {
    // A limit on the size of files stops a write as a full disk does.
    const limited = ["-c", 'ulimit -f 2; exec "$0" "$@"', isolineProgram, ...words("--token", "a-token-for-one-use")];
    const { status, stderr } = await ended("/bin/sh", limited, { cwd: place });
    expect([status, stderr]).toEqual([1, expect.stringMatching(/cannot write .*node\.json: EFBIG/)]);
    expect(server.asked).toEqual([]);
  });

  describe("a token in a file", () => {
    const byFile = (file: string) => isoline(words("--token-file", at(file)), { cwd: place });

    it("behind a link: names the file that it leads to", async () => {
      writeFileSync(at("behind"), "a-token-for-one-use\n", { mode: 0o600 });
      symlinkSync("behind", at("link"));
      expect((await byFile("link")).stderr).toContain(
        `got a symbolic link; name the file behind it, ${at("behind")}\n`,
      );
      symlinkSync("nowhere", at("dead"));
      expect((await byFile("dead")).stderr).toContain("got a symbolic link; it leads nowhere: name a file\n");
    });

    it.skipIf(!isRoot)("in a place that the user may not look into: says that (needs root)", async () => {
      mkdirSync(at("closed"), { mode: 0o700 });
      const asOther = { cwd: "/", uid: OTHER, env: { HOME: "/nonexistent" } };
      const said = await isoline(words("--token-file", at("closed/token")), asOther);
      expect(said.stderr).toMatch(/expected a place that user \d+ can look at, got EACCES; correct the rights/);
    });

    it.skipIf(!isRoot)("of another user: says whose, and that chown or that user helps (needs root)", async () => {
      writeFileSync(at("theirs"), "a-token-for-one-use\n", { mode: 0o600 });
      chownSync(at("theirs"), OTHER, OTHER);
      const got = `expected a file of user ${ME} that is closed to others, got one of user ${OTHER} with mode 0`;
      expect((await byFile("theirs")).stderr).toContain(`${got}600; chown ${ME} it, or be user ${OTHER}\n`);
      chmodSync(at("theirs"), 0o644);
      expect((await byFile("theirs")).stderr).toContain(
        `${got}644; chown ${ME} it and chmod 600 it, or be user ${OTHER}\n`,
      );
      chownSync(at("theirs"), ME, ME);
      expect((await byFile("theirs")).stderr).toContain("with mode 0644; chmod 600 it\n");
      expect(server.asked).toEqual([]);
      chmodSync(at("theirs"), 0o600);
      await byFile("theirs");
      expect(server.asked).toHaveLength(1);
    });
  });
});
