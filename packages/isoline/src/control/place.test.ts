/** Which directories may hold the control sockets of a user. */
import { describe, expect, it } from "vitest";
import { placesOf } from "./place.ts";

const places = (uid: number, told: string | undefined, ...theirs: readonly string[]) =>
  placesOf(uid, told, (directory) => theirs.includes(directory));

describe("the directories of a user's control sockets", () => {
  it("are the same for root in a session and in a unit, and sockets are made where no session removes them", () => {
    const both = ["/run/isoline", "/run/user/0/isoline"];
    for (const told of ["/run/user/0", "/run/user/0/", undefined, "", "run/user/0"])
      expect(places(0, told, "/run/user/0", "/run/user/0/")).toEqual(both);
    // As sudo may leave it.
    expect(places(0, "/run/user/1000", "/run/user/0")).toEqual(both);
    expect(places(0, undefined)).toEqual(["/run/isoline"]);
  });

  it("are the same for another user in a session and in a unit", () => {
    expect(places(1000, "/run/user/1000", "/run/user/1000")).toEqual(["/run/user/1000/isoline", "/tmp/isoline-1000"]);
    expect(places(1000, undefined, "/run/user/1000")).toEqual(["/tmp/isoline-1000", "/run/user/1000/isoline"]);
    expect(places(1000, undefined)).toEqual(["/tmp/isoline-1000"]);
  });

  it("are not those of a session where the variable names a directory of the user's own", () => {
    expect(places(0, "/tmp/mine", "/tmp/mine", "/run/user/0")).toEqual(["/tmp/mine/isoline", "/run/isoline"]);
    expect(places(7, "/tmp/mine", "/tmp/mine", "/run/user/7")).toEqual(["/tmp/mine/isoline", "/tmp/isoline-7"]);
  });
});
