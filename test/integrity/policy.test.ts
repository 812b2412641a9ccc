import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { builtInPolicy } from "../../packages/isoline/src/integrity/policy/built-in.ts";
import { decideBuffer } from "../../packages/isoline/src/integrity/policy/buffer.ts";
import { decide, type Use } from "../../packages/isoline/src/integrity/policy/decide.ts";
import { parseImaPolicy } from "../../packages/isoline/src/integrity/policy/parse.ts";
import type { ImaPolicy } from "../../packages/isoline/src/integrity/policy/rule.ts";
import { fixture } from "./fixtures.ts";

const TCB = builtInPolicy("tcb") as ImaPolicy;

describe("rules that a kernel took", () => {
  it.each(["policy.txt", "policy-percanister.txt"])("%s: every one is read", (name) => {
    const text = fixture(name).toString();
    const { rules } = parseImaPolicy(text);
    expect(rules.map((rule) => rule.text)).toEqual(text.trim().split("\n"));
  });

  it.each([
    "measure func=FILE_MMAP mask=MAY_EXEC",
    "measure func=PATH_CHECK mask=^MAY_READ uid=0",
    "measure func=KEXEC_KERNEL_CHECK pcr=4",
    "appraise func=KEXEC_KERNEL_CHECK appraise_type=imasig|modsig",
    "appraise func=MODULE_CHECK appraise_type=imasig|modsig appraise_flag=check_blacklist",
    "measure func=KEY_CHECK keyrings=.builtin_trusted_keys|.ima",
    "measure func=CRITICAL_DATA label=selinux|kernel_info",
    "appraise func=SETXATTR_CHECK appraise_algos=sha256,sha384,sha512",
    "measure func=FILE_CHECK digest_type=verity fsuuid=8bcbe394-4f13-4144-be8e-5aa9ea2ce2f6 template=ima-ngv2",
    "appraise func=BPRM_CHECK digest_type=verity appraise_type=sigv3",
    "appraise func=BPRM_CHECK appraise_type=sigv3",
    "dont_measure obj_type=var_log_t",
    "measure subj_user=system_u func=FILE_CHECK mask=MAY_READ",
    "audit func=BPRM_CHECK uid>999",
    "dont_hash fsname=tmpfs",
    "hash fowner<1000 fgroup>0 gid=5 egid>0".replace("gid=5 ", ""),
    "dont_audit fs_subtype=sshfs permit_directio",
  ])("%s", (rule) => {
    expect(parseImaPolicy(rule).rules).toHaveLength(1);
  });

  it("may have comments, empty lines and tabs around them", () => {
    expect(parseImaPolicy("# a comment\n\n\t measure\tfunc=BPRM_CHECK \n").rules[0]).toMatchObject({ line: 3 });
  });
});

