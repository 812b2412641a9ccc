/*
 * Asks its own supervisor something over the control socket /run/isoline/door.sock, and then opens a file in a new thread.
 *
 *   joins state FILE     how the namespace stands, which it may know
 *   joins join FILE      to take this process for one that brings others in, with a pipe as its listener
 *   joins seal FILE      to seal the namespace
 *
 * Says the status of the answer, and what the file holds.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void *open_file(void *path) {
  char text[32] = "refused";
  int fd = open(path, O_RDONLY);
  ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
  if (got >= 0) text[got] = 0;
  printf("%s\n", text);
  return 0;
}

int main(int count, char **words) {
  struct sockaddr_un door = {AF_UNIX, "/run/isoline/door.sock"};
  char request[256], answer[4096] = "";
  pthread_t thread;
  int ends[2], talk = socket(AF_UNIX, SOCK_STREAM, 0);

  pipe(ends);
  if (connect(talk, (void *)&door, sizeof door)) return 1;
  if (!strcmp(words[1], "join"))
    sprintf(request, "POST /join?started=1&listener=%d HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", ends[0]);
  else
    sprintf(request, "%s HTTP/1.1\r\nHost: x\r\n\r\n", strcmp(words[1], "seal") ? "GET /state" : "POST /seal");
  write(talk, request, strlen(request));
  read(talk, answer, sizeof answer - 1);
  printf("%.12s ", answer);
  fflush(stdout);
  pthread_create(&thread, 0, open_file, words[2]);
  pthread_join(thread, 0);
  return 0;
}
