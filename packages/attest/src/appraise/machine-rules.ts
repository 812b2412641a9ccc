/** What a policy says of confidential machines: who made them, which firmware, and what was launched. */
import { type SnpPolicy, type Tcb, tcbParts, tcbStatuses, type TdxPolicy } from "../tee/index.ts";
import type { Located } from "./located.ts";

/** Machines of a vendor that is not named here are refused. */
export interface MachineRules {
  readonly snp: Omit<SnpPolicy, "reportData"> | undefined;
  readonly tdx: Omit<TdxPolicy, "reportData"> | undefined;
}

const HEX = /^(?:[0-9a-f]{2}){1,64}$/;
const CLOUD = /^[^\p{C}]{1,128}$/u;
const LOWEST_VMPL = 3;
const MOST_VERSION = 255;

export function machineRules(at: Located): MachineRules {
  const { snp, tdx } = at.members(["snp", "tdx"]) as Record<"snp" | "tdx", Located>;
  if (!snp.isThere && !tdx.isThere) throw at.refused("rules for snp or tdx");
  return { snp: snp.isThere ? snpRules(snp) : undefined, tdx: tdx.isThere ? tdxRules(tdx) : undefined };
}

function snpRules(at: Located): MachineRules["snp"] {
  const members = at.members(["measurements", "minimumTcb", "lowestVmpl", "clouds", "migrationAgent", "withoutSmt"]);
  const of = (name: string) => members[name] as Located;
  return {
    measurements: measurements(of("measurements"), "measurement"),
    minimumTcb: minimumTcb(of("minimumTcb")),
    lowestVmpl: of("lowestVmpl").isThere ? of("lowestVmpl").number(LOWEST_VMPL) : 0,
    clouds: of("clouds").isThere ? texts(of("clouds")) : [],
    migrationAgent: of("migrationAgent").isThere && of("migrationAgent").truth(),
    withoutSmt: of("withoutSmt").isThere && of("withoutSmt").truth(),
  };
}

function tdxRules(at: Located): MachineRules["tdx"] {
  const members = at.members(["measurements", "statuses", "leastEvaluation"]);
  const of = (name: string) => members[name] as Located;
  return {
    measurements: measurements(of("measurements"), "mrtd"),
    statuses: of("statuses").isThere
      ? of("statuses")
          .list()
          .map((one) => one.word(...tcbStatuses.filter((status) => status !== "Revoked")))
      : ["UpToDate"],
    leastEvaluation: of("leastEvaluation").isThere ? of("leastEvaluation").number(Number.MAX_SAFE_INTEGER) : 0,
  };
}

/** Values that are accepted, by the name of the measurement. Without the one of what was launched, anything could run there. */
function measurements(at: Located, launched: string): Readonly<Record<string, readonly string[]>> {
  const entries = at.entries().map(([name, values]) => {
    const listed = values.list().map((one) => one.text(HEX, "a measurement in lower-case hexadecimal"));
    if (listed.length === 0) throw values.refused("at least one value");
    return [name, listed] as const;
  });
  if (!entries.some(([name]) => name === launched)) throw at.refused(`values for ${launched}`);
  return Object.fromEntries(entries);
}

function minimumTcb(at: Located): Tcb {
  const parts = at.members(tcbParts);
  const named = Object.entries(parts).filter(([, part]) => part.isThere);
  if (named.length === 0) throw at.refused(`at least one of ${tcbParts.join(", ")}`);
  return Object.fromEntries(named.map(([name, part]) => [name, part.number(MOST_VERSION)]));
}

const texts = (at: Located): readonly string[] => at.list().map((one) => one.text(CLOUD, "the name of a cloud"));
