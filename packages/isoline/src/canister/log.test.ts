import { expect, test } from "vitest";
import { CanisterLog, plainLine } from "./log.ts";

test("a message is one line that no terminal acts on, whatever is named in it", () => {
  const written: string[] = [];
  new CanisterLog(undefined, (text) => written.push(text)).say("error", "no /srv/\u001b[2Ja\n/\u009b31mb, got a\\x20b");
  expect(written).toEqual(["isoline-runc: no /srv/\\x1b[2Ja\\x0a/\\xc2\\x9b31mb, got a\\x20b\n"]);
  expect(plainLine("ENOENT: \u0085 /run/ü")).toBe("ENOENT: \\xc2\\x85 /run/ü");
});
