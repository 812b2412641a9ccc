/** What it would mean to permit an act, in a few words for the person who decides. */
import { type Event, subjectRecord } from "@isoline/core/event";

/** Beginnings of paths at which a program leaves what others run later, and of those that hold secrets. */
const SECRETS =
  /^\$HOME\/\.(?:ssh|gnupg|aws|kube|docker|netrc|npmrc|git-credentials|config\/gh)|^\/etc\/(?:shadow|gshadow|sudoers)|\/\.env$/;
const LASTING =
  /^\$HOME\/\.(?:bash|profile|zsh|config\/(?:autostart|systemd)|git|vim|ssh\/authorized_keys)|^\/etc\/(?:cron|systemd|init|profile|ld\.so|pam)|^\/var\/spool\/cron|\/\.git\/hooks\//;
const CHANGES = new Set(["create", "mkdir", "mknod", "symlink", "link", "rename", "unlink", "rmdir", "truncate"]);
const POWERS = new Set([
  "mount",
  "module",
  "kexec",
  "namespace",
  "setid",
  "capset",
  "chroot",
  "bpf",
  "reboot",
  "admin",
  "iouring",
]);

export function meaningOf(event: Event): string {
  const { path, access, address } = subjectRecord(event);
  const place = typeof path === "string" ? path : "";
  const writes = CHANGES.has(event.op) || (typeof access === "string" && access.includes("write"));
  if (event.op === "exec")
    return "another program runs, and is asked about what it does; what it reads of installed files comes with it";
  if (SECRETS.test(place))
    return writes ? "what keeps secrets would be changed" : "a secret would be known to this program";
  if (writes && LASTING.test(place))
    return "what is written there is run later, by others, and outside of this namespace";
  if (event.op === "connect" || event.op === "send")
    return `data could leave to ${typeof address === "string" ? address : "there"}, and others answer`;
  if (event.op === "bind" || event.op === "listen") return "others could connect to this program";
  if (event.op === "ptrace" || event.op === "vm" || event.op === "getfd" || event.op === "kill")
    return "this program would act on another process";
  if (POWERS.has(event.op)) return "the process would get rights, or a view of the machine, that it does not have now";
  if (event.op === "unlink" || event.op === "rmdir") return "something would be gone, for good";
  if (writes) return "something that is there afterwards would be made or changed";
  return "this program would know what is in there";
}
