/* Tries to leave a namespace, and to act on its supervisor and BPF programs. A pipe called `told` names a group of attempts and
 * up to four arguments, a line at a time. Each attempt runs in a child of its own, so that none affects the next. Each of its
 * steps prints its name and errno, 0 if it went ahead; a group ends with `done`.
 * 
 * A sibling process has a number in its memory that only it should change; `sibling` prints the number. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include "rings.h"

static char words[4][256];
static pid_t sibling, supervisor;
static int question[2], answer[2], own_image, own_namespace, talk;
static struct loose loose;
static volatile int number = 1;

static void say(const char *step, long result) {
  char line[128];
  int length = snprintf(line, sizeof line, "%s %d\n", step, result < 0 ? errno : 0);
  if (write(1, line, (size_t)length) < 0) _exit(99);
}

/* The result of a ring is the negative errno itself. */
static void say_result(const char *step, long result) {
  errno = (int)-result;
  say(step, result);
}

static long bpf(int command, union bpf_attr *attributes) {
  return syscall(SYS_bpf, command, attributes, sizeof *attributes);
}

static void pause_once(pid_t pid) {
  int status;
  waitpid(pid, &status, __WALL);
}

static int in_new_namespaces(void *nothing) { return 0; }

static void leave_by_namespaces(void) {
  static char stack[65536];
  say("unshare", unshare(CLONE_NEWUTS));
  say("clone", clone(in_new_namespaces, stack + sizeof stack, CLONE_NEWPID | SIGCHLD, 0));
  say("setns", setns(own_namespace, CLONE_NEWUTS));
}

static void leave_by_user_namespace(void) { say("unshare-user", unshare(CLONE_NEWUSER)); }

static void leave_by_root(void) { say("chroot", chroot("new")); }

static void leave_by_mounts(void) {
  say("unshare-mounts", unshare(CLONE_NEWNS));
  say("mount-private", mount("none", "/", 0, MS_REC | MS_PRIVATE, 0));
  say("mount", mount("tmpfs", "new", "tmpfs", 0, 0));
  mkdir("new/old", 0700);
  say("pivot_root", syscall(SYS_pivot_root, "new", "new/old"));
}

static void write_memory(const char *step, pid_t pid) {
  char name[128];
  int file, two = 2;
  snprintf(name, sizeof name, "/proc/%d/mem", pid);
  file = open(name, O_RDWR);
  if (file < 0) say(step, -1);
  else say(step, pwrite(file, &two, sizeof two, (off_t)&number));
}

/* The bpf sensor hardly waits for its verdict on such a call, and keeps it for the next try of the thread. */
static int tries_again(long result, int *tries) {
  if (result >= 0 || errno != EPERM || (*tries)++ == 10) return 0;
  usleep(100000);
  return 1;
}

static void write_other(const char *step, pid_t pid) {
  int two = 2, tries = 0;
  struct iovec from = {&two, sizeof two}, to = {(void *)&number, sizeof two};
  long result;
  do result = process_vm_writev(pid, &from, 1, &to, 1, 0);
  while (tries_again(result, &tries));
  say(step, result);
}

static void trace(const char *step, int request, pid_t pid) {
  long result = ptrace(request, pid, 0, 0);
  say(step, result);
  if (result == 0 && request == PTRACE_ATTACH) {
    pause_once(pid);
    ptrace(PTRACE_DETACH, pid, 0, 0);
  }
}

static void take_descriptor(const char *step, pid_t pid) {
  int process = (int)syscall(SYS_pidfd_open, pid, 0), tries = 0;
  long result;
  do result = syscall(SYS_pidfd_getfd, process, 0, 0);
  while (tries_again(result, &tries));
  say(step, result);
}

static void attach(void) { trace("attach", PTRACE_ATTACH, sibling); }
static void seize(void) { trace("seize", PTRACE_SEIZE, sibling); }
static void memory_file(void) { write_memory("mem", sibling); }
static void memory(void) { write_other("vm_writev", sibling); }
static void descriptor(void) { take_descriptor("getfd", sibling); }

static void signal_supervisor(void) {
  int process = (int)syscall(SYS_pidfd_open, supervisor, 0);
  say("kill", kill(supervisor, SIGKILL));
  say("tgkill", syscall(SYS_tgkill, supervisor, atoi(words[0]), SIGSTOP));
  say("pidfd_send_signal", syscall(SYS_pidfd_send_signal, process, SIGTERM, 0, 0));
  say("kill-keeper", kill(atoi(words[1]), SIGKILL));
}

