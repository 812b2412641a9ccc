/** Every difference between the sensors about a workload is documented, and the documents list no other. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { everyday, unseen } from "../reproducibility/workloads/all.mjs";
import { unexplained, workloadDifferences } from "./guest/workload-differences.mjs";

const guarantees = readFileSync(
  fileURLToPath(new URL("../../docs/guarantees/bpf-differences.md", import.meta.url)),
  "utf8",
);

describe("the differences of workloads", () => {
  it("stand in the documents, each with its reason", () => {
    const [, section = ""] = guarantees.split("\n## The same workloads under both\n");
    const rows = (section.split("\n#")[0] ?? "").match(/^\| .*$/gm) ?? [];
    const told = (event: string | undefined) => (event === undefined ? "nothing" : `\`${event}\``);
    expect(rows.slice(2)).toEqual(
      workloadDifferences.map(({ workload, seccomp, bpf, either, why }) =>
        either === undefined
          ? `| ${workload} | ${told(seccomp)} | ${told(bpf)} | ${why} |`
          : `| ${workload} | ${told(either)} or nothing | the same | ${why} |`,
      ),
    );
  });

  it("are of workloads that exist", () => {
    const names = [...everyday, ...unseen].map(({ name }) => name);
    expect(workloadDifferences.filter(({ workload }) => !names.includes(workload))).toEqual([]);
  });
});

describe("what a workload's points differ by", () => {
  // Each sensor sees an event that the other does not.
  const workload = "dpkg-deb";
  const reason = workloadDifferences.find((each) => each.workload === workload);
  const [one, other] = [`- sh~0 as uid0~0: ${reason?.seccomp}`, `+ sh~0 as uid0~0: ${reason?.bpf} target=0`];

  it("is explained if it is exactly what was expected", () => {
    expect(unexplained(workload, [one, other])).toEqual([]);
  });

  it("is not explained by another workload's reasons, nor if it is more, or less, or the other sensor's", () => {
    expect(unexplained("another", [one, other])).toEqual([one, other]);
    expect(unexplained(workload, [one, other, `${one}r`])).toEqual([`${one}r`]);
    expect(unexplained(workload, [other])).toEqual([`missing: - ${reason?.seccomp}`]);
    expect(unexplained(workload, [one, other, `+${one.slice(1)}`])).toEqual([`+${one.slice(1)}`]);
  });

  it("may depend on the scheduler, on either side or on none", () => {
    const by = (sign: string) => `${sign} python3~0 as uid0~0: kill signal=15 relation=child target=0`;
    for (const differing of [[by("-")], [by("+")], []]) expect(unexplained("python3", differing)).toEqual([]);
    const sleeps = ["+ dash~0 as uid0~0: exec path=/usr/bin/sleep mode=0755", "+ sleep~0 as uid0~0: open path=/etc/x"];
    expect(unexplained(workload, [one, other, ...sleeps])).toEqual([]);
    expect(unexplained(workload, [one, other, "+ sleepy~0 as uid0~0: open path=/etc/x"])).toHaveLength(1);
  });
});
