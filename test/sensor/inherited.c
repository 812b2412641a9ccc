/* inherited WAY FILE: a process of a user that may set its groups forks, sets them before or after that, and lets its child open
 * FILE, which only group 7 may read; then it opens FILE itself. Prints the errno of both, 0 for success. Started by root.
 *   keeps                  has group 7, and does not set its groups
 *   gave-up, took-on       gave group 7 up, or took it on, before it forked
 *   gives-up, takes-on     does that when it has forked */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define USER 65534
#define GROUP 7

static int opened(const char *file) { return open(file, O_RDONLY) < 0 ? errno : 0; }

static int set(int has) {
  gid_t group = GROUP;
  return syscall(SYS_setgroups, has, &group);
}

static int become_user(void) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct sets[2] = {{1 << CAP_SETGID, 1 << CAP_SETGID, 0}};
  if (prctl(PR_SET_KEEPCAPS, 1) < 0) return -1;
  if (setresgid(USER, USER, USER) < 0 || setresuid(USER, USER, USER) < 0) return -1;
  return syscall(SYS_capset, &header, sets);
}

static int act(const char *way, const char *file) {
  int begins = strncmp(way, "t", 1) != 0, ends = strncmp(way, "g", 1) != 0;
  int isBefore = !strcmp(way, "gave-up") || !strcmp(way, "took-on");
  int go[2], status;
  char byte = 0;
  if (pipe(go) < 0 || (isBefore && set(ends) < 0)) return 125;
  pid_t child = fork();
  if (child == 0) _exit(read(go[0], &byte, 1) == 1 ? opened(file) : 125);
  if (!isBefore && begins != ends && set(ends) < 0) return 125;
  opened("/dev/null");
  if (write(go[1], &byte, 1) != 1 || waitpid(child, &status, 0) != child) return 125;
  printf("%d %d\n", WEXITSTATUS(status), opened(file));
  fflush(stdout);
  return 0;
}

/* The process that acts was born as the user, so that what it was born with is not root's. */
int main(int count, char **words) {
  int status;
  if (count < 3 || set(words[1][0] != 't') < 0 || become_user() < 0) return 125;
  pid_t child = fork();
  if (child == 0) {
    opened("/dev/null");
    _exit(act(words[1], words[2]));
  }
  return waitpid(child, &status, 0) == child ? WEXITSTATUS(status) : 125;
}
