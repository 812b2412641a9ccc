/** Finds the live namespaces of this user. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { CliError } from "../error.ts";
import { ControlClient } from "./client.ts";
import { isLive } from "./liveness.ts";
import { assertName, begunLabelOf, fitBegunDirectories, fitControlDirectories, meant, nameOf } from "./place.ts";

/** Every live namespace, by name. A socket without a listener is removed. */
export function liveNamespaces(): Promise<readonly ControlClient[]> {
  return listening(fitControlDirectories(), nameOf);
}

/** Every live namespace that a process began for itself at an agent of this user, by label. They are among no others. */
export function begunNamespaces(): Promise<readonly ControlClient[]> {
  return listening(fitBegunDirectories(), begunLabelOf);
}

async function listening(
  directories: readonly string[],
  nameIn: (file: string) => string | undefined,
): Promise<readonly ControlClient[]> {
  const found = directories.flatMap((directory) =>
    readdirSync(directory).flatMap((file) => {
      const name = nameIn(file);
      return name === undefined ? [] : [{ name, path: join(directory, file) }];
    }),
  );
  const live = await Promise.all(found.map(async (socket) => ((await isLive(socket.path)) ? [socket] : [])));
  return live
    .flat()
    .sort((one, other) => (one.name < other.name ? -1 : 1))
    .map(({ name, path }) => new ControlClient(name, path));
}

/** The one namespace with this name, or the only one whose name begins with it, or that of the container with this id. */
export async function findNamespace(name: string): Promise<ControlClient> {
  const live = await liveNamespaces();
  const found = meant(live, (client) => client.name, name);
  const [only, second] = found;
  if (only !== undefined && second === undefined) return only;
  const names = (found.length > 0 ? found : live).map((client) => client.name).join(", ");
  const shown = JSON.stringify(name.slice(0, 60));
  if (second !== undefined)
    throw new CliError("no-such-namespace", `${shown} could be any of ${names}; give more of the name`);
  throw new CliError(
    "no-such-namespace",
    names === ""
      ? `no live namespace is called ${shown}: none is live that user ${process.geteuid?.()} may see`
      : `no live namespace is called ${shown}; live are: ${names}; a container is called by the first twelve digits of its id, or as dev.isoline.name says (isoline ps)`,
  );
}

/** Refuses a name that is invalid or in use by a live namespace. */
export async function assertNameFree(name: string): Promise<void> {
  assertName(name);
  if ((await liveNamespaces()).some((client) => client.name === name))
    throw new CliError(
      "name-taken",
      `a live namespace is called ${name} already; choose another name, or see isoline ps`,
    );
}
