/* Calls with odd arguments, several of them wrong at once. Each writes one line: the call, and the kernel's answer. No call
 * should succeed; one that does is harmless. Runs in an empty directory of its own. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

/* Calls that are newer than the headers of some distributions (arch/x86/entry/syscalls/syscall_64.tbl). */
enum { OPEN_TREE = 428, MOVE_MOUNT, FSOPEN, FSCONFIG, FSMOUNT, FSPICK, MADVISE = 440, SETATTR = 442, RELEASE = 448, FCHMODAT2 = 452, SETXATTRAT = 463, FILE_SETATTR = 469 };
enum { NO_PROCESS = 4999999, HERE = AT_FDCWD };

static char *bad;
static char long_name[5000];

static const char *outcome(long result) {
  if (result >= 0) return "ok";
  return strerrorname_np(errno);
}

#define ODD(call)                                        \
  do {                                                   \
    errno = 0;                                           \
    long result_ = (call);                               \
    printf("%s: %s\n", #call, outcome(result_));         \
    if (result_ > 2 && result_ < 500) close((int)result_); \
  } while (0)
#define CALL(...) ODD(syscall(__VA_ARGS__))

static struct open_how how;
static struct open_how *asked(unsigned long flags, unsigned long mode, unsigned long resolve) {
  how = (struct open_how){flags, mode, resolve};
  return &how;
}

static void opens(void) {
  static const unsigned long odd[][3] = {
      {0, 0200, 0}, {O_CREAT, ~0UL, 0}, {O_PATH | O_RDWR, 0, 0}, {O_PATH | O_CREAT, 0, 0}, {1UL << 40, 0, 0},
      {O_CREAT, 0644, RESOLVE_CACHED}, {O_TMPFILE | O_RDONLY, 0644, 0}, {O_TMPFILE | O_RDWR | O_CREAT, 0644, 0}, {0, 0, 1 << 20}};
  for (unsigned i = 0; i < sizeof odd / sizeof *odd; i++) {
    printf("%u ", i);
    CALL(SYS_openat2, HERE, "absent", asked(odd[i][0], odd[i][1], odd[i][2]), 24);
    CALL(SYS_openat2, -1, bad, asked(odd[i][0], odd[i][1], odd[i][2]), 24);
  }
  CALL(SYS_openat2, HERE, "file", asked(0, 0, 0), 16);
  CALL(SYS_openat2, HERE, "file", bad, 24);
  CALL(SYS_openat2, HERE, "/absent", asked(0, 0, RESOLVE_BENEATH), 24);
  static const char *const paths[] = {"absent", "absent/", "file", "file/", "dir", "dangling", "dangling/", "loop", "", "file/x", "absent/x"};
  static const int flags[] = {O_RDONLY, O_CREAT | O_RDWR, O_CREAT | O_EXCL, O_DIRECTORY | O_CREAT, O_TMPFILE | O_RDWR, O_TMPFILE, O_PATH, 3};
  for (unsigned p = 0; p < sizeof paths / sizeof *paths; p++)
    for (unsigned f = 0; f < sizeof flags / sizeof *flags; f++) {
      int fd = openat(HERE, paths[p], flags[f] & ~O_TRUNC, 0644);
      printf("open %s %x: %s\n", paths[p], flags[f], outcome(fd));
      if (fd >= 0) close(fd);
      if (strstr(paths[p], "absent") == paths[p] || strstr(paths[p], "dangling") == paths[p]) unlink("absent"), unlink("nowhere");
      fd = openat(-1, paths[p], flags[f], 0644);
      printf("openat -1 %s %x: %s\n", paths[p], flags[f], outcome(fd));
      if (fd >= 0) close(fd);
    }
  static const char *const ways[] = {"file", "file/", "file/.", "file/..", "dir", "dir/", "dir/.", "dir/..", "absent", "absent/", "dangling", "dangling/", "loop", "./file", "../.", ""};
  for (unsigned w = 0; w < sizeof ways / sizeof *ways; w++)
    for (unsigned f = 0; f < sizeof flags / sizeof *flags; f++) {
      char way[100];
      snprintf(way, sizeof way, "/proc/self/cwd/%s", ways[w]);
      int fd = openat(HERE, way, flags[f] & ~O_TRUNC, 0644);
      printf("open %s %x: %s\n", way, flags[f], outcome(fd));
      if (fd >= 0) close(fd);
      unlink("absent"), unlink("nowhere");
    }
  CALL(SYS_openat, HERE, "/proc/self/exe/", 0);
  CALL(SYS_openat, HERE, "/proc/self/exe/.", 0);
  CALL(SYS_openat, HERE, "/proc/self/exe", O_CREAT | O_EXCL | O_RDWR, 0644);
  CALL(SYS_openat, HERE, "/proc/self/exe", O_NOFOLLOW);
  CALL(SYS_openat, HERE, "/proc/self/../self/cwd/../.", 0);
  CALL(SYS_mkdir, "/proc/self/cwd", 0755);
  CALL(SYS_rmdir, "/proc/self/cwd");
  CALL(SYS_rmdir, "/proc/self/cwd/.");
  CALL(SYS_unlink, "/proc/self/cwd/dir/");
  CALL(SYS_open_by_handle_at, HERE, bad, 0);
  CALL(SYS_seccomp, 1, 8, 0);
  CALL(SYS_truncate, "absent", -1);
  CALL(SYS_truncate, "dir", -1);
  CALL(SYS_truncate, bad, -1);
  CALL(SYS_truncate, "dir", 0);
}

static void names(void) {
  CALL(SYS_renameat2, HERE, "absent", HERE, "x", ~0U);
  CALL(SYS_renameat2, HERE, "file", HERE, "dir", 3);
  CALL(SYS_renameat2, HERE, "file", HERE, "dir", 1);
  CALL(SYS_renameat2, HERE, "dir", HERE, "dir/sub", 2);
  CALL(SYS_renameat2, -1, "absent", -1, bad, 64);
  CALL(SYS_rename, "dir/..", "x");
  CALL(SYS_rename, "file", "absent/");
  CALL(SYS_rename, "", bad);
  CALL(SYS_linkat, HERE, "absent", HERE, "x", ~0);
  CALL(SYS_linkat, -1, "", HERE, "dir", AT_EMPTY_PATH);
  CALL(SYS_link, "dir", "file");
  CALL(SYS_link, "file", "/proc/x");
  CALL(SYS_unlinkat, HERE, "absent", ~0);
  CALL(SYS_unlinkat, -1, bad, 5);
  CALL(SYS_unlink, "dir/.");
  CALL(SYS_unlink, "file/");
  CALL(SYS_rmdir, "..");
  CALL(SYS_rmdir, "absent/.");
  CALL(SYS_mkdir, "dangling/", 0);
  CALL(SYS_mkdir, "loop/x", 0);
  CALL(SYS_mkdir, long_name, 0);
  CALL(SYS_mkdirat, -1, bad, 0);
  CALL(SYS_mknod, "file", S_IFDIR, 0);
  CALL(SYS_mknod, "absent/x", S_IFDIR, 0);
  CALL(SYS_mknod, "file", 0777777, 0);
  CALL(SYS_mknod, bad, S_IFDIR, 0);
  CALL(SYS_symlink, "", "file");
  CALL(SYS_symlink, bad, "file");
  CALL(SYS_symlink, long_name, "");
  CALL(SYS_execve, "absent", bad, bad);
  CALL(SYS_execve, "dir", 0, 0);
  CALL(SYS_execve, bad, 0, 0);
  CALL(SYS_execveat, HERE, "absent", 0, 0, ~0);
  CALL(SYS_execveat, -1, "", 0, 0, AT_EMPTY_PATH);
}

static void attributes(void) {
  struct timespec wrong[2] = {{0, -5}, {0, 2000000000L}}, fine[2] = {{1, 1}, {1, 1}}, none[2] = {{0, UTIME_OMIT}, {0, UTIME_OMIT}};
  struct timeval odd[2] = {{0, -5}, {0, 2000000}};
  CALL(SYS_fchmodat, HERE, "absent", 0644);
  CALL(FCHMODAT2, -1, "absent", 0644, ~0);
  CALL(SYS_fchownat, HERE, "absent", 0, 0, ~0);
  CALL(SYS_utimensat, HERE, "absent", wrong, 0);
  CALL(SYS_utimensat, HERE, "absent", fine, ~0);
  CALL(SYS_utimensat, HERE, "absent", bad, 0);
  CALL(SYS_utimensat, -1, "absent", none, ~0);
  CALL(SYS_utimensat, HERE, "absent", none, 0);
  CALL(SYS_utimensat, -1, 0, fine, AT_SYMLINK_NOFOLLOW);
  CALL(SYS_utimes, "absent", odd);
  CALL(SYS_utime, bad, bad);
  CALL(SYS_futimesat, -1, "absent", odd);
  CALL(SYS_setxattr, "absent", "user.a", "v", 1, ~0);
  CALL(SYS_setxattr, "absent", "user.a", "v", 100000, 0);
  CALL(SYS_setxattr, "absent", long_name, "v", 1, 0);
  CALL(SYS_setxattr, "absent", "user.a", bad, 1, 0);
  CALL(SYS_setxattr, bad, "", bad, 1, 0);
  CALL(SYS_fsetxattr, -1, bad, "v", 1, ~0);
  CALL(SYS_removexattr, "absent", bad);
  CALL(SYS_fremovexattr, -1, "");
  CALL(SETXATTRAT, -1, "absent", ~0, "user.a", &how, 16);
  CALL(FILE_SETATTR, HERE, "absent", &how, 8, 0);
  CALL(FILE_SETATTR, HERE, "absent", bad, 24, ~0);
}

static void sockets(void) {
  struct sockaddr_un to = {AF_UNIX, "absent.socket"};
  int stream = socket(AF_UNIX, SOCK_STREAM, 0), datagram = socket(AF_UNIX, SOCK_DGRAM, 0), inet = socket(AF_INET, SOCK_DGRAM, 0);
  int fds[] = {-1, 0, stream, datagram, inet};
  for (unsigned i = 0; i < sizeof fds / sizeof *fds; i++) {
    int fd = fds[i];
    printf("socket %u ", i);
    ODD(connect(fd, (void *)&to, 0));
    ODD(connect(fd, (void *)&to, 2));
    ODD(connect(fd, (void *)&to, 200));
    ODD(connect(fd, (void *)bad, 10));
    ODD(connect(fd, (void *)&to, sizeof to));
    ODD(bind(fd, (void *)&to, 200));
    ODD(bind(fd, (void *)bad, 16));
    ODD(sendto(fd, "x", 1, 0, (void *)&to, sizeof to));
    ODD(sendto(fd, bad, 1, 0, (void *)&to, sizeof to));
    ODD(sendto(fd, bad, 1, ~0, (void *)&to, 200));
    ODD(sendmsg(fd, (void *)bad, 0));
    to.sun_family = 77;
    ODD(connect(fd, (void *)&to, sizeof to));
    ODD(bind(fd, (void *)&to, sizeof to));
    struct msghdr many = {&to, sizeof to, 0, 99999};
    ODD(sendmsg(fd, &many, 0));
    to.sun_family = AF_UNIX;
    ODD(accept4(fd, 0, 0, ~0));
  }
  strcpy(to.sun_path, "file");
  ODD(bind(stream, (void *)&to, sizeof to));
  ODD(connect(stream, (void *)&to, sizeof to));
  strcpy(to.sun_path, "absent/s");
  ODD(bind(stream, (void *)&to, sizeof to));
  ODD(listen(-1, 1));
  ODD(socketpair(AF_UNIX, SOCK_STREAM, 99, (int *)bad));
  ODD(socket(9999, 1, 0));
  CALL(SYS_sendmmsg, inet, bad, 1, 0);
  CALL(SYS_sendmmsg, -1, bad, 0, 0);
  CALL(SYS_fcntl, 0, F_SETOWN, NO_PROCESS);
  CALL(SYS_fcntl, 0, F_SETOWN_EX, bad);
  CALL(SYS_fcntl, -1, F_SETOWN_EX, bad);
  struct { int type, pid; } owner = {9, 1}, gone = {1, NO_PROCESS}, below = {1, -7};
  CALL(SYS_fcntl, 0, F_SETOWN_EX, &owner);
  CALL(SYS_fcntl, 0, F_SETOWN_EX, &gone);
  CALL(SYS_fcntl, 0, F_SETOWN_EX, &below);
  CALL(SYS_ioctl, stream, 0x8901, bad);
  CALL(SYS_ioctl, stream, 0x8901, &gone.pid);
  CALL(SYS_ioctl, 0, 0x8901, &gone.pid);
  CALL(SYS_ioctl, -1, 0x8901, bad);
  CALL(SYS_ioctl, 0, 0x5412, bad);
}

static void processes(void) {
  static const int numbers[] = {NO_PROCESS, 0, -7, (int)0x80000000};
  for (unsigned i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    int number = numbers[i];
    printf("process %d ", number);
    if (number != 0) CALL(SYS_kill, number, 99);
    CALL(SYS_tkill, number, 9);
    CALL(SYS_tgkill, getpid(), number, 99);
    CALL(SYS_rt_sigqueueinfo, number, 9, bad);
    CALL(SYS_ptrace, PTRACE_ATTACH, number, 0, 0);
    CALL(SYS_process_vm_readv, number, bad, 1, bad, 1, 0);
    CALL(SYS_process_vm_readv, number, bad, 9999, bad, 1, 5);
    CALL(SYS_process_vm_writev, number, &how, 0, bad, 0, 0);
    CALL(SYS_prlimit64, number, 99, bad, 0);
    CALL(SYS_setpriority, 9, number, 0);
    if (number != 0) CALL(SYS_setpriority, 0, number, 0);
    if (number != 0) CALL(SYS_ioprio_set, 1, number, 99999);
    CALL(SYS_sched_setscheduler, number, 99, bad);
    CALL(SYS_sched_setparam, number, 0);
    CALL(SYS_sched_setaffinity, number, 8, bad);
    CALL(SYS_sched_setattr, number, bad, 1);
    CALL(SYS_migrate_pages, number, ~0UL, bad, bad);
    CALL(SYS_move_pages, number, 1, bad, 0, bad, ~0);
  }
  CALL(SYS_kill, NO_PROCESS, 9);
  CALL(SYS_kill, -NO_PROCESS, 15);
  CALL(SYS_tgkill, 1, 0, 9);
  siginfo_t said = {.si_code = 0};
  CALL(SYS_rt_sigqueueinfo, NO_PROCESS, 9, &said);
  int status = open("/proc/self/status", O_RDONLY);
  int fds[] = {-1, 0, status};
  for (unsigned i = 0; i < sizeof fds / sizeof *fds; i++) {
    printf("descriptor %u ", i);
    CALL(SYS_pidfd_send_signal, fds[i], 9, 0, ~0);
    CALL(SYS_pidfd_send_signal, fds[i], 99, 0, 8);
    CALL(SYS_pidfd_send_signal, fds[i], 9, bad, 0);
    CALL(SYS_pidfd_getfd, fds[i], 0, ~0);
    CALL(SYS_pidfd_getfd, fds[i], 0, 0);
    CALL(MADVISE, fds[i], bad, 1, 99, 9);
    CALL(MADVISE, fds[i], bad, 1, 99, 0);
    CALL(RELEASE, fds[i], 9);
  }
}

/* Texts that the kernel does not take: which error comes first depends on how each call reads its arguments. */
static void texts(void) {
  char *const given[] = {long_name, bad, 0, ""};
  char attributes[32] = {0};
  for (int i = 0; i < 4; i++) {
    char *text = given[i];
    printf("%d ", i);
    CALL(SYS_chroot, text);
    CALL(SYS_pivot_root, text, "dir");
    CALL(SYS_pivot_root, "dir", text);
    CALL(SYS_mount, text, "absent", "tmpfs", 0L, 0L);
    CALL(SYS_mount, "a", text, "tmpfs", 0L, "");
    CALL(SYS_mount, "a", "absent", text, 0L, 0L);
    CALL(SYS_mount, "a", "absent", "tmpfs", 0L, i == 1 ? bad : 0L);
    CALL(SYS_mount, text, "absent", 0L, 4096L, 0L);
    CALL(SYS_mount, 0L, text, 0L, 1L << 18, 0L);
    CALL(SYS_umount2, text, 0);
    CALL(SYS_umount2, text, UMOUNT_NOFOLLOW);
    CALL(OPEN_TREE, HERE, text, 0);
    CALL(OPEN_TREE, HERE, text, 1);
    CALL(MOVE_MOUNT, HERE, text, HERE, "dir", 0);
    CALL(MOVE_MOUNT, HERE, "dir", HERE, text, 0);
    CALL(FSOPEN, text, 0);
    CALL(FSPICK, HERE, text, 0);
    CALL(SETATTR, HERE, text, 0, attributes, 32);
  }
  unsigned header[2] = {7, 0}, data[6] = {0};
  CALL(SYS_capset, header, data);
  printf("the kernel's version: %x\n", header[0]);
}

static void machine(void) {
  CALL(SYS_chroot, "absent");
  CALL(SYS_chroot, bad);
  CALL(SYS_mount, "absent", "absent", "x", 0, 0);
  CALL(SYS_mount, bad, "absent", bad, 0, 0);
  CALL(SYS_umount2, "absent", ~0);
  CALL(SYS_umount2, bad, 0);
  CALL(SYS_pivot_root, "file", "dir");
  CALL(SYS_unshare, ~0);
  CALL(SYS_setns, -1, ~0);
  CALL(OPEN_TREE, HERE, "absent", ~0);
  CALL(MOVE_MOUNT, -1, "absent", -1, "absent", ~0);
  CALL(FSOPEN, bad, ~0);
  CALL(FSCONFIG, -1, 99, bad, bad, 0);
  CALL(FSPICK, HERE, "absent", ~0);
  CALL(SETATTR, HERE, "absent", 0, bad, 32);
  CALL(SYS_capset, bad, bad);
  CALL(SYS_setgroups, 99999999, bad);
  CALL(SYS_setgroups, 3, bad);
  CALL(SYS_keyctl, 9999, 0, 0, 0, 0);
  CALL(SYS_add_key, bad, bad, bad, 0, 0);
  CALL(SYS_bpf, 9999, bad, 8);
  CALL(SYS_perf_event_open, bad, 0, -1, -1, 0);
  CALL(SYS_quotactl, 0, "absent", 0, bad);
  CALL(SYS_quotactl, 0, bad, 0, bad);
  CALL(SYS_acct, "absent");
  CALL(SYS_acct, bad);
  CALL(SYS_swapon, "absent", ~0);
  CALL(SYS_swapon, bad, 0);
  CALL(SYS_swapoff, "absent");
  CALL(SYS_adjtimex, bad);
  CALL(SYS_clock_adjtime, 99, bad);
  long timex[26] = {0};
  ODD(syscall(SYS_adjtimex, timex) >= 0 && timex[10] > 0 ? 0 : -1);
  CALL(SYS_clock_adjtime, 99, timex);
  CALL(SYS_shmat, -1, 1, 010000);
  CALL(SYS_mmap, 0, 0, PROT_EXEC, 2, -1, 0);
  CALL(SYS_mmap, 0, 4096, PROT_EXEC, 2, -1, 0);
  CALL(SYS_mprotect, 1, 4096, PROT_EXEC);
  CALL(SYS_syslog, 99, 0, 0);
  CALL(SYS_sethostname, bad, -1);
}

int main(void) {
  /* The same on both sides: under a supervisor without privileges, no_new_privs is set anyway. */
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  setvbuf(stdout, 0, _IOLBF, 0);
  /* Many of these calls use descriptor 0. */
  close(0), open("/dev/null", O_RDONLY);
  bad = mmap(0, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  memset(long_name, 'a', sizeof long_name - 1);
  close(open("file", O_CREAT | O_RDWR, 0644));
  mkdir("dir", 0755), symlink("nowhere", "dangling"), symlink("loop", "loop");
  opens(), names(), attributes(), sockets(), processes(), texts(), machine();
  return 0;
}
