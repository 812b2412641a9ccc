import { describe, expect, it } from "vitest";
import { type AuditRecord, recordJson, recordLine } from "../../packages/isoline/src/integrity/audit/record.ts";
import { policyRule } from "../../packages/isoline/src/integrity/audit/records.ts";
import { parseImaPolicy } from "../../packages/isoline/src/integrity/policy/parse.ts";
import type { Rule } from "../../packages/isoline/src/integrity/policy/rule.ts";

const at = new Date(1_795_527_735_621);
const record = (name: string): AuditRecord => ({
  type: "INTEGRITY_DATA",
  fields: [
    ["pid", 226],
    ["op", "appraise_data"],
    ["name", { untrusted: Buffer.from(name, "latin1") }],
    ["res", 0],
  ],
});

describe("an audit record", () => {
  it("is a line as auditd writes it", () => {
    expect(recordLine(record("/usr/bin/true"), at, 27)).toBe(
      'type=INTEGRITY_DATA msg=audit(1795527735.621:27): pid=226 op=appraise_data name="/usr/bin/true" res=0\n',
    );
  });

  it.each(["/a b", '/a"b', "/a\nb", "/a\xff"])(
    "writes a name that could end the line or the word in hexadecimal: %j",
    (name) => {
      const line = recordLine(record(name), at, 1);
      expect(line).toContain(` name=${Buffer.from(name, "latin1").toString("hex").toUpperCase()} `);
      expect(line.trimEnd().split("\n")).toHaveLength(1);
    },
  );

  it("reports a rule of a policy as the kernel does", () => {
    const [rule] = parseImaPolicy("audit func=BPRM_CHECK uid<1000 permit_directio\n").rules;
    expect(recordLine(policyRule(rule as Rule), at, 1)).toMatch(/: action=audit func=BPRM_CHECK uid<1000 res=1\n$/);
  });

  it("is an object on one line with journald's field names", () => {
    const line = recordJson(record("/a\nb"), at, 27);
    expect(line.trimEnd().split("\n")).toHaveLength(1);
    expect(JSON.parse(line)).toMatchObject({
      __REALTIME_TIMESTAMP: "1795527735621000",
      PRIORITY: "4",
      AUDIT_TYPE: "1800",
      AUDIT_TYPE_NAME: "INTEGRITY_DATA",
      AUDIT_FIELD_NAME: "/a\\x0ab",
    });
  });
});
