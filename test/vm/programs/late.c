/* A race for an argument that the kernel has already counted as absent.
 *
 *   late TRIES still|moving     runs `sh good.sh` so often; moving: while a thread takes the argument away and puts it back
 *
 * Without it, the shell runs `evil.sh`, its standard input. In memory the first string of the environment stands behind the
 * arguments, and is the same as the one that was taken away. Prints how often each script ran; they end with 0 and 7. Prints as
 * well how often the shell began and could not open its libraries (127), and how often the exec failed. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define STRINGS 6
#define LENGTH 100000

static char script[] = "good.sh";
static char *volatile arguments[] = {"sh", script, 0};
/* To copy these takes the kernel a while, between counting the arguments and copying them. */
static char *environment[STRINGS + 2] = {"good.sh"};
static _Atomic int over;

static void *move(void *unused) {
  for (unsigned turn = 0; !over; turn++) {
    arguments[1] = turn & 1 ? script : 0;
    for (volatile unsigned pause = 0; pause < 1000 * (1 + turn % 7); pause++) {}
  }
  return unused;
}

int main(int count, char **word) {
  if (count != 3) return 99;
  for (int i = 0; i < STRINGS; i++) environment[1 + i] = memset(calloc(1, LENGTH + 1), 'x', LENGTH);
  dup2(open("evil.sh", O_RDONLY), 0);
  long good = 0, evil = 0, powerless = 0, refused = 0, other = 0;
  pthread_t mover;
  if (word[2][0] == 'm') pthread_create(&mover, 0, move, 0);
  for (long i = atol(word[1]); i > 0; i--) {
    int status = 0;
    lseek(0, 0, SEEK_SET);
    int pid = vfork();
    if (pid == 0) {
      syscall(SYS_execve, "/bin/sh", arguments, environment);
      _exit(99);
    }
    waitpid(pid, &status, 0);
    switch (WIFEXITED(status) ? WEXITSTATUS(status) : -1) {
      case 0: good++; break;
      case 7: evil++; break;
      case 127: powerless++; break;
      case 99: refused++; break;
      default: other++; fprintf(stderr, "status %x\n", (unsigned)status);
    }
  }
  over = 1;
  if (word[2][0] == 'm') pthread_join(mover, 0);
  printf("{\"good\":%ld,\"evil\":%ld,\"powerless\":%ld,\"refused\":%ld,\"other\":%ld}\n", good, evil, powerless, refused, other);
  return 0;
}
