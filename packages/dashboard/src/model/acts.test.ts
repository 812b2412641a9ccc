import { describe, expect, it } from "vitest";
import { readAct } from "./acts.ts";

describe("an act in its one-line form", () => {
  it.each([
    ["open", "access=read path=/etc/hosts mode=0100644 uid=0", "read", "/etc/hosts", "open read", "mode=0100644 uid=0"],
    ["open", "access=write,append path=/var/log/a=b", "write", "/var/log/a=b", "open write,append", ""],
    ["connect", "family=inet type=tcp address=10.0.0.7:5432", "network", "tcp 10.0.0.7:5432", "connect", "family=inet"],
    ["resolve", "name=db.example records=a", "network", "db.example", "resolve", "records=a"],
    ["kill", "signal=15 relation=child", "process", "signal=15 relation=child", "kill", ""],
    ["map-anonymous", "access=execute", "run", "", "map-anonymous execute", ""],
    ["iouring", "", "system", "", "iouring", ""],
    ["open", "/etc/hosts", "read", "/etc/hosts", "open", ""],
    ["open", "access=read path=/a\\x20b path=/c", "read", "/a\\x20b", "open read", ""],
  ] as const)("%s %s", (operation, target, family, place, how, details) => {
    expect(readAct({ operation, target })).toStrictEqual({ family, place, operation: how, details });
  });
});
