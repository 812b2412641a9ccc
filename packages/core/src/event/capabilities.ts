/** Capability masks in words. */

/** Names by number (linux/capability.h), without the prefix CAP_. */
const names =
  "chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable net_bind_service net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot sys_ptrace sys_pacct sys_admin sys_boot sys_nice sys_resource sys_time sys_tty_config mknod lease audit_write audit_control setfcap mac_override mac_admin syslog wake_alarm block_suspend audit_read perfmon bpf checkpoint_restore".split(
    " ",
  );

/** `no capabilities`, `all capabilities`, `all capabilities but sys_module`, `the capabilities chown, kill`. */
export function capabilityPhrase(mask: bigint): string {
  const held: string[] = [];
  const lacking: string[] = [];
  for (let bit = 0; bit < 64; bit++) {
    const has = ((mask >> BigInt(bit)) & 1n) === 1n;
    const name = names[bit];
    if (has) held.push(name ?? `number ${bit}`);
    else if (name !== undefined) lacking.push(name);
  }
  if (held.length === 0) return "no capabilities";
  if (lacking.length === 0) return "all capabilities";
  if (lacking.length <= 8) return `all capabilities but ${lacking.join(", ")}`;
  return held.length === 1 ? `the capability ${held[0]}` : `the capabilities ${held.join(", ")}`;
}

/** The names of the capabilities of a mask, in the order of their numbers. A number without a name is left out. */
export function capabilityNames(mask: bigint): string[] {
  return names.filter((_, bit) => ((mask >> BigInt(bit)) & 1n) === 1n);
}
