import { describe, expect, it } from "vitest";
import { compareDepartures, consequenceOfAct } from "./consequence.ts";
import { type Consequence, consequences } from "./consequence/classes.ts";
import { rules } from "./consequence/rules.ts";

const root = "mode=0100644 uid=0 gid=0 fs=disk";
const mine = "mode=0100644 uid=user gid=user fs=disk";
const of = (act: string) => consequenceOfAct(act)?.consequence;

const cases: Readonly<Record<Exclude<Consequence, "start-up">, readonly string[]>> = {
  credentials: [
    `open access=read path=/etc/shadow ${root}`,
    `open access=read path=$HOME/.ssh/id_ed25519 ${mine}`,
    `open access=read path=/root/.aws/credentials ${root}`,
    `open access=read path=$IN:/etc//shadow ${root}`,
    `open access=read path=$IN:$HOME//.netrc ${mine}`,
    `open access=read path=$CWD/.env ${mine}`,
    `link path=/etc/shadow ${root} to=$TMP/x`,
    "symlink path=$TMP/x content=/etc/shadow",
    "open access=read path=/proc/$task/mem mode=0100600 uid=user gid=user fs=proc",
    "connect family=inet type=stream address=169.254.169.254:80",
    "vm access=read relation=parent",
    "connect family=unix type=stream address=$TMP/{ssh-$random}/agent.$n",
  ],
  persistence: [
    "create access=write path=$HOME/.config/systemd/user/x.service mode=0100644",
    `open access=write,append path=$HOME/.bashrc ${mine}`,
    `rename path=$TMP/x ${mine} to=$HOME/.ssh/authorized_keys replaces=no`,
    `link path=$TMP/x ${mine} to=/etc/cron.d/x`,
    "create access=write path=/etc/ld.so.preload mode=0100644",
    `open access=write path=/usr/lib/x86_64-linux-gnu/libc.so.6 ${root}`,
    "create access=write path=$CWD/.git/hooks/post-commit mode=0100644",
    "mkdir path=$CWD/.github mode=0755",
    "create access=write path=$/etc/cron.d/{<word>} mode=0644",
    `open access=write path=/etc/passwd ${root}`,
  ],
  privilege: [
    `chmod path=$CWD/a ${mine} to=04755`,
    "create access=write path=$CWD/a mode=0104644",
    "module call=init_module path=none",
    "setid call=setuid ids=0",
    "connect family=unix type=stream address=/run/docker.sock",
    `setxattr path=$CWD/a ${mine} name=security.capability`,
    "kill signal=9 relation=outside",
  ],
  execution: [
    `exec path=$TMP/x mode=0100755 uid=user gid=user fs=disk loader=`,
    `exec path=/usr/bin/ls mode=0100755 uid=0 gid=0 fs=disk loader=`,
    `exec path=/usr/bin/dash mode=0100755 uid=0 gid=0 fs=disk loader= as=sh runs=text`,
    `map access=execute path=$TMP/evil.so ${mine}`,
    `map access=execute path=/usr/lib/x86_64-linux-gnu/libc.so.6 mode=0100666 uid=0 gid=0 fs=disk`,
    `map access=execute path=/usr/lib/x86_64-linux-gnu/libc.so.6 ${mine}`,
  ],
  network: [
    "connect family=inet type=stream address=127.0.0.1:9",
    "connect family=inet type=stream address=registry.example:443",
    "connect family=unix type=stream address=/run/nscd/socket",
    "socket family=inet type=stream protocol=0",
    "socket family=packet type=raw protocol=3",
  ],
  change: [
    `unlink path=$HOME/documents/thesis.txt ${mine}`,
    "create access=write path=$CWD/node_modules/a/.bashrc mode=0100644",
    "create access=write path=$TMP/x mode=0100644",
  ],
  read: [
    `open access=read path=/etc/passwd ${root}`,
    `open access=read path=/etc/ssl/certs/ca-certificates.crt ${root}`,
    `open access=read path=/usr/lib/x86_64-linux-gnu/security/pam_evil.so ${root}`,
    `open access=read path=/usr/lib/x86_64-linux-gnu/libc.so.6 ${mine}`,
    `open access=read path=/tmp/lib/libc.so.6 ${root}`,
    "open access=write,truncate path=/dev/null mode=020666 uid=0 gid=0 fs=disk",
  ],
};

describe("the consequence of an act", () => {
  for (const [consequence, acts] of Object.entries(cases))
    it.each(acts)(`${consequence}: %s`, (act) => {
      expect(of(act)).toBe(consequence);
    });

  it.each([
    `map access=execute path=/usr/lib/x86_64-linux-gnu/libc.so.6 ${root}`,
    `open access=read path=/etc/ld.so.cache ${root}`,
    "socket family=unix type=stream protocol=0",
    `open access=read path=/usr/lib/locale/C.utf8/LC_CTYPE ${root}`,
  ])("start-up: %s", (act) => {
    expect(of(act)).toBe("start-up");
  });

  it("of an unknown act is not known", () => {
    expect(consequenceOfAct("fly to=moon")).toBeUndefined();
    expect(consequenceOfAct("open")).toBeUndefined();
  });

  it("orders departures as the table does", () => {
    const order = consequences.flatMap((consequence) => {
      const act = consequence === "start-up" ? undefined : cases[consequence][0];
      return act === undefined ? [] : [{ act, consequence }];
    });
    expect(order.toReversed().toSorted(compareDepartures)).toEqual(order);
  });

  it("has a reason in every rule", () => {
    expect(rules.filter(({ because }) => because.length < 10)).toEqual([]);
  });
});