describe("an invalid rule", () => {
  it.each([
    ["measur func=BPRM_CHECK", 1, /expected an action or NAME=VALUE/],
    ["func=BPRM_CHECK", 1, /expected an action/],
    ["measure appraise", 9, /expected one action/],
    ["measure func=NOTHING", 9, /expected one of FILE_CHECK/],
    ["measure func=BPRM_CHECK func=MMAP_CHECK", 25, /given already in column 9/],
    ["measure uid=0 euid=0", 15, /given already in column 9/],
    ["measure mask=MAY_DANCE", 9, /MAY_EXEC/],
    ["measure mask<MAY_READ", 9, /takes = alone/],
    ["measure fsmagic=0xzz", 9, /magic/],
    ["measure fsuuid=1234", 9, /UUID/],
    ["measure uid=-1", 9, /number/],
    ["measure uid=4294967295", 9, /number/],
    ["measure fowner=99999999999", 9, /number/],
    ["measure template=ima-best", 9, /not a template/],
    ["measure pcr=64", 9, /register/],
    ["audit pcr=10", 7, /pcr is for measure/],
    ["dont_measure template=ima-ng", 14, /template is for measure/],
    ["measure appraise_type=imasig", 9, /for appraise/],
    ["appraise appraise_type=imasig|modsig", 10, /modsig is for/],
    ["appraise digest_type=verity", 10, /needs appraise_type=sigv3/],
    ["appraise digest_type=verity appraise_type=imasig", 29, /it is sigv3/],
    ["appraise func=MODULE_CHECK appraise_flag=check_blacklist", 28, /needs appraise_type/],
    ["appraise func=KEY_CHECK", 10, /for measure/],
    ["measure func=KEY_CHECK fowner=0", 24, /cannot have fowner/],
    ["measure func=BPRM_CHECK keyrings=.ima", 25, /cannot have keyrings/],
    ["measure func=SETXATTR_CHECK", 9, /for appraise/],
    ["appraise func=SETXATTR_CHECK", 10, /needs appraise_algos/],
    ["appraise appraise_algos=sha257", 10, /not a hash algorithm/],
    ["measure keyrings=", 9, /NAME=VALUE/],
    ["measure nonsense=1", 9, /not a condition/],
    ["measure __proto__=1", 9, /not a condition/],
    ["measure constructor=1", 9, /not a condition/],
  ])("%s: refused in column %i", (rule, column, why) => {
    const text = `dont_measure fsmagic=0x9fa0\n${rule}\n`;
    expect(() => parseImaPolicy(text)).toThrow(new RegExp(`^IMA policy, line 2, column ${column}: `));
    expect(() => parseImaPolicy(text)).toThrow(why);
  });

  it("is refused in one line whatever the text", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 80 }), (text) => {
        try {
          parseImaPolicy(text);
        } catch (fault) {
          if (!/^IMA policy, line \d+, column \d+: [^\n]+$/.test((fault as Error).message)) throw fault;
        }
      }),
      { numRuns: 300 },
    );
  });

  it.each(["", "# nothing\n"])("is refused for an empty policy", (text) => {
    expect(() => parseImaPolicy(text)).toThrow(/expected at least one rule/);
  });
});

describe("the first rule that matches decides, for each matter", () => {
  const rules = (...lines: string[]) => parseImaPolicy(lines.join("\n"));

  it("a dont_ rule before it ends the search", () => {
    expect(decide(rules("dont_measure fsmagic=0x9fa0", "measure"), use({ magic: 0x9fa0 })).measure).toBeUndefined();
    expect(decide(rules("measure", "dont_measure fsmagic=0x9fa0"), use({ magic: 0x9fa0 })).measure).toBeDefined();
  });

  it("measuring, appraising and auditing are decided separately", () => {
    const decision = decide(rules("dont_measure", "appraise fowner=0", "audit"), use({}));
    expect(decision).toMatchObject({ measure: undefined, audit: true });
    expect(decision.appraise?.text).toBe("appraise fowner=0");
  });

  it("the register and template are those of the rule", () => {
    const policy = rules("measure func=BPRM_CHECK pcr=12 template=ima-ng", "measure pcr=14");
    expect(decide(policy, use({ hook: "BPRM_CHECK" })).measure).toEqual({ register: 12, template: "ima-ng" });
    expect(decide(policy, use({})).measure).toEqual({ register: 14, template: undefined });
  });

  it("mask= is exactly that access, mask=^ any that includes it", () => {
    const both = { access: 4 | 2 };
    expect(decide(rules("measure mask=MAY_READ"), use(both)).measure).toBeUndefined();
    expect(decide(rules("measure mask=^MAY_READ"), use(both)).measure).toBeDefined();
  });

  it("ids are compared with = < and >", () => {
    const of = (condition: string, uid: number) => decide(rules(`audit ${condition}`), use({ uid })).audit;
    expect([of("uid=5", 5), of("uid=5", 6), of("uid<5", 4), of("uid<5", 5), of("uid>5", 6), of("uid>5", 5)]).toEqual([
      true,
      false,
      true,
      false,
      true,
      false,
    ]);
  });

  it("a task that may set ids matches any id that it may set", () => {
    const policy = rules("audit euid=0");
    expect(decide(policy, use({ uid: 0, euid: 7, capabilities: 0n })).audit).toBe(false);
    expect(decide(policy, use({ uid: 0, euid: 7, capabilities: 1n << 7n })).audit).toBe(true);
  });

  it("a label is matched by that label alone", () => {
    const policy = rules("measure subj_role=canisterA pcr=12");
    expect(decide(policy, use({ label: "canisterA" })).measure?.register).toBe(12);
    expect(decide(policy, use({ label: undefined })).measure).toBeUndefined();
  });

  it("filesystems are told apart by magic, name, subtype and UUID", () => {
    expect(decide(rules("audit fsname=fuse fs_subtype=sshfs"), use({ type: "fuse.sshfs" })).audit).toBe(true);
    expect(decide(rules("audit fsname=fuse fs_subtype=sshfs"), use({ type: "fuse" })).audit).toBe(false);
    const uuid = "11111111-2222-3333-4444-555555555555";
    expect(decide(rules(`audit fsuuid=${uuid}`), use({ uuid })).audit).toBe(true);
    expect(decide(rules(`audit fsuuid=${uuid}`), use({})).audit).toBe(false);
  });
});