static void look_into_supervisor(void) {
  trace("attach-supervisor", PTRACE_ATTACH, supervisor);
  trace("seize-supervisor", PTRACE_SEIZE, supervisor);
  write_memory("mem-supervisor", supervisor);
  write_other("vm_writev-supervisor", supervisor);
  take_descriptor("getfd-supervisor", supervisor);
}

static void open_entry(const char *step, const char *entry, int flags) {
  char name[128];
  snprintf(name, sizeof name, "/proc/%d/%s", supervisor, entry);
  say(step, open(name, flags));
}

static void open_entries(void) {
  open_entry("environ-supervisor", "environ", O_RDONLY);
  open_entry("descriptors-supervisor", "fd", O_RDONLY | O_DIRECTORY);
  open_entry("mounts-supervisor", "mounts", O_RDONLY);
  open_entry("oom_score_adj-supervisor", "oom_score_adj", O_WRONLY);
  open_entry("coredump_filter-supervisor", "coredump_filter", O_WRONLY);
}

/* As `ps` does. */
static void list_supervisor(void) {
  open_entry("stat-supervisor", "stat", O_RDONLY);
  open_entry("status-supervisor", "status", O_RDONLY);
  open_entry("cmdline-supervisor", "cmdline", O_RDONLY);
}

static void count_supervisor(void) {
  struct perf_event_attr clock = {.type = PERF_TYPE_SOFTWARE, .size = sizeof clock, .config = PERF_COUNT_SW_TASK_CLOCK};
  say("perf-supervisor", syscall(SYS_perf_event_open, &clock, supervisor, -1, -1, 0));
}

/* A signal that would not end the process, so that it can report its arrival. */
static void adjust_supervisor(void) {
  struct rlimit far = {1 << 30, 1 << 30};
  struct sched_param none = {0};
  say("prlimit-supervisor", prlimit(supervisor, RLIMIT_CPU, &far, 0));
  say("setpriority-supervisor", setpriority(PRIO_PROCESS, (id_t)supervisor, 5));
  say("sched_setscheduler-supervisor", sched_setscheduler(supervisor, SCHED_BATCH, &none));
  say("ioprio_set-supervisor", syscall(SYS_ioprio_set, 1, supervisor, 2 << 13 | 7));
  say("move_pages-supervisor", syscall(SYS_move_pages, supervisor, 0, 0, 0, 0, 0));
}

/* A descriptor that sends any signal to its owner. */
static void signal_by_descriptor(void) {
  int ends[2];
  if (pipe(ends)) _exit(98);
  fcntl(ends[0], F_SETSIG, SIGKILL);
  fcntl(ends[0], F_SETFL, O_ASYNC | O_NONBLOCK);
  say("setown-supervisor", fcntl(ends[0], F_SETOWN, supervisor));
  if (write(ends[1], "x", 1) < 0) _exit(98);
}

static void take_maps(void) {
  union bpf_attr by_number = {.map_id = (unsigned)atoi(words[0])};
  union bpf_attr by_name = {0};
  char name[512];
  snprintf(name, sizeof name, "%s/holding", words[1]);
  by_name.pathname = (unsigned long)name;
  say("map-by-number", bpf(BPF_MAP_GET_FD_BY_ID, &by_number));
  say("map-by-name", bpf(BPF_OBJ_GET, &by_name));
}

static void remove_pins(void) {
  char pin[512], other[512];
  snprintf(pin, sizeof pin, "%s/holding", words[1]);
  snprintf(other, sizeof other, "%s/other", words[1]);
  say("unlink-pin", unlink(pin));
  say("rename-pin", rename(pin, other));
  snprintf(other, sizeof other, "%s-other", words[1]);
  say("rename-pins", rename(words[1], other));
  say("chmod-pins", chmod(words[1], 0777));
  say("chown-pins", chown(words[1], 65534, 65534));
}

static void unmount_pins(void) {
  say("umount-pins", umount2("/sys/fs/bpf", MNT_DETACH));
  say("mount-over-pins", mount("tmpfs", "/sys/fs/bpf", "tmpfs", 0, 0));
}

