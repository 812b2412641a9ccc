/* Opens files, and prints the results, one line for each step: the same with a supervisor and without. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static void tell(const char *what, long value) {
  if (value < 0) printf("%s: %s\n", what, strerrorname_np(errno));
  else printf("%s: %ld\n", what, value);
}

/* Status and descriptor flags of an open, and its number. */
static void opened(const char *what, const char *path, int flags, mode_t mode) {
  int fd = syscall(SYS_openat, AT_FDCWD, path, flags, mode);
  if (fd < 0) {
    tell(what, fd);
    return;
  }
  struct stat status;
  fstat(fd, &status);
  printf("%s: number %d flags %#o descriptor %d mode %o owner %d size %ld\n", what, fd, fcntl(fd, F_GETFL), fcntl(fd, F_GETFD),
         status.st_mode, status.st_uid, (long)status.st_size);
  close(fd);
}

static void limit_of_descriptors(void) {
  struct rlimit before, none = {4, 4};
  getrlimit(RLIMIT_NOFILE, &before);
  int last = dup(0);
  none.rlim_cur = last, none.rlim_max = before.rlim_max;
  close(last);
  setrlimit(RLIMIT_NOFILE, &none);
  tell("open without a free descriptor", open("mine", O_RDONLY));
  tell("creation without a free descriptor", open("never", O_CREAT | O_WRONLY, 0600));
  tell("truncation without a free descriptor", open("mine", O_WRONLY | O_TRUNC));
  setrlimit(RLIMIT_NOFILE, &before);
  struct stat status;
  tell("the file that was not created", stat("never", &status));
  stat("mine", &status);
  tell("the file that was not emptied", status.st_size);
}

/* Neither a lock nor an open for writing outlives the descriptor. */
static void nothing_stays(void) {
  int locked = 0, busy = 0;
  for (int each = 0; each < 300; each++) {
    int fd = open("mine", O_RDWR | O_CLOEXEC);
    flock(fd, LOCK_EX), close(fd);
    int other = open("mine", O_RDWR | O_CLOEXEC);
    locked += flock(other, LOCK_EX | LOCK_NB) != 0;
    close(other);
    if (each % 10) continue;
    close(open("program", O_WRONLY | O_CLOEXEC));
    pid_t child;
    char *words[] = {"program", NULL};
    if (posix_spawn(&child, "./program", NULL, NULL, words, environ) == ETXTBSY) busy++;
    else waitpid(child, NULL, 0);
  }
  tell("locks that stayed", locked);
  tell("programs that were busy", busy);
}

static int leased;
static void give_up(int number) { (void)number, fcntl(leased, F_SETLEASE, F_UNLCK); }

/* The open waits for the holder of the lease, who gives it up when asked. */
static void lease(void) {
  int ready[2];
  if (pipe(ready)) return;
  pid_t holder = fork();
  if (!holder) {
    signal(SIGIO, give_up);
    leased = open("leased", O_RDONLY);
    tell("lease", fcntl(leased, F_SETLEASE, F_RDLCK));
    fflush(stdout);
    write(ready[1], "x", 1);
    pause();
    _exit(0);
  }
  char byte;
  fflush(stdout);
  read(ready[0], &byte, 1);
  int fd = open("leased", O_WRONLY);
  tell("open of a leased file", fd < 0 ? fd : 0);
  close(fd), close(ready[0]), close(ready[1]);
  kill(holder, SIGKILL), waitpid(holder, NULL, 0);
}

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  opened("read", "mine", O_RDONLY, 0);
  opened("append, close on exec", "mine", O_RDWR | O_APPEND | O_CLOEXEC, 0);
  opened("without waiting", "mine", O_RDONLY | O_NONBLOCK, 0);
  opened("synchronous", "mine", O_WRONLY | O_DSYNC, 0);
  opened("no times", "mine", O_RDONLY | O_NOATIME, 0);
  opened("no times of another's file", "theirs", O_RDONLY | O_NOATIME, 0);
  opened("directory", "directory", O_RDONLY | O_DIRECTORY, 0);
  opened("not a directory", "mine", O_RDONLY | O_DIRECTORY, 0);
  opened("a directory for writing", "directory", O_RDWR, 0);
  opened("link", "link", O_RDONLY, 0);
  opened("link itself", "link", O_RDONLY | O_NOFOLLOW, 0);
  opened("a dangling link", "dangling", O_CREAT | O_WRONLY, 0640);
  opened("its target", "nowhere", O_RDONLY, 0);
  opened("closed to the user", "closed", O_RDONLY, 0);
  opened("in a closed directory", "shut/inside", O_RDONLY, 0);
  opened("device", "/dev/null", O_RDWR, 0);
  opened("access mode 3", "mine", 3, 0);
  umask(027);
  opened("new", "new", O_CREAT | O_EXCL | O_RDWR, 0666);
  opened("new again", "new", O_CREAT | O_EXCL | O_RDWR, 0666);
  opened("there already", "new", O_CREAT | O_RDWR, 0666);
  opened("new with set-id bits", "special", O_CREAT | O_WRONLY, 06777);
  opened("new without permission", "shut/new", O_CREAT | O_WRONLY, 0600);
  opened("without a name", "directory", O_TMPFILE | O_RDWR, 0600);
  opened("emptied", "full", O_WRONLY | O_TRUNC, 0);
  opened("another's in a sticky directory", "sticky/theirs", O_RDWR, 0);
  opened("another's in a sticky directory, or new", "sticky/theirs", O_CREAT | O_RDWR, 0600);
  limit_of_descriptors();
  nothing_stays();
  lease();
  return 0;
}
