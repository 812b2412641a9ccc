import { expect, it } from "vitest";
import { assertRoom } from "./contour-room.ts";

it("contours that only nodes sent have so many bytes, and those that reference values name do not count", () => {
  const sent = [
    { digest: "aa", bytes: 60 },
    { digest: "bb", bytes: 500 },
  ];
  const room =
    (more: number, ...named: readonly string[]) =>
    () =>
      assertRoom(sent, more, { tenant: "acme", named: new Set(named), most: 100 });
  expect(room(40, "bb")).not.toThrow();
  expect(room(41, "bb")).toThrow(/at most 100 bytes that only nodes of acme sent, got 101/);
  expect(room(1)).toThrow(/got 561/);
  expect(room(100, "aa", "bb")).not.toThrow();
});
