/**
 * Landlock's three system calls (linux/landlock.h; arch/x86/entry/syscalls/syscall_64.tbl), and the list of the active security
 * modules.
 *
 * Like all of `abi/`: failure is a negative errno, and buffers are used during the call only. The structs are laid out here and
 * known nowhere else.
 */
import koffi from "koffi";

const libc = koffi.load(null);
const createCall = libc.func("syscall", "long", ["long", "void *", "size_t", "long"]);
const addRuleCall = libc.func("syscall", "long", ["long", "long", "long", "void *", "long"]);
const restrictCall = libc.func("syscall", "long", ["long", "long", "long"]);
const listModulesCall = libc.func("syscall", "long", ["long", "void *", "void *", "long"]);

const NR = {
  landlock_create_ruleset: 444,
  landlock_add_rule: 445,
  landlock_restrict_self: 446,
  lsm_list_modules: 461,
} as const;
const CREATE_RULESET_VERSION = 1;
const RULE_PATH_BENEATH = 1;
const RULE_NET_PORT = 2;
/** Since version 7: refusals after an exec are logged to the audit log as well, if there is one. */
export const RESTRICT_SELF_LOG_NEW_EXEC_ON = 2;

const fail = (result: number): number => (result < 0 ? -koffi.errno() : result);

/** The highest version of the interface that this kernel supports, or a negative errno: ENOSYS or EOPNOTSUPP without Landlock. */
export function landlockVersion(): number {
  return fail(createCall(NR.landlock_create_ruleset, null, 0, CREATE_RULESET_VERSION));
}

/** The rights on files and on TCP ports that a rule set refuses unless a rule allows them, and the scopes that have no exception. */
export interface Handled {
  readonly fs: number;
  readonly net: number;
  readonly scoped: number;
}

/**
 * Creates an empty rule set and returns a descriptor (close-on-exec). `version` selects the fields of the struct that the
 * kernel knows.
 */
export function createRuleset(handled: Handled, version: number): number {
  // struct landlock_ruleset_attr: u64 handled_access_fs; since 4 u64 handled_access_net; since 6 u64 scoped.
  const attributes = Buffer.alloc(24);
  attributes.writeBigUInt64LE(BigInt(handled.fs), 0);
  attributes.writeBigUInt64LE(BigInt(handled.net), 8);
  attributes.writeBigUInt64LE(BigInt(handled.scoped), 16);
  const size = version >= 6 ? 24 : version >= 4 ? 16 : 8;
  return fail(createCall(NR.landlock_create_ruleset, attributes, size, 0));
}

/** Allows rights on a file, or on a directory and everything below it, given as a descriptor (O_PATH is enough). */
export function allowBeneath(ruleset: number, fd: number, rights: number): number {
  // struct landlock_path_beneath_attr, packed: u64 allowed_access, s32 parent_fd.
  const rule = Buffer.alloc(12);
  rule.writeBigUInt64LE(BigInt(rights), 0);
  rule.writeInt32LE(fd, 8);
  return fail(addRuleCall(NR.landlock_add_rule, ruleset, RULE_PATH_BENEATH, rule, 0));
}

/** Allows rights on a TCP port. */
export function allowPort(ruleset: number, port: number, rights: number): number {
  // struct landlock_net_port_attr: u64 allowed_access, u64 port in host order.
  const rule = Buffer.alloc(16);
  rule.writeBigUInt64LE(BigInt(rights), 0);
  rule.writeBigUInt64LE(BigInt(port), 8);
  return fail(addRuleCall(NR.landlock_add_rule, ruleset, RULE_NET_PORT, rule, 0));
}

/**
 * Puts the rule set on the calling thread and everything it starts; it cannot be removed. EPERM without no_new_privs or
 * CAP_SYS_ADMIN.
 */
export function restrictSelf(ruleset: number, flags: number): number {
  return fail(restrictCall(NR.landlock_restrict_self, ruleset, flags));
}

/** Ids of the security modules this kernel runs (uapi/linux/lsm.h), or a negative errno: ENOSYS before Linux 6.8. */
export function listSecurityModules(): number | readonly bigint[] {
  const MAX_MODULES = 32;
  const ids = Buffer.alloc(8 * MAX_MODULES);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(ids.length, 0);
  const count = fail(listModulesCall(NR.lsm_list_modules, ids, size, 0));
  return count < 0 ? count : Array.from({ length: count }, (_, index) => ids.readBigUInt64LE(index * 8));
}
