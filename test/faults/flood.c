/* More of one event than any ordinary program makes, in known numbers.
 * 
 *   flood forks N        N children, up to 200 at once, each of which opens `data` once
 *   flood orphans N      N children whose parent is gone before they open `data` once
 *   flood same N         opens `data` N times
 *   flood files N        makes N files in `many`
 *   flood threads T N    T threads, each of which opens `data` N times
 *   flood nested N       a chain of N processes, each the child of the one before; the last opens `data`
 * 
 * Ends with 0 only if all of it succeeded. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static long failures;
static long each;

static int opens(const char *path, int flags) {
  int fd = (int)syscall(SYS_open, path, flags, 0644);
  if (fd < 0) return 1;
  close(fd);
  return 0;
}

static void reap(long *running, long most) {
  int status;
  while (*running > most) {
    if (wait(&status) < 0) return;
    if (status != 0) failures++;
    (*running)--;
  }
}

static void forks(long count, int orphans) {
  long running = 0;
  for (long i = 0; i < count; i++) {
    int pid = fork();
    if (pid < 0) failures++;
    if (pid == 0) {
      if (!orphans) _exit(opens("data", O_RDONLY));
      if (fork() == 0) {
        /* Long enough for the parent to be gone and, usually, reaped. */
        usleep(2000);
        _exit(opens("data", O_RDONLY));
      }
      _exit(0);
    }
    running++;
    reap(&running, 200);
  }
  reap(&running, 0);
}

static void *in_thread(void *unused) {
  (void)unused;
  long failed = 0;
  for (long i = 0; i < each; i++) failed += opens("data", O_RDONLY);
  return (void *)failed;
}

static void threads(long count) {
  pthread_t *all = calloc((size_t)count, sizeof *all);
  for (long i = 0; i < count; i++) failures += pthread_create(&all[i], 0, in_thread, 0) != 0;
  for (long i = 0; i < count; i++) {
    void *failed;
    pthread_join(all[i], &failed);
    failures += (long)failed;
  }
}

static int nested(long depth) {
  if (depth == 0) return opens("data", O_RDONLY);
  int status, pid = fork();
  if (pid == 0) _exit(nested(depth - 1));
  if (pid < 0 || waitpid(pid, &status, 0) < 0) return 1;
  return status != 0;
}

int main(int words, char **word) {
  if (words < 3) return 2;
  long count = atol(word[2]);
  each = words > 3 ? atol(word[3]) : 0;
  if (!strcmp(word[1], "forks")) forks(count, 0);
  else if (!strcmp(word[1], "orphans")) forks(count, 1);
  else if (!strcmp(word[1], "same")) for (long i = 0; i < count; i++) failures += opens("data", O_RDONLY);
  else if (!strcmp(word[1], "threads")) threads(count);
  else if (!strcmp(word[1], "nested")) failures = nested(count);
  else if (!strcmp(word[1], "files")) {
    char path[64];
    for (long i = 0; i < count; i++) {
      snprintf(path, sizeof path, "many/file-%ld-end", i);
      failures += opens(path, O_WRONLY | O_CREAT);
    }
  } else return 2;
  return failures != 0;
}
