/*
 * A task with many mappings of the file that is named, and pages with text that may only be written: one below them, one above. Prints the
 * addresses of both, of a page without any right, and of a hole; and waits for the end of its input.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static char *text_at(void *where) {
  char *page = mmap(where, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | (where ? MAP_FIXED : 0), -1, 0);
  strcpy(page, "text");
  mprotect(page, 4096, PROT_WRITE);
  return page;
}

int main(int count, char **words) {
  char *low = text_at((void *)0x100000);
  char *closed = mmap((void *)0x200000, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  char *high = text_at(NULL);
  int file = open(words[1], O_RDONLY);
  char *many = mmap(NULL, 4000 * 4096L, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (int i = 0; i < 4000; i++)
    if (mmap(many + i * 4096L, 4096, i % 2 ? PROT_READ : PROT_NONE, MAP_PRIVATE | MAP_FIXED, file, 0) == MAP_FAILED) perror("mmap");
  printf("%ld %ld %ld %ld %ld\n", (long)low, (long)closed, (long)high, 0x300000L, (long)many);
  fflush(stdout);
  getchar();
  return count == 0;
}
