/*
 * A process executes a program while its other threads make calls, COUNT times: the exec ends these threads, some of them while
 * their call waits. The program that is executed must work each time. Ends with the number of times that it did not.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void *call_on(void *nothing) {
  for (;;) {
    int file = open("/dev/null", O_RDONLY);
    if (file >= 0) close(file);
  }
  return nothing;
}

static void *execute(void *nothing) {
  execl("/usr/bin/true", "true", (char *)0);
  return nothing;
}

int main(int count, char **words) {
  int failures = 0, times = count > 1 ? atoi(words[1]) : 1;
  for (int i = 0; i < times; i++) {
    pid_t child = fork();
    if (child == 0) {
      pthread_t thread;
      for (int each = 0; each < 3; each++) pthread_create(&thread, 0, call_on, 0);
      usleep(2000);
      /* In turn from the first thread and from another one. */
      if (i % 2 == 0) execute(0);
      pthread_create(&thread, 0, execute, 0);
      call_on(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    if (status != 0) failures++;
  }
  return failures > 100 ? 100 : failures;
}
