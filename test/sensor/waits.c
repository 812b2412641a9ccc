/* Opens that wait, or that change more than a descriptor: FIFOs, a terminal, a leased file. One line for each step, the same with a
 * supervisor and without. These opens are made by open(2), everything else by openat(2). */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static void tell(const char *what, long value) {
  if (value < 0) printf("%s: %s\n", what, strerrorname_np(errno));
  else printf("%s: %ld\n", what, value);
}
static int opens(const char *path, int flags) { return (int)syscall(SYS_open, path, flags, 0); }
static void rung(int number) { (void)number; }

/* Ordinary opens, which a supervisor that waits would not answer. */
static void others(const char *when) {
  int made = 0;
  for (int i = 0; i < 20; i++) {
    int fd = openat(AT_FDCWD, "file", O_RDONLY);
    made += fd >= 0;
    close(fd);
  }
  printf("%s, others open: %d\n", when, made);
}

/* One waits for the other: first the reader, or first the writer. */
static void meet(const char *first, int early, int late) {
  int begun[2];
  if (pipe(begun)) return;
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    write(begun[1], "x", 1);
    _exit(opens("fifo", early) < 0 ? 1 : 0);
  }
  char byte;
  read(begun[0], &byte, 1);
  usleep(200000);
  others(first);
  int status, fd = opens("fifo", late);
  waitpid(child, &status, 0);
  printf("%s: met %d, its open ended %d\n", first, fd >= 0, status);
  close(fd), close(begun[0]), close(begun[1]);
}

static void fifos(void) {
  mkfifo("fifo", 0600);
  meet("the reader waits", O_RDONLY, O_WRONLY);
  meet("the writer waits", O_WRONLY, O_RDONLY);
  int fd = opens("fifo", O_RDONLY | O_NONBLOCK);
  tell("a reader that does not wait", fd < 0 ? fd : 0);
  close(fd);
  tell("a writer without a reader", opens("fifo", O_WRONLY | O_NONBLOCK));
  fd = opens("fifo", O_RDWR);
  tell("both ends", fd < 0 ? fd : 0);
  close(fd);
  sigaction(SIGALRM, &(struct sigaction){.sa_handler = rung}, NULL);
  ualarm(300000, 0);
  tell("an alarm", opens("fifo", O_RDONLY));
}

static int terminal_of(pid_t pid) {
  char path[64], text[1024] = {0};
  int terminal = -1;
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  int fd = openat(AT_FDCWD, path, O_RDONLY);
  read(fd, text, sizeof text - 1), close(fd);
  sscanf(strrchr(text, ')') + 1, " %*c %*d %*d %*d %d", &terminal);
  return terminal;
}

static void terminals(void) {
  fflush(stdout);
  pid_t parent = getppid(), leader = fork();
  if (leader != 0) {
    waitpid(leader, NULL, 0);
    return;
  }
  int before = terminal_of(parent), zero = 0;
  setsid();
  tell("terminal of the session at first", terminal_of(getpid()));
  int master = openat(AT_FDCWD, "/dev/ptmx", O_RDWR | O_NOCTTY);
  ioctl(master, TIOCSPTLCK, &zero);
  int other = opens(ptsname(master), O_RDWR | O_NOCTTY);
  printf("after an open that declines it: %d\n", terminal_of(getpid()));
  int fd = opens(ptsname(master), O_RDWR);
  printf("it has one: %d\n", terminal_of(getpid()) != 0);
  printf("it is that one: %d\n", tcgetsid(fd) == getpid());
  int named = opens("/dev/tty", O_RDWR);
  printf("by its name: %d\n", named >= 0 && tcgetsid(named) == getpid());
  printf("the parent has no other than before: %d\n", terminal_of(parent) == before);
  close(other);
  fflush(stdout);
  signal(SIGHUP, SIG_IGN);
  _exit(0);
}

static int leased;
static void give_up(int number) { (void)number, fcntl(leased, F_SETLEASE, F_UNLCK); }

static void lease(void) {
  int ready[2];
  if (pipe(ready)) return;
  fflush(stdout);
  pid_t holder = fork();
  if (holder == 0) {
    signal(SIGIO, give_up);
    leased = openat(AT_FDCWD, "leased", O_RDONLY);
    tell("lease", fcntl(leased, F_SETLEASE, F_RDLCK));
    fflush(stdout);
    write(ready[1], "x", 1);
    for (;;) pause();
  }
  char byte;
  read(ready[0], &byte, 1);
  int fd = opens("leased", O_WRONLY);
  tell("open of a leased file", fd < 0 ? fd : 0);
  kill(holder, SIGKILL), waitpid(holder, NULL, 0);
}

int main(int count, char **words) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  signal(SIGPIPE, SIG_IGN);
  /* What would wait for good ends here: children too, which share the group. */
  sigaction(SIGALRM, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
  if (count < 2) return 2;
  if (!strcmp(words[1], "fifos")) fifos();
  if (!strcmp(words[1], "terminals")) terminals();
  if (!strcmp(words[1], "lease")) lease();
  return 0;
}
