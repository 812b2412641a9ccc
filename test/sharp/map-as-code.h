/* Maps the first page of a file as code, and unmaps it: "mapped", or "refused". */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

static const char *map_as_code(const char *path) {
  int fd = open(path, O_RDONLY);
  char *at = mmap(0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
  close(fd);
  if (at == MAP_FAILED) return "refused";
  munmap(at, 4096);
  return "mapped";
}
