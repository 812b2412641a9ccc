/* A program that acts by the name it is called by, and a race for that name.
 * 
 *   names TRIES NAME OTHER     executes itself so often, while a thread changes the name from one to the other
 * 
 * Called `good` or `evil` it opens `data`, and ends with 0 or 7, or with 8 if the open fails. Prints how often each ran, how often
 * neither could open the file, and how often the exec failed. */
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

static _Atomic unsigned long name;
static unsigned long end, choices[2];
static _Atomic int over;

static void *flip(void *unused) {
  (void)unused;
  for (unsigned turn = 0; !over; turn++) {
    name = choices[turn & 1];
    for (volatile int pause = 0; pause < 300; pause++) {}
  }
  return (void *)end;
}

static int act(const char *as) {
  if (open("data", O_RDONLY) < 0) return 8;
  return as[0] == 'e' ? 7 : 0;
}

int main(int count, char **word) {
  if (count != 4) return act(word[0]);
  for (int i = 0; i < 2; i++) strncpy((char *)&choices[i], word[2 + i], 7);
  name = choices[0];
  long good = 0, evil = 0, powerless = 0, refused = 0, other = 0;
  pthread_t flipper;
  pthread_create(&flipper, 0, flip, 0);
  for (long i = atol(word[1]); i > 0; i--) {
    int status = 0, pid = vfork();
    if (pid == 0) {
      void *argv[] = {(void *)&name, 0};
      syscall(SYS_execve, "/proc/self/exe", argv, argv + 1);
      _exit(99);
    }
    waitpid(pid, &status, 0);
    switch (WIFEXITED(status) ? WEXITSTATUS(status) : -1) {
      case 0: good++; break;
      case 7: evil++; break;
      case 8: powerless++; break;
      case 99: refused++; break;
      default: other++; fprintf(stderr, "status %x\n", (unsigned)status);
    }
  }
  over = 1;
  pthread_join(flipper, 0);
  printf("{\"good\":%ld,\"evil\":%ld,\"powerless\":%ld,\"refused\":%ld,\"other\":%ld}\n", good, evil, powerless, refused, other);
  return 0;
}
