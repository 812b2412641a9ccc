import { expect, it } from "vitest";
import { isLoopback } from "./loopback.ts";

it("addresses of this machine alone", () => {
  const hosts = ["localhost", "127.0.0.1", "127.8.0.2", "[::1]"];
  expect(hosts.map(isLoopback)).toEqual(hosts.map(() => true));
});

it("no others, however they begin or end", () => {
  const hosts = [
    "",
    "localhost.example",
    "127.0.0.1.example",
    "x127.0.0.1",
    "10.0.0.1",
    "::1",
    "[::2]",
    "[::ffff:127.0.0.1]",
  ];
  expect(hosts.map(isLoopback)).toEqual(hosts.map(() => false));
});
