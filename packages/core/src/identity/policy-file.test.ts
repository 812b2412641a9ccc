import { describe, expect, test } from "vitest";
import { canonicalPolicy, DEFAULT_POLICY, EXACT_POLICY, lensDigest, namedPolicy, policyDigest } from "./policy.ts";
import { parsePolicy } from "./policy-file.ts";
import { switchableRules } from "./rules/table.ts";

const pseudonym = { path: "$CWD/coverage/**", as: "COVERAGE", content: true };

describe("what is left out has the value the lens gives it", () => {
  test.each([{}, null, { lens: "default" }, { rules: {} }, { pseudonyms: [] }, { version: 1 }])("%j", (source) => {
    expect(parsePolicy(source)).toEqual(DEFAULT_POLICY);
  });
  test("the exact lens", () => {
    expect(parsePolicy({ lens: "exact" })).toEqual(EXACT_POLICY);
    expect(parsePolicy({ lens: "exact", content: "read" })).toEqual(EXACT_POLICY);
  });
  test("by name", () => {
    expect(namedPolicy("default")).toBe(DEFAULT_POLICY);
    expect(namedPolicy("exact")).toBe(EXACT_POLICY);
    expect(namedPolicy("__proto__")).toBeUndefined();
  });
});

test("every key that a policy can have", () => {
  const policy = parsePolicy({
    lens: "default",
    content: "read",
    rules: { pty: false, created: true },
    pseudonyms: [
      { path: "$CWD/coverage/**", as: "COVERAGE" },
      { path: "/var/log/app.log", as: "LOG", content: false },
    ],
    reaction: "deny-all",
    iouring: "allow",
    mitigations: { trusted: ["store-bypass"], untrusted: ["own-cpus"], required: true },
  });
  expect(policy).toEqual({
    lens: "default",
    classes: [],
    tools: [],
    content: "read",
    rules: { ...DEFAULT_POLICY.rules, pty: false },
    pseudonyms: [pseudonym, { path: "/var/log/app.log", as: "LOG", content: false }],
    reaction: "deny-all",
    iouring: "allow",
    mitigations: { trusted: ["store-bypass"], untrusted: ["own-cpus"], required: true },
  });
});

describe("a value that is not understood is refused with its key", () => {
  test.each<[unknown, string]>([
    [undefined, "the policy"],
    [7, "the policy"],
    ["lens: default", "the policy"],
    [[], "the policy"],
    [new Map(), "the policy"],
    [{ lense: "default" }, "lense"],
    [JSON.parse('{"__proto__": {"lens": "exact"}}'), "__proto__"],
    [{ constructor: 1 }, "constructor"],
    [{ version: 2 }, "version"],
    [{ version: "1" }, "version"],
    [{ lens: "Exact" }, "lens"],
    [{ lens: null }, "lens"],
    [{ content: true }, "content"],
    [{ lens: "exact", content: "executed" }, "content"],
    [{ reaction: ["log"] }, "reaction"],
    [{ iouring: "maybe" }, "iouring"],
    [{ rules: [] }, "rules"],
    [{ rules: { ptty: false } }, "rules.ptty"],
    [{ rules: { pseudonym: false } }, "rules.pseudonym"],
    [{ rules: { literal: false } }, "rules.literal"],
    [{ rules: { pty: "off" } }, "rules.pty"],
    [{ rules: { toString: false } }, "rules.toString"],
    [{ pseudonyms: {} }, "pseudonyms"],
    [{ pseudonyms: [null] }, "pseudonyms[0]"],
    [{ pseudonyms: [pseudonym, "x"] }, "pseudonyms[1]"],
    [{ pseudonyms: [{ ...pseudonym, paht: 1 }] }, "pseudonyms[0].paht"],
    [{ pseudonyms: [{ as: "A" }] }, "pseudonyms[0].path"],
    [{ pseudonyms: [{ path: "**", as: "A" }] }, "pseudonyms[0].path"],
    [{ pseudonyms: [{ path: "/a" }] }, "pseudonyms[0].as"],
    [{ pseudonyms: [{ path: "/a", as: "$A" }] }, "pseudonyms[0].as"],
    [{ pseudonyms: [{ path: "/a", as: "hash" }] }, "pseudonyms[0].as"],
    [{ pseudonyms: [{ path: "/a", as: "HOME" }] }, "pseudonyms[0].as"],
    [{ pseudonyms: [{ path: "/a", as: "HOST" }] }, "pseudonyms[0].as"],
    [{ pseudonyms: [{ path: "/a", as: "ROOTFS" }] }, "pseudonyms[0].as"],
    [{ pseudonyms: [{ path: "/a", as: "A", content: 0 }] }, "pseudonyms[0].content"],
    [
      {
        pseudonyms: [
          { path: "/a", as: "A" },
          { path: "/a", as: "B" },
        ],
      },
      "pseudonyms[1].path",
    ],
    [
      {
        pseudonyms: [
          { path: "/a", as: "A" },
          { path: "/b", as: "A", content: false },
        ],
      },
      "pseudonyms[1].content",
    ],
    [{ pseudonyms: Array.from({ length: 257 }, (_, index) => ({ path: `/a${index}`, as: "A" })) }, "pseudonyms"],
    [{ pseudonyms: Array.from({ length: 3 }) }, "pseudonyms[0]"],
  ])("%j: %s", (source, key) => {
    expect(() => parsePolicy(source)).toThrow(
      expect.objectContaining({ code: "bad-policy", message: expect.stringMatching(/: expected .+; got .+; .+/) }),
    );
    expect(() => parsePolicy(source)).toThrow(`policy: ${key}: expected `);
  });

  test("a refusal is one short line, whatever the value", () => {
    const name = `${"x\n".repeat(5000)}`;
    for (const source of [{ [name]: 1 }, { lens: name }, { rules: { [name]: true } }]) {
      let message = "";
      try {
        parsePolicy(source);
      } catch (error) {
        message = (error as Error).message;
      }
      expect(message).toMatch(/^policy: [^\n]{10,600}$/);
    }
  });
});

