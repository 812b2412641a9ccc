/**
 * Requests to the kernel itself, by number: `bpf`, `keyctl`, `perf_event_open`, `reboot`.
 */

/** linux/bpf.h, enum bpf_cmd */
export const bpfCommands = [
  "map-create",
  "map-lookup",
  "map-update",
  "map-delete",
  "map-next-key",
  "prog-load",
  "obj-pin",
  "obj-get",
  "prog-attach",
  "prog-detach",
  "prog-test-run",
  "prog-next-id",
  "map-next-id",
  "prog-fd-by-id",
  "map-fd-by-id",
  "obj-info",
  "prog-query",
  "raw-tracepoint-open",
  "btf-load",
  "btf-fd-by-id",
  "task-fd-query",
  "map-lookup-and-delete",
  "map-freeze",
  "btf-next-id",
  "map-lookup-batch",
  "map-lookup-and-delete-batch",
  "map-update-batch",
  "map-delete-batch",
  "link-create",
  "link-update",
  "link-fd-by-id",
  "link-next-id",
  "enable-stats",
  "iter-create",
  "link-detach",
  "prog-bind-map",
  "token-create",
] as const;

/** linux/keyctl.h; operations beyond the table keep their number. */
export const keyOperations = [
  "get-keyring-id",
  "join-session-keyring",
  "update",
  "revoke",
  "chown",
  "setperm",
  "describe",
  "clear",
  "link",
  "unlink",
  "search",
  "read",
  "instantiate",
  "negate",
  "set-reqkey-keyring",
  "set-timeout",
  "assume-authority",
  "get-security",
  "session-to-parent",
  "reject",
  "instantiate-iov",
  "invalidate",
  "get-persistent",
] as const;

/** linux/perf_event.h, enum perf_type_id */
export const perfTypes = ["hardware", "software", "tracepoint", "cache", "raw", "breakpoint"] as const;

/** linux/reboot.h: the command is the third argument. */
export const rebootCommands: Readonly<Record<number, string>> = {
  0x01234567: "restart",
  0xcdef0123: "halt",
  0x89abcdef: "cad-on",
  0: "cad-off",
  0x4321fedc: "power-off",
  0xa1b2c3d4: "restart2",
  0xd000fce2: "suspend",
  0x45584543: "kexec",
};