describe("built-in policies", () => {
  it("tcb measures what runs, and what root reads, outside pseudo filesystems", () => {
    expect(decide(TCB, use({ hook: "BPRM_CHECK", access: 1, uid: 1000 })).measure).toBeDefined();
    expect(decide(TCB, use({ uid: 0 })).measure).toBeDefined();
    expect(decide(TCB, use({ uid: 1000 })).measure).toBeUndefined();
    expect(decide(TCB, use({ uid: 0, magic: 0x01021994 })).measure).toBeUndefined();
  });

  it("are put together as a kernel does, whatever their order", () => {
    const policy = builtInPolicy("critical_data|appraise_tcb|tcb|fail_securely");
    expect(policy?.failSecurely).toBe(true);
    expect(policy?.rules[0]?.text).toBe("dont_measure fsmagic=0x9fa0");
    expect(policy?.rules.at(-1)?.text).toBe("measure func=CRITICAL_DATA");
    expect(decide(policy as ImaPolicy, use({ owner: 0 })).appraise).toBeDefined();
  });

  it("are only the known ones", () => {
    expect(builtInPolicy("tcb|everything")).toBeUndefined();
  });
});

describe("a key or critical data", () => {
  const policy = parseImaPolicy(
    "dont_measure func=KEY_CHECK keyrings=.evm\nmeasure func=KEY_CHECK keyrings=_ima|.ima pcr=11\nmeasure func=CRITICAL_DATA",
  );
  const of = (hook: "KEY_CHECK" | "CRITICAL_DATA", name: string) =>
    decideBuffer(policy, { hook, name, uid: 0, gid: 0 }, 10);

  it("is measured by its keyring or label", () => {
    expect(of("KEY_CHECK", ".ima")).toBe(11);
    expect(of("KEY_CHECK", ".evm")).toBeUndefined();
    expect(of("CRITICAL_DATA", "kernel_info")).toBe(10);
  });
});

interface Asked {
  hook?: Use["hook"];
  access?: number;
  uid?: number;
  euid?: number;
  capabilities?: bigint;
  owner?: number;
  magic?: number;
  type?: string;
  uuid?: string;
  label?: string | undefined;
}

function use({
  hook = "FILE_CHECK",
  access = 4,
  uid = 0,
  euid = uid,
  capabilities = 0n,
  owner = 0,
  ...more
}: Asked): Use {
  const ids = { uid, euid, suid: euid, fsuid: euid, gid: 0, egid: 0, sgid: 0, fsgid: 0 };
  return {
    hook,
    access,
    credentials: { ...ids, capabilities },
    owner,
    group: 0,
    fsmagic: () => more.magic ?? 0xef53,
    fsname: () => more.type ?? "ext4",
    fsuuid: () => more.uuid,
    label: () => more.label,
  };
}
