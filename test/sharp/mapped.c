/* Maps a file as code, twice, while it is also mapped for writing. In between, a byte of it is changed through that mapping
 * (`mapped FILE change`) or not (`mapped FILE`). The descriptor of the mapping is closed. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "map-as-code.h"

int main(int count, char **words) {
  int fd = open(words[1], O_RDWR);
  char *bytes = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  bytes[4095] = 0; /* from now on a write to this page changes no time */
  const char *first = map_as_code(words[1]);
  if (count > 2) bytes[4095] = 1;
  const char *second = map_as_code(words[1]);
  printf("%s %s\n", first, second);
  return 0;
}
