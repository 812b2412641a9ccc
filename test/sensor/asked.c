/* Decides about opens by fanotify: makes a group of class CONTENT (or, with "first", PRE_CONTENT), marks ./asked (with "proc",
 * /proc), and lets a child execute ./asked. It allows each permission event, after it has written a line into ./log.
 * With "told" the group is of class NOTIF and gets an event when the child changes the mode of ./asked.
 * Prints how the child ended, and for each event whether it was the child's. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int answer(int group, pid_t child) {
  char events[4096];
  int length = read(group, events, sizeof events), count = 0;
  for (struct fanotify_event_metadata *event = (void *)events; FAN_EVENT_OK(event, length);
       event = FAN_EVENT_NEXT(event, length), count++) {
    int log = open("log", O_CREAT | O_WRONLY | O_APPEND, 0644);
    int asked = event->mask & FAN_OPEN_PERM;
    printf("%s %s\n", asked ? "asked by" : "told of", event->pid == child ? "the child" : "another");
    struct fanotify_response yes = {event->fd, FAN_ALLOW};
    if (asked && write(group, &yes, sizeof yes) < 0) return count;
    close(event->fd);
    close(log);
  }
  return count;
}

int main(int argc, char **argv) {
  const char *what = argc > 1 ? argv[1] : "";
  setbuf(stdout, 0);
  alarm(20);
  int told = !strcmp(what, "told");
  int class = told ? FAN_CLASS_NOTIF | FAN_REPORT_FID : strcmp(what, "first") ? FAN_CLASS_CONTENT : FAN_CLASS_PRE_CONTENT;
  int group = fanotify_init(class, O_RDONLY);
  const char *marked = strcmp(what, "proc") ? "asked" : "/proc";
  int flags = FAN_MARK_ADD | (strcmp(what, "proc") ? 0 : FAN_MARK_FILESYSTEM);
  if (group < 0 || fanotify_mark(group, flags, told ? FAN_ATTRIB : FAN_OPEN_PERM, AT_FDCWD, marked)) {
    printf("errno %d\n", errno);
    return 1;
  }
  pid_t child = fork();
  if (!child) {
    close(group);
    if (told && chmod("asked", 0700)) _exit(98);
    execl("./asked", "asked", (char *)0);
    _exit(99);
  }
  for (;;) {
    struct pollfd waiting = {group, POLLIN, 0};
    int status;
    if (poll(&waiting, 1, 200) > 0) answer(group, child);
    else if (waitpid(child, &status, WNOHANG) == child) {
      printf("ended %d\n", status);
      return 0;
    }
  }
}