describe("canonical form", () => {
  const policy = parsePolicy({ pseudonyms: [{ as: "COVERAGE", path: "$CWD/coverage/**" }], reaction: "kill" });

  test("is one line that is read back as the same policy", () => {
    for (const one of [DEFAULT_POLICY, EXACT_POLICY, policy]) {
      const line = canonicalPolicy(one);
      expect(line).not.toContain("\n");
      expect(parsePolicy(JSON.parse(line))).toEqual(one);
      expect(canonicalPolicy(parsePolicy(JSON.parse(line)))).toBe(line);
    }
  });

  test("does not depend on how the policy was written", () => {
    const other = parsePolicy({ reaction: "kill", rules: { pty: true }, pseudonyms: [pseudonym], lens: "default" });
    expect(canonicalPolicy(other)).toBe(canonicalPolicy(policy));
    expect(policyDigest(other)).toBe(policyDigest(policy));
  });

  test("distinguishes every switch", () => {
    const digests = switchableRules.map((rule) =>
      policyDigest(parsePolicy({ rules: { [rule]: !DEFAULT_POLICY.rules[rule] } })),
    );
    expect(new Set([...digests, policyDigest(DEFAULT_POLICY), policyDigest(EXACT_POLICY)]).size).toBe(
      switchableRules.length + 2,
    );
  });

  test("the default policy never changes by accident", () => {
    expect(canonicalPolicy(DEFAULT_POLICY)).toBe(
      '{"content":"executed","iouring":"refuse","lens":"default","reaction":"log","rules":' +
        '{"allocator":true,"autobind":true,"called-name":true,"command-text":true,"content-address":true,"control-group":true,' +
        '"created":true,"device":true,"ephemeral-port":true,"home":true,"host-name":false,' +
        '"launch-user":true,"own-image":true,"own-port":true,"proc-pid":true,"pty":true,"runtime-directory":true,"temp":true,' +
        '"timestamp":true,"way-down":true,"working-directory":true},"version":1}',
    );
  });

  test("the lens has a digest of its own, which reactions do not change", () => {
    expect(lensDigest(policy)).toBe(lensDigest({ ...policy, reaction: "log", iouring: "allow" }));
    expect(lensDigest(policy)).not.toBe(lensDigest(DEFAULT_POLICY));
    expect(lensDigest(EXACT_POLICY)).not.toBe(lensDigest(DEFAULT_POLICY));
  });
});