static void cover_pins(void) { say("mount-above-pins", mount("tmpfs", "/sys/fs", "tmpfs", 0, 0)); }

static void run_memory(void) {
  static char bytes[4 << 20];
  char *argv[] = {"escapes", "made", 0}, *environment[] = {0};
  int file = (int)syscall(SYS_memfd_create, "program", 0);
  ssize_t length = pread(own_image, bytes, sizeof bytes, 0);
  if (write(file, bytes, (size_t)length) != length) _exit(98);
  syscall(SYS_execveat, file, "", argv, environment, AT_EMPTY_PATH);
  say("fexecve", -1);
}

static void turn_off(void) { say("switch", open("/proc/sys/kernel/ftrace_enabled", O_WRONLY)); }

/* A packet that goes to its own machine by a loose source route. */
static void send_by_route(void) {
  static unsigned char control[CMSG_SPACE(8)] __attribute__((aligned(8)));
  static const unsigned char route[8] = {0x83, 7, 4, 127, 0, 0, 1, 0};
  struct sockaddr_in here = {AF_INET, htons(9), {htonl(INADDR_LOOPBACK)}, {0}};
  struct iovec text = {"text", 4};
  struct msghdr message = {&here, sizeof here, &text, 1, control, sizeof control, 0};
  struct cmsghdr *option = CMSG_FIRSTHDR(&message);
  option->cmsg_len = CMSG_LEN(sizeof route);
  option->cmsg_level = IPPROTO_IP;
  option->cmsg_type = IP_RETOPTS;
  memcpy(CMSG_DATA(option), route, sizeof route);
  say("routed-by-message", sendmsg(talk, &message, 0));
}

static struct ring ring_before;

static void use_ring(const char *kind, struct ring *ring, unsigned char flags) {
  static const char *const names[] = {"open", "mkdir", "rename", "unlink", "connect", "associate"};
  for (unsigned each = 0; each < sizeof names / sizeof *names; each++) {
    char step[64];
    snprintf(step, sizeof step, "%s-%s", kind, names[each]);
    say_result(step, ring_act(ring, names[each], flags, (unsigned short)atoi(words[0]), loose));
  }
}

static void ring_made_before(void) { use_ring("before", &ring_before, 0); }
static void ring_by_workers(void) { use_ring("worker", &ring_before, IOSQE_ASYNC); }

static void ring_made_now(void) {
  struct ring ring;
  long result = ring_make(&ring, 0);
  say_result("io_uring_setup", result < 0 ? result : 0);
  if (result >= 0) use_ring("now", &ring, 0);
}

static void ring_with_poller(void) {
  struct ring ring;
  long result = ring_make(&ring, IORING_SETUP_SQPOLL);
  say_result("poller", result < 0 ? result : 0);
  if (result >= 0) use_ring("poller", &ring, 0);
}

/* Each prints the ids afterwards, whatever the result was. */
static void say_ids(const char *step, long result) {
  char text[128];
  unsigned ids[6];
  say(step, result);
  getresuid(ids, ids + 1, ids + 2);
  getresgid(ids + 3, ids + 4, ids + 5);
  int length = snprintf(text, sizeof text, "%s-is %u,%u,%u,%u,%u,%u\n", step, ids[0], ids[1], ids[2], ids[3], ids[4], ids[5]);
  if (write(1, text, (size_t)length) < 0) _exit(99);
}

#define ID ((unsigned)atoi(words[0]))
static void set_uid(void) { say_ids("setuid", syscall(SYS_setuid, ID)); }
static void set_gid(void) { say_ids("setgid", syscall(SYS_setgid, ID)); }
static void set_reuid(void) { say_ids("setreuid", syscall(SYS_setreuid, ID, -1)); }
static void set_regid(void) { say_ids("setregid", syscall(SYS_setregid, ID, -1)); }
static void set_resuid(void) { say_ids("setresuid", syscall(SYS_setresuid, -1, ID, -1)); }
static void set_resgid(void) { say_ids("setresgid", syscall(SYS_setresgid, -1, ID, -1)); }

static void set_groups(void) {
  gid_t group = ID, now[8];
  say("setgroups", syscall(SYS_setgroups, 1, &group));
  say("setgroups-is", getgroups(8, now) == 1 && now[0] == group ? 0 : -1);
}

