/* Watches the directories that are given, and writes one line for each event of inotify: the directory, the name in it, and the bits of
 * the event. Ends when something with the name "end" is made. */
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

int main(int count, char **paths) {
  char text[65536] __attribute__((aligned(8)));
  int fd = inotify_init1(0);
  setvbuf(stdout, 0, _IOLBF, 0);
  for (int i = 1; i < count; i++)
    if (inotify_add_watch(fd, paths[i], IN_ALL_EVENTS) != i) return 1;
  puts("ready");
  for (;;) {
    ssize_t length = read(fd, text, sizeof text);
    struct inotify_event *event;
    for (char *at = text; at < text + length; at += sizeof *event + event->len) {
      event = (void *)at;
      const char *name = event->len ? event->name : ".";
      if (!strcmp(name, "end")) return 0;
      printf("%s/%s %#x\n", event->wd > 0 && event->wd < count ? paths[event->wd] : "?", name, event->mask);
    }
  }
}
