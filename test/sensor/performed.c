/* Calls that the supervisor performs in place of a task, where the task's state matters: its ids, groups, umask and limits, and
 * the rules it lives under. Writes the result of each, for comparison with the results without a supervisor.
 * 
 *   performed SECTION       in a directory as performed.test.ts lays it out */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/landlock.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#define TRY(call) \
  do { \
    errno = 0; \
    long got = (call); \
    printf("%s: %s\n", #call, got < 0 ? strerrorname_np(errno) : "done"); \
  } while (0)

static void tell(const char *path) {
  struct stat s;
  if (lstat(path, &s) < 0) {
    printf("  %s: %s\n", path, strerrorname_np(errno));
    return;
  }
  printf("  %s: %o, %d:%d, %ld bytes", path, s.st_mode, s.st_uid, s.st_gid, S_ISREG(s.st_mode) ? (long)s.st_size : 0L);
  for (int i = 0; i < 2; i++) {
    unsigned char acl[256];
    int size = getxattr(path, i ? "system.posix_acl_default" : "system.posix_acl_access", acl, sizeof acl);
    for (int j = 0; j < size; j++) printf("%s%02x", j ? "" : i ? ", default " : ", access ", acl[j]);
  }
  printf("\n");
}

/* A default ACL: its version, then tag, rights and id of owner, user 7, group, mask and others (linux/posix_acl_xattr.h). */
static const unsigned short entries[][4] = {{1, 7, 0xffff, 0xffff}, {2, 7, 7, 0}, {4, 5, 0xffff, 0xffff}, {16, 7, 0xffff, 0xffff}, {32, 5, 0xffff, 0xffff}};

static void modes(void) {
  unsigned char acl[4 + sizeof entries] = {2};
  memcpy(acl + 4, entries, sizeof entries);
  TRY(setxattr("acl", "system.posix_acl_default", acl, sizeof acl, 0));
  const char *places[] = {"plain", "setgid", "acl"};
  for (int mask = 0; mask < 4; mask++) {
    umask((mode_t[]){0, 022, 077, 0777}[mask]);
    for (int place = 0; place < 3; place++) {
      char name[64];
      for (int kind = 0; kind < 4; kind++) {
        snprintf(name, sizeof name, "%s/%d-%d", places[place], mask, kind);
        if (kind == 0) TRY(mkdir(name, 03777));
        if (kind == 1) TRY(mknod(name, S_IFREG | 06666, 0));
        if (kind == 2) TRY(mknod(name, S_IFIFO | 0640, 0));
        if (kind == 3) TRY(symlink("x", name));
        tell(name);
      }
    }
  }
  umask(022);
}

static void reach(void) {
  const struct timespec early[2] = {{1, 0}, {1, 0}};
  TRY(chmod("closed/mine", 0777));
  TRY(chown("closed/mine", -1, getgid()));
  TRY(truncate("closed/mine", 1));
  TRY(unlink("closed/mine"));
  TRY(rename("closed/mine", "plain/stolen"));
  TRY(rename("mine", "closed/given"));
  TRY(link("closed/mine", "plain/linked"));
  TRY(link("mine", "closed/linked"));
  TRY(mkdir("closed/new", 0777));
  TRY(symlink("x", "closed/new"));
  TRY(rmdir("closed/empty"));
  TRY(setxattr("closed/mine", "user.a", "b", 1, 0));
  TRY(utimensat(AT_FDCWD, "closed/mine", early, 0));
  TRY(unlink("sticky/theirs"));
  TRY(rename("sticky/theirs", "sticky/moved"));
  TRY(rename("sticky/mine", "sticky/theirs"));
  TRY(link("sticky/theirs", "plain/theirs"));
  TRY(unlink("sticky/mine"));
  TRY(mkdir("foreign/new", 0777));
  TRY(unlink("foreign/theirs"));
  TRY(chmod("foreign/theirs", 0777));
  TRY(chown("foreign/theirs", getuid(), -1));
  TRY(utimensat(AT_FDCWD, "foreign/open", early, 0));
  TRY(utimensat(AT_FDCWD, "foreign/open", 0, 0));
  TRY(truncate("foreign/theirs", 0));
  TRY(truncate("foreign/open", 2));
  TRY(chown("mine", 1, -1));
  TRY(chown("mine", -1, 7));
  TRY(chmod("grouped", 02755));
  tell("grouped");
  TRY(mknod("device", S_IFCHR | 0666, 0x103));
  TRY(mknod("whiteout", S_IFCHR, 0));
  TRY(setxattr("mine", "trusted.a", "b", 1, 0));
  TRY(setxattr("mine", "security.a", "b", 1, 0));
  TRY(setxattr("mine", "user.a", "b", 1, 0));
  TRY(setxattr("mine", "user.a", "b", 1, XATTR_CREATE));
  TRY(removexattr("mine", "user.a"));
  TRY(removexattr("mine", "user.a"));
  int path = open("mine", O_PATH);
  TRY(fchmod(path, 0600));
  TRY(fchown(path, -1, -1));
  TRY(fchownat(path, "", -1, -1, AT_EMPTY_PATH));
  TRY(futimens(path, early));
  TRY(fsetxattr(path, "user.a", "b", 1, 0));
  int file = open("mine", O_RDONLY);
  TRY(fchmod(file, 0640));
  TRY(futimens(file, early));
  TRY(unlink("mine"));
  TRY(fchmod(file, 0600));
  TRY(linkat(AT_FDCWD, "/proc/self/fd/4", AT_FDCWD, "again", AT_SYMLINK_FOLLOW));
  TRY(linkat(file, "", AT_FDCWD, "again", AT_EMPTY_PATH));
  TRY(rmdir("plain"));
  TRY(rename("empty", "plain"));
  TRY(rename("empty", "full"));
  TRY(rmdir("full"));
  TRY(rmdir("empty"));
  tell("closed/mine"), tell("foreign/open"), tell("sticky/theirs"), tell("plain"), tell("full");
}

static volatile sig_atomic_t heard;
static void hear(int signal) { (void)signal, heard++; }

/* include/linux/falloc.h of the kernel: FS_IOC_ZERO_RANGE, which no header of the C library has. */
struct space { short type, whence; long start, length; int system; unsigned pid; int pad[4]; };
#define ZERO_RANGE 0x40305839

static void limits(void) {
  struct rlimit limit = {10, 100};
  signal(SIGXFSZ, hear);
  setrlimit(RLIMIT_FSIZE, &limit);
  TRY(truncate("mine", 10));
  TRY(truncate("mine", 11));
  printf("  heard of it %d times\n", (int)heard);
  TRY(truncate("full", 11));
  TRY(truncate("foreign/theirs", 11));
  TRY(truncate("none", 11));
  printf("  heard of it %d times\n", (int)heard);
  tell("mine");
  int file = open("mine", O_RDWR);
  struct space space = {.start = 0, .length = 20};
  TRY(ftruncate(file, 11));
  TRY(fallocate(file, FALLOC_FL_ZERO_RANGE, 0, 20));
  TRY(fallocate(file, FALLOC_FL_ZERO_RANGE, 8, 3));
  TRY(fallocate(file, FALLOC_FL_ZERO_RANGE, 8, 2));
  TRY(fallocate(file, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, 8, 3));
  TRY(fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 20));
  TRY(fallocate(file, FALLOC_FL_ZERO_RANGE, 1, 0x7fffffffffffffff));
  TRY(ioctl(file, ZERO_RANGE, &space));
  printf("  heard of it %d times\n", (int)heard);
  tell("mine");
}

