import { expect, it } from "vitest";
import { HostTable } from "./host-table.ts";
import { nameServersIn } from "./name-servers.ts";

const [ONE, OTHER] = [1, 2];

it("an address has the names that led to it, those that the process asked for first", () => {
  const table = new HostTable([], () => 0);
  table.add("a.example", "198.51.100.7", 30, ONE);
  table.add("b.example", "198.51.100.7", 30, OTHER);
  table.add("c.example", "198.51.100.8", 30, ONE);
  expect(table.namesOf("198.51.100.7", ONE)).toEqual(["a.example", "b.example"]);
  expect(table.namesOf("198.51.100.7", OTHER)).toEqual(["b.example", "a.example"]);
  table.add("b.example", "198.51.100.7", 30, ONE);
  expect(table.namesOf("198.51.100.7", ONE)).toEqual(["b.example", "a.example"]);
  expect(table.namesOf("::ffff:c633:6408", ONE)).toEqual(["c.example"]);
  expect(table.namesOf("198.51.100.9", ONE)).toEqual([]);
});

it("a name is kept for ten minutes at least, and a day at most", () => {
  let now = 0;
  const table = new HostTable([], () => now);
  table.add("short.example", "198.51.100.7", 0, ONE);
  table.add("long.example", "198.51.100.7", 0xffff_ffff, ONE);
  now = 599;
  expect(table.namesOf("198.51.100.7", ONE)).toHaveLength(2);
  now = 601;
  expect(table.namesOf("198.51.100.7", ONE)).toEqual(["long.example"]);
  now = 86_401;
  expect(table.namesOf("198.51.100.7", ONE)).toEqual([]);
});

it("is bounded: the oldest names of an address and the oldest addresses go first", () => {
  const table = new HostTable([], () => 0);
  for (let index = 0; index < 100; index++) table.add(`n${index}.example`, "198.51.100.7", 30, index);
  const names = table.namesOf("198.51.100.7", 99);
  expect([names.length, names[0]]).toEqual([64, "n99.example"]);
  for (let index = 0; index < 20_000; index++) table.add("x", `10.0.${index >> 8}.${index & 255}`, 30, ONE);
  expect(table.namesOf("198.51.100.7", ONE)).toEqual([]);
});

it("name servers are the first three of resolv.conf, and this machine without any", () => {
  const lines = ["# nameserver 9.9.9.9", "nameserver 192.0.2.53 ", "nameserver 2001:DB8::1", "nameserver fe80::1%eth0"];
  expect(nameServersIn(lines.join("\n"))).toEqual(["192.0.2.53", "2001:db8::1"]);
  expect(nameServersIn("search example\n")).toEqual(["127.0.0.1"]);
  expect(nameServersIn("nameserver 10.0.0.1\n".repeat(5))).toHaveLength(3);
});
