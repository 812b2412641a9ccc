/** The verdicts of Debian's kernel on 28 files with all kinds of `security.ima`, compared with isoline's. */
import { describe, expect, it } from "vitest";
import { appraise } from "../../packages/isoline/src/integrity/appraise/appraise.ts";
import { Keyring, readVerifyingKey } from "../../packages/isoline/src/integrity/appraise/keyring.ts";
import type { HashAlgorithm } from "../../packages/isoline/src/integrity/hash-algorithms.ts";
import { parseImaPolicy } from "../../packages/isoline/src/integrity/policy/parse.ts";
import { fixture, verityDigest } from "./fixtures.ts";

interface Verdict {
  readonly file: string;
  /** The text of the rule after `appraise func=BPRM_CHECK`. */
  readonly rule: string;
  /** A byte was added after signing. */
  readonly changed: boolean;
  /** fs-verity was enabled. */
  readonly verity: boolean;
  /** In hexadecimal; empty for a file without one. */
  readonly attribute: string;
  readonly runs: boolean;
  /** The cause in the kernel's audit record. */
  readonly cause: string | null;
}

const verdicts = fixture("verdicts.jsonl")
  .toString()
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as Verdict);
const keys = new Keyring(["verdicts-ec.der", "verdicts-rsa.der"].map((name) => readVerifyingKey(fixture(name), name)));

/** The files were copies of one program: its digest, and the digest of it with one zero byte more. */
const digests: Readonly<Record<string, readonly [plain: string, changed: string]>> = {
  sha1: ["9591c870fc6b0cbe514c9a7dcb461e2a7f3a44d9", "86db1295dafd192e48e15ea4c7f509e33dc423b2"],
  sha256: [
    "966f79fa757a940bae42c31805c1c5ee591e3724c2a5887017889379fc6cf55b",
    "2a864bd1da073a8a4a619fdb6f57f5b00b1528266f6a4bb79e63f4d42aca3aba",
  ],
  sha512: [
    "277f0519ff3ae37ea00a04519d550f953840c5cc9939c56bb030e494cc3343e6dfd80f5e7a3f022479ea8135ddc8ad99609040f30a5cc1c0b2503260c5dba08c",
    "",
  ],
};

function ours({ rule, changed, verity, attribute }: Verdict): { runs: boolean; cause: string | null } {
  const [parsed] = parseImaPolicy(`appraise func=BPRM_CHECK ${rule}`).rules;
  const asksVerity = parsed?.digest_type === "verity";
  // Without a digest of the required kind there is nothing to appraise.
  if (asksVerity && !verity) return { runs: false, cause: "no-verity-digest" };
  const content = ({ name }: HashAlgorithm) => Buffer.from(digests[name]?.[changed ? 1 : 0] ?? "", "hex");
  const { status, cause } = appraise(
    {
      attribute: attribute === "" ? undefined : Buffer.from(attribute, "hex"),
      digest: (algorithm) => (asksVerity ? verityDigest : content(algorithm)),
      verity: asksVerity,
      type: parsed?.appraise_type,
      algorithms: undefined,
    },
    keys,
  );
  return { runs: status === "pass", cause: cause ?? null };
}

describe("appraisal agrees with a kernel's", () => {
  /** The one case in which isoline allows less than the kernel does. */
  const stricter = "plain-hash-long";

  it.each(verdicts.filter(({ file }) => file !== stricter).map((each) => [each.file, each] as const))(
    "%s",
    (_, verdict) => {
      expect(ours(verdict)).toEqual({ runs: verdict.runs, cause: verdict.cause });
    },
  );

  it("but a digest with a byte after it is refused, which the kernel accepts", () => {
    const verdict = verdicts.find(({ file }) => file === stricter) as Verdict;
    expect(verdict.runs).toBe(true);
    expect(ours(verdict)).toEqual({ runs: false, cause: "invalid-hash" });
  });
});
