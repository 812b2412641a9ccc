/** The user of a service, as the value of `--user`: isoline itself is started as root, and starts the service as that user. */
import { spawnSync } from "node:child_process";
import { CliError } from "../error.ts";
import type { Settings } from "./settings.ts";

/** A name, a number, or a specifier that systemd replaces. */
const USER = /^[A-Za-z0-9_%][A-Za-z0-9_.@%-]{0,63}$/;

/** Undefined for a service of root's. Refuses with `unfit-unit` a group that is not the user's own. */
export function userOf(unit: string, settings: Settings): string | undefined {
  const user = settings.one("User");
  const group = settings.one("Group");
  if (user === undefined) {
    if (group === undefined) return undefined;
    throw unfit(unit, `User= beside Group=${group}`, "isoline starts a service as a user with that user's groups");
  }
  if (!USER.test(user)) throw unfit(unit, "a plain name in User=", `got ${JSON.stringify(user.slice(0, 60))}`);
  if (group !== undefined && !isOwnGroup(user, group))
    throw unfit(
      unit,
      `the own group of ${user} in Group=`,
      `got ${group}; isoline starts a service with its user's groups, so change Group=`,
    );
  return user === "root" || user === "0" ? undefined : user;
}

function isOwnGroup(user: string, group: string): boolean {
  const own = told("id", ["-g", "--", user]);
  const [, , number] = told("getent", ["group", "--", group])?.split(":") ?? [];
  return own !== undefined && own === number;
}

/** What a program of the system prints; undefined if it fails. */
function told(program: string, words: readonly string[]): string | undefined {
  const { status, stdout } = spawnSync(program, words, { env: { PATH: "/usr/bin:/bin" }, encoding: "utf8" });
  return status === 0 ? stdout.trim() : undefined;
}

function unfit(unit: string, expected: string, got: string): CliError {
  return new CliError("unfit-unit", `${unit}: expected ${expected}; ${got}`);
}
