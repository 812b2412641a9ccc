/* Prints, one per line, everything a process inherits that this project promises not to change. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

extern char **environ;

static void limits(void) {
  static const int which[] = {RLIMIT_AS, RLIMIT_CORE, RLIMIT_CPU, RLIMIT_DATA, RLIMIT_FSIZE, RLIMIT_MEMLOCK, RLIMIT_MSGQUEUE,
                              RLIMIT_NICE, RLIMIT_NOFILE, RLIMIT_NPROC, RLIMIT_RSS, RLIMIT_RTPRIO, RLIMIT_RTTIME,
                              RLIMIT_SIGPENDING, RLIMIT_STACK};
  for (unsigned i = 0; i < sizeof which / sizeof *which; i++) {
    struct rlimit limit;
    getrlimit(which[i], &limit);
    printf("rlimit %d %llu %llu\n", which[i], (unsigned long long)limit.rlim_cur, (unsigned long long)limit.rlim_max);
  }
}

static void signals(void) {
  sigset_t mask;
  sigprocmask(SIG_SETMASK, NULL, &mask);
  for (int number = 1; number < 65; number++) {
    struct sigaction action;
    if (sigaction(number, NULL, &action) != 0) continue;
    printf("signal %d %s %s\n", number, action.sa_handler == SIG_IGN ? "ignored" : action.sa_handler == SIG_DFL ? "default" : "handled",
           sigismember(&mask, number) == 1 ? "blocked" : "open");
  }
}

static void descriptors(void) {
  for (int fd = 0; fd < 256; fd++) {
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0) continue;
    struct stat info;
    fstat(fd, &info);
    printf("descriptor %d flags %o fdflags %d kind %o\n", fd, flags & ~0100000, fcntl(fd, F_GETFD), info.st_mode & S_IFMT);
  }
}

static void line_of(const char *file, const char *start) {
  char line[4096];
  FILE *in = fopen(file, "r");
  if (!in) return;
  while (fgets(line, sizeof line, in))
    if (strncmp(line, start, strlen(start)) == 0) printf("status %s", line);
  fclose(in);
}

int main(int argc, char **argv) {
  descriptors();
  for (int i = 0; i < argc; i++) printf("argv %d %s\n", i, argv[i]);
  for (char **entry = environ; *entry; entry++) printf("environment %s\n", *entry);
  limits();
  signals();
  char cwd[4096];
  printf("cwd %s\n", getcwd(cwd, sizeof cwd));
  mode_t mask = umask(0);
  printf("umask %o\n", mask);
  printf("nice %d\n", getpriority(PRIO_PROCESS, 0));
  printf("policy %d\n", sched_getscheduler(0));
  cpu_set_t cpus;
  sched_getaffinity(0, sizeof cpus, &cpus);
  printf("cpus %d\n", CPU_COUNT(&cpus));
  printf("session-is-parent's %d\n", getsid(0) == getsid(getppid()));
  printf("group-is-parent's %d\n", getpgrp() == getpgid(getppid()));
  int tty = open("/dev/tty", O_RDWR);
  printf("terminal %d\n", tty >= 0);
  if (tty >= 0) {
    struct termios mode;
    tcgetattr(tty, &mode);
    printf("foreground %d lflag %x\n", tcgetpgrp(tty) == getpgrp(), mode.c_lflag);
    close(tty);
  }
  printf("dumpable %d subreaper-of-nobody pdeathsig ", prctl(PR_GET_DUMPABLE));
  int death = 0;
  prctl(PR_GET_PDEATHSIG, &death);
  printf("%d thp %d timerslack %d keepcaps %d\n", death, prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0), prctl(PR_GET_TIMERSLACK), prctl(PR_GET_KEEPCAPS));
  line_of("/proc/self/status", "Uid:");
  line_of("/proc/self/status", "Gid:");
  line_of("/proc/self/status", "Groups:");
  line_of("/proc/self/status", "Cap");
  line_of("/proc/self/oom_score_adj", "");
  line_of("/proc/self/personality", "");
  line_of("/proc/self/coredump_filter", "");
  line_of("/proc/self/cgroup", "");
  return 7;
}
