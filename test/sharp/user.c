/* A program that needs a library beside it. It appends a line to `log`. */
#include <fcntl.h>
#include <unistd.h>

int answer(void);

int main(void) {
  int fd = open("log", O_WRONLY | O_APPEND);
  if (write(fd, "used\n", 5) != 5) return 2;
  return answer() == 42 ? 0 : 1;
}
