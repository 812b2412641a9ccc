/* A program that acts by the name it is called by, and a race for that name.
 * 
 *   names TRIES NAME OTHER     executes itself so often, while a thread changes the name from one to the other
 * 
 * Called `good` or `evil` it opens `data`, and ends with 0 or 7, or with 9 if the open fails. Prints how often each ran. */
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
  if (open("data", O_RDONLY) < 0) return 9;
  return as[0] == 'e' ? 7 : 0;
}

int main(int count, char **word) {
  if (count != 4) return act(word[0]);
  for (int i = 0; i < 2; i++) strncpy((char *)&choices[i], word[2 + i], 7);
  name = choices[0];
  long good = 0, evil = 0, none = 0;
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
    if (status == 0) good++;
    else if (WIFEXITED(status) && WEXITSTATUS(status) == 7) evil++;
    else none++;
  }
  over = 1;
  pthread_join(flipper, 0);
  printf("{\"good\":%ld,\"evil\":%ld,\"none\":%ld}\n", good, evil, none);
  return 0;
}
