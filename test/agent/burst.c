/* burst THREADS FILE: threads that all open FILE at the same moment, and do nothing else. */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static pthread_barrier_t together;
static const char *path;
static int failed;

static void *open_it(void *unused) {
  pthread_barrier_wait(&together);
  if (open(path, O_RDONLY) < 0) __atomic_store_n(&failed, 1, __ATOMIC_SEQ_CST);
  return unused;
}

int main(int count, char **words) {
  if (count < 3) return 125;
  int threads = atoi(words[1]);
  path = words[2];
  pthread_t *all = calloc(threads, sizeof *all);
  pthread_barrier_init(&together, NULL, threads);
  for (int i = 0; i < threads; i++)
    if (pthread_create(&all[i], NULL, open_it, NULL) != 0) return 125;
  for (int i = 0; i < threads; i++) pthread_join(all[i], NULL);
  return failed;
}
