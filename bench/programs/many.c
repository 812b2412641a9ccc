/* many COUNT: opens and closes COUNT different files of the working directory, 0 1 2 …, which are as many different events. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int count, char **words) {
  char name[16];
  for (int file = 0; count > 1 && file < atoi(words[1]); file++) {
    snprintf(name, sizeof name, "%d", file);
    int fd = open(name, O_RDONLY);
    if (fd < 0 || close(fd) < 0) return 1;
  }
  return 0;
}
