/* Maps a file as code, then for writing: reads a page through that mapping, and with `change` writes to it. Then maps it as code again. In
 * memory the write changes no time of the file. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "map-as-code.h"

int main(int count, char **words) {
  usleep(50000); /* so that the last change of the file is old enough to count */
  const char *first = map_as_code("code");
  int fd = open("code", O_RDWR);
  volatile char *bytes = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  char byte = bytes[4095];
  if (count > 1) bytes[4095] = byte + 1;
  munmap((void *)bytes, 4096);
  const char *second = map_as_code("code");
  printf("%s %s\n", first, second);
  return 0;
}