/* With very many signals, one may interrupt a call before the supervisor received it; then it did nothing. */
static void storm(void) {
  struct sigaction action = {.sa_handler = hear};
  sigaction(SIGALRM, &action, 0);
  struct itimerval often = {{0, 300}, {0, 300}};
  int wrong = 0;
  setitimer(ITIMER_REAL, &often, 0);
  for (int i = 0; i < 600; i++) {
    while (mkdir("storm", 0755) < 0)
      if (errno != EINTR) wrong++;
    while (rmdir("storm") < 0)
      if (errno != EINTR) wrong++;
  }
  often.it_value.tv_usec = 0;
  setitimer(ITIMER_REAL, &often, 0);
  printf("%s, %d made twice\n", heard > 50 ? "a storm" : "no storm", wrong);
}

static void landlock(void) {
  struct landlock_ruleset_attr rules = {.handled_access_fs = LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE};
  int set = syscall(SYS_landlock_create_ruleset, &rules, sizeof rules, 0);
  TRY(mkdir("plain/before", 0755));
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  syscall(SYS_landlock_restrict_self, set, 0);
  TRY(mkdir("plain/after", 0755));
  TRY(unlink("mine"));
  fflush(stdout);
  if (fork() == 0) {
    TRY(mkdir("plain/child", 0755));
    fflush(stdout);
    _exit(0);
  }
  wait(0);
  TRY(chmod("mine", 0600));
}

/* No rules come of any of these. */
static void in_vain(void) {
  int file = open("mine", O_RDONLY), path = open("mine", O_PATH);
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  TRY(syscall(SYS_landlock_restrict_self, -1, 0));
  TRY(syscall(SYS_landlock_restrict_self, -1, 4));
  TRY(syscall(SYS_landlock_restrict_self, file, 0));
  TRY(syscall(SYS_landlock_restrict_self, path, 0));
  TRY(syscall(SYS_landlock_restrict_self, path, 0x40000000));
  TRY(mkdir("plain/after", 0755));
  TRY(chmod("mine", 0600));
}

static int leased;
static void give_up(int signal) { (void)signal, fcntl(leased, F_SETLEASE, F_UNLCK); }

static void lease(void) {
  leased = open("mine", O_RDWR);
  signal(SIGIO, give_up);
  TRY(fcntl(leased, F_SETLEASE, F_WRLCK));
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    close(leased);
    TRY(truncate("mine", 1));
    fflush(stdout);
    _exit(0);
  }
  while (waitpid(child, 0, 0) < 0) {}
  tell("mine");
}

/* Capabilities that root has given up stay given up. */
static void lesser(void) {
  TRY(chown("mine", 1, 1));
  TRY(chmod("foreign/users", 0600));
  TRY(mknod("device", S_IFCHR | 0666, 0x103));
  TRY(setxattr("mine", "trusted.a", "b", 1, 0));
  TRY(unlink("closed/mine"));
}

int main(int count, char **word) {
  if (count != 2) return 2;
  const struct { const char *name; void (*run)(void); } sections[] = {
    {"modes", modes}, {"reach", reach}, {"limits", limits}, {"storm", storm},
    {"landlock", landlock}, {"in-vain", in_vain}, {"lease", lease}, {"lesser", lesser},
  };
  for (unsigned i = 0; i < sizeof sections / sizeof *sections; i++)
    if (strcmp(sections[i].name, word[1]) == 0) return sections[i].run(), 0;
  return 3;
}