/* These return the previous value. */
static void set_fsids(void) {
  syscall(SYS_setfsuid, ID);
  say("setfsuid", syscall(SYS_setfsuid, -1) == (long)ID ? 0 : (errno = EPERM, -1));
  syscall(SYS_setfsgid, ID);
  say("setfsgid", syscall(SYS_setfsgid, -1) == (long)ID ? 0 : (errno = EPERM, -1));
}

/* All capabilities but the one with this number. */
static void set_capabilities(void) {
  struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2], after[2];
  unsigned which = ID % 32;
  if (syscall(SYS_capget, &head, data)) _exit(98);
  data[0].effective &= ~(1u << which);
  say("capset", syscall(SYS_capset, &head, data));
  if (syscall(SYS_capget, &head, after)) _exit(98);
  say("capset-is", memcmp(&data[0].effective, &after[0].effective, 4) ? (errno = EPERM, -1) : 0);
}

static const struct {
  const char *group;
  void (*attempt)(void);
} attempts[] = {
    {"world", leave_by_namespaces},   {"world", leave_by_user_namespace}, {"world", leave_by_root},
    {"world", leave_by_mounts},       {"others", attach},                 {"others", seize},
    {"others", memory_file},          {"others", memory},                 {"others", descriptor},
    {"supervisor", signal_supervisor}, {"supervisor", look_into_supervisor}, {"supervisor", open_entries},
    {"supervisor", count_supervisor}, {"list", list_supervisor},       {"adjust", adjust_supervisor},
    {"owner", signal_by_descriptor},  {"sensor", take_maps},              {"sensor", remove_pins},
    {"sensor", unmount_pins},         {"cover", cover_pins},              {"program", run_memory},
    {"rings", ring_made_before},      {"rings", ring_made_now},           {"rings", ring_by_workers},
    {"rings", ring_with_poller},      {"ids", set_uid},                   {"ids", set_gid},
    {"ids", set_reuid},               {"ids", set_regid},                 {"ids", set_resuid},
    {"ids", set_resgid},              {"ids", set_groups},                {"ids", set_fsids},
    {"ids", set_capabilities},        {"sensor", turn_off},               {"routes", send_by_route},
};

static void try(const char *group) {
  for (unsigned each = 0; each < sizeof attempts / sizeof *attempts; each++) {
    if (strcmp(attempts[each].group, group)) continue;
    pid_t child = fork();
    if (child == 0) {
      attempts[each].attempt();
      _exit(0);
    }
    pause_once(child);
  }
}

static void be_sibling(void) {
  char byte;
  while (read(question[0], &byte, 1) == 1) {
    int now = number;
    if (write(answer[1], &now, sizeof now) < 0) _exit(97);
  }
  _exit(0);
}

int main(int count, char **argv) {
  char line[1024], group[64];
  if (count == 2 && !strcmp(argv[1], "made")) {
    say("fexecve", open("made", O_CREAT | O_WRONLY, 0600));
    return 0;
  }
  supervisor = getppid();
  own_image = open("/proc/self/exe", O_RDONLY);
  loose.unconnected = socket(AF_INET, SOCK_STREAM, 0);
  loose.unassociated = socket(AF_UNIX, SOCK_DGRAM, 0);
  talk = socket(AF_INET, SOCK_DGRAM, 0);
  if (bind(socket(AF_UNIX, SOCK_DGRAM, 0), (struct sockaddr *)&(struct sockaddr_un){AF_UNIX, "datagrams"},
           sizeof(struct sockaddr_un)))
    return 94;
  own_namespace = open("/proc/self/ns/uts", O_RDONLY);
  if (ring_make(&ring_before, 0) < 0 || pipe(question) || pipe(answer)) return 96;
  sibling = fork();
  if (sibling == 0) {
    close(question[1]);
    be_sibling();
  }
  FILE *told = fopen("told", "r");
  printf("ready %d\n", getpid());
  fflush(stdout);
  while (told && fgets(line, sizeof line, told)) {
    if (sscanf(line, "%63s %255s %255s %255s %255s", group, words[0], words[1], words[2], words[3]) < 1) continue;
    if (!strcmp(group, "sibling")) {
      int now;
      if (write(question[1], "?", 1) < 0 || read(answer[0], &now, sizeof now) < 0) return 95;
      printf("number %d\n", now);
      fflush(stdout);
    } else {
      try(group);
      printf("done\n");
      fflush(stdout);
    }
  }
  return 0;
}
