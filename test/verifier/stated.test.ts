/** What a verifier states of ledgers and of contours, without a TPM. */
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { Accepted } from "../../packages/attest/src/appraise/index.ts";
import { ledgerNews, publications } from "../../packages/verifier/src/fleet/stated.ts";
import { RunningRoot } from "../../packages/log/src/tree/index.ts";
import { decodeRecord } from "../../packages/attest/src/register/record.ts";
import { fileOf, sample } from "../attest/ledger-sample.ts";
import { entries, rootByDefinition } from "../log/logs.ts";

const { records, shared, one, other } = sample();
const NODE = "ab".repeat(32);
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const bytesOf = (count: number) => Uint8Array.from(fileOf(records.slice(0, count)));
const ledOf = (count: number) => ({ file: bytesOf(count), records: records.slice(0, count).map(decodeRecord) });
const accepted = (count: number, resetCount = 4): Accepted => {
  const file = bytesOf(count);
  const ledger = { bytes: file.length, digest: createHash("sha256").update(file).digest("hex") };
  return {
    clock: { clock: 1n, resetCount, restartCount: 0 },
    policy: { name: "default", version: 1 },
    ledger,
    canisters: [],
  };
};
const born = (record: number, { register }: { register: Uint8Array }, boot = 4) => ({
  ...({ kind: "birth", node: NODE, boot, record } as const),
  register: hex(register),
});
const headOf = (count: number, boot = 4) => ({ kind: "head", node: NODE, boot, ...accepted(count).ledger });

describe("what a verifier states of a ledger", () => {
  const news = (count: number, before: Accepted | undefined, boot = 4) =>
    ledgerNews(NODE, ledOf(count), accepted(count, boot))(before);

  it("is every birth of a register, and the head; a guest bears none", () => {
    expect(news(9, undefined)).toEqual([born(0, shared), born(1, one), born(3, other), headOf(9)]);
  });

  it("is only what came since the ledger that was accepted, and nothing where it is the same", () => {
    expect(news(4, accepted(3))).toEqual([born(3, other), headOf(4)]);
    expect(news(9, accepted(4))).toEqual([headOf(9)]);
    expect(news(9, accepted(9))).toEqual([]);
  });

  it("is no birth that was written and that the TPM has not yet, before it has", () => {
    const behind = ledgerNews(NODE, ledOf(4), accepted(3));
    expect(behind(accepted(1))).toEqual([born(1, one), headOf(3)]);
    expect(behind(accepted(3))).toEqual([]);
    expect(news(4, accepted(3))).toEqual([born(3, other), headOf(4)]);
  });

  it("begins anew with another boot", () => {
    expect(news(2, accepted(2, 3))).toEqual([born(0, shared), born(1, one), headOf(2)]);
  });

  it("is nothing where no ledger counts", () => {
    expect(ledgerNews(NODE, undefined, accepted(3))(undefined)).toEqual([]);
    expect(ledgerNews(NODE, ledOf(3), undefined)(undefined)).toEqual([]);
  });
});

describe("what a verifier states when reference values change", () => {
  const web = { name: "web", contour: "04".repeat(32), state: "05".repeat(32), images: ["sha256:1", "sha256:2"] };
  const api = { ...web, name: "api" };
  const newer = { ...web, contour: "06".repeat(32) };
  const published = ({ name, contour: digest, state, images: image }: typeof web) =>
    ({ kind: "publish-contour", name, digest, state, image, signer: [] }) as const;
  const withdrawn = ({ name, contour: digest }: typeof web) => ({ kind: "withdraw-contour", name, digest }) as const;

  it("is what goes, then what comes; nothing where only the order of images differs", () => {
    expect(publications([web], [newer])).toEqual([withdrawn(web), published(newer)]);
    expect(publications([web], [{ ...web, images: web.images.toReversed() }])).toEqual([]);
  });

  it("publishes again what still counts under another name of the file that was withdrawn", () => {
    expect(publications([web, api], [api])).toEqual([withdrawn(web), published(api)]);
  });
});

describe("the root of a tree whose leaves come one by one", () => {
  it("is that of RFC 6962", () => {
    const tree = new RunningRoot();
    expect(hex(tree.root())).toBe(createHash("sha256").digest("hex"));
    const leaves = entries(0, 40);
    for (const [at, leaf] of leaves.entries()) {
      tree.add(leaf);
      expect([tree.size, hex(tree.root())]).toEqual([at + 1, hex(rootByDefinition(leaves.slice(0, at + 1)))]);
    }
  });
});
