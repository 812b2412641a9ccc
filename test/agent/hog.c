/* hog THREADS MEGABYTES: each thread maps an empty file in memory of that size, to execute it, until there is a file `end`. Its content
 * has to be known for that. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static size_t bytes;

static void *map_it(void *unused) {
  int fd = memfd_create("hog", 0);
  if (ftruncate(fd, bytes) < 0) return unused;
  do mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
  while (access("end", F_OK) < 0);
  return unused;
}

int main(int count, char **words) {
  if (count < 3) return 125;
  int threads = atoi(words[1]);
  bytes = (size_t)atoi(words[2]) << 20;
  pthread_t *all = calloc(threads, sizeof *all);
  for (int i = 0; i < threads; i++)
    if (pthread_create(&all[i], NULL, map_it, NULL) != 0) return 125;
  for (int i = 0; i < threads; i++) pthread_join(all[i], NULL);
  return 0;
}
