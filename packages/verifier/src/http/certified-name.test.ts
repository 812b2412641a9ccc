import { expect, it } from "vitest";
import { nodeNameIn } from "./certified-name.ts";

it.each<[string, string | undefined, string | undefined]>([
  ["node-1", undefined, "node-1"],
  ["node-1", "DNS:other, IP Address:127.0.0.1", "node-1"],
  ["node-1", "URI:https://example.org/node/node-2", "node-1"],
  ["any", "URI:spiffe://example.org/fleet/node/node-2", "node-2"],
  ["any", "DNS:a, URI:spiffe://example.org/tenant/node/node/node-2", "node-2"],
])("a certificate of %s with the names %s is that of %s", (CN, subjectaltname, name) => {
  expect(nodeNameIn({ subject: { CN }, subjectaltname })).toBe(name);
});

it.each<[unknown, string | undefined]>([
  ["node-1", 'DNS:"a, URI:spiffe://example.org/node/node-2, b"'],
  ["node-1", 'URI:spiffe://example.org/node/node-1, DNS:"a, b"'],
  ["node-1", "URI:spiffe://example.org/tenant/acme/node/node-1/canister/web"],
  ["node-1", "URI:spiffe://example.org/node/node-1, URI:spiffe://example.org/node/node-2"],
  ["node-1", "URI:SPIFFE://example.org/node/node-1"],
  [["node-1", "node-2"], undefined],
  ["node 1", undefined],
  ["node-1\0", undefined],
  [undefined, undefined],
])("a certificate of %j with the names %s is that of no node", (CN, subjectaltname) => {
  expect(nodeNameIn({ subject: { CN }, subjectaltname })).toBeUndefined();
});
