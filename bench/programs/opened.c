/* opened FILE [ask]: watches every open of FILE with fanotify until its input ends. Then prints the number of opens, and how
 * often the queue overflowed. Without "ask", equal events in the queue are merged; with "ask" each open waits for permission. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/fanotify.h>
#include <unistd.h>

int main(int words, char **word) {
  static char heard[65536] __attribute__((aligned(8)));
  long opens = 0, overflows = 0, length = 0;
  int asks = words == 3;
  int fan = fanotify_init((asks ? FAN_CLASS_CONTENT : FAN_CLASS_NOTIF) | FAN_CLOEXEC | FAN_NONBLOCK, O_RDONLY | O_CLOEXEC);
  if (words < 2 || fan < 0 || fanotify_mark(fan, FAN_MARK_ADD, asks ? FAN_OPEN_PERM : FAN_OPEN, AT_FDCWD, word[1]) < 0)
    return perror("fanotify"), 1;
  struct pollfd waited[2] = {{fan, POLLIN, 0}, {0, POLLIN, 0}};
  puts("ready");
  fflush(stdout);
  /* The end of the input counts only when the queue is empty. */
  while (length > 0 || !waited[1].revents) {
    poll(waited, 2, -1);
    length = read(fan, heard, sizeof heard);
    for (struct fanotify_event_metadata *event = (void *)heard; FAN_EVENT_OK(event, length);
         event = FAN_EVENT_NEXT(event, length)) {
      struct fanotify_response allowed = {event->fd, FAN_ALLOW};
      if (asks && event->fd >= 0 && write(fan, &allowed, sizeof allowed) < 0) return perror("fanotify"), 1;
      if (event->mask & FAN_Q_OVERFLOW) overflows++;
      else opens++;
      if (event->fd >= 0) close(event->fd);
    }
  }
  printf("%ld %ld\n", opens, overflows);
  return 0;
}
