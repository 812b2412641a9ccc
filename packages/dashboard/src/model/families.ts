/** Families of operations, as the map of a contour draws them: each has a colour, a dash pattern and a letter. */

export const families = ["run", "read", "write", "network", "process", "system"] as const;
export type Family = (typeof families)[number];

export const familyWords: Readonly<
  Record<Family, { readonly letter: string; readonly says: string; readonly dash: string }>
> = {
  run: { letter: "x", says: "runs or maps code", dash: "" },
  read: { letter: "r", says: "reads", dash: "1 4" },
  write: { letter: "w", says: "creates, writes, removes", dash: "8 3" },
  network: { letter: "n", says: "talks to", dash: "12 3 2 3" },
  process: { letter: "p", says: "acts on processes", dash: "3 3" },
  system: { letter: "s", says: "asks the system for", dash: "2 6" },
};

/** The operations of `@isoline/core/event`; one that is not listed is `system`. */
const byOperation: Readonly<Record<string, Family>> = Object.fromEntries(
  Object.entries({
    run: ["exec", "map", "map-anonymous", "protect", "module", "kexec", "bpf"],
    write: [
      ...["create", "unlink", "rmdir", "rename", "link", "symlink", "mkdir", "mknod", "truncate", "chmod", "chown"],
      ...["setxattr", "removexattr", "utimens", "setflags"],
    ],
    network: ["socket", "bind", "listen", "connect", "accept", "send", "resolve"],
    process: ["kill", "ptrace", "vm", "getfd", "adjust", "sigio"],
  } satisfies Partial<Record<Family, readonly string[]>>).flatMap(([family, operations]) =>
    operations.map((operation) => [operation, family as Family]),
  ),
);

/** The family of an operation, which may carry its access behind it: `open`, `open write`, `open access=read,write`. */
export function familyOf(operation: string): Family {
  const [name = "", ...rest] = operation.split(/[\s(]/);
  if (name === "open") return /write|append|truncate|output/.test(rest.join(" ")) ? "write" : "read";
  return Object.hasOwn(byOperation, name) ? (byOperation[name] ?? "system") : "system";
}
