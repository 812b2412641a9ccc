/** The tree over all verdicts (docs/spec/log-entries.md). */
import { RunningRoot } from "@isoline/log/tree";
import { type Database, everyVerdict, labelDigest, type StandingVerdict } from "../store/index.ts";

export async function verdictTree(db: Database, labelKey: Uint8Array): Promise<{ verdicts: number; root: string }> {
  const tree = new RunningRoot();
  // The pages are in the order of the nodes, with which each leaf begins: so each page is sorted by itself.
  await everyVerdict(db, (page) => {
    for (const leaf of page.map((verdict) => leafOf(verdict, labelKey)).sort()) tree.add(Buffer.from(leaf));
  });
  return { verdicts: tree.size, root: Buffer.from(tree.root()).toString("hex") };
}

function leafOf({ node, label, state, failure }: StandingVerdict, key: Uint8Array): string {
  const own = label === null ? "" : ` ${labelDigest(key, node, label)}`;
  return `${node} ${state} ${failure ?? "-"}${own}\n`;
}
