/*
 * What the first processes of our machines have in common (init.c, engine-init.c): they mount, close what the kernel leaves open, and
 * end the machine when something is wrong. No heap, no shell, no input.
 */
#ifndef FIRST_PROCESS_H
#define FIRST_PROCESS_H
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define FACTS (MS_NOSUID | MS_NODEV | MS_NOEXEC)
#define COUNT(rows) (sizeof(rows) / sizeof *(rows))

struct place {
  const char *type, *target;
  unsigned long flags;
  const char *data;
};

/* What failed is the last thing that this machine says. */
static void end(const char *why)
{
  dprintf(STDERR_FILENO, MACHINE ": %s; the machine ends\n", why);
  sync();
  reboot(RB_POWER_OFF);
  for (;;)
    pause();
}

static void must(int result, const char *what)
{
  if (result >= 0)
    return;
  dprintf(STDERR_FILENO, MACHINE ": %s\n", strerror(errno));
  end(what);
}

/*
 * A runtime exchanges its root for the container's, which the kernel refuses on the very first file system (pivot_root(2)). So
 * the image is mounted once more, over itself, and from then on can be read only.
 */
static void mount_root(void)
{
  must(mount("/", "/image", NULL, MS_BIND, NULL), "the image, mounted over itself");
  must(mount(NULL, "/image", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV, NULL), "the image, read-only");
  must(chdir("/image"), "the image");
  must(mount(".", "/", NULL, MS_MOVE, NULL), "the image in place of the first file system");
  must(chroot("."), "the image as the root");
  must(chdir("/"), "the root");
}

static void mount_places(const struct place *places, size_t count)
{
  for (size_t i = 0; i < count; i++)
    must(mount(places[i].type, places[i].target, places[i].type, places[i].flags, places[i].data), places[i].target);
}

/* No code enters the kernel any more, no key press commands it, and it shows its addresses to none. */
static void close_kernel(void)
{
  static const char *const settings[][2] = {
    { "/proc/sys/kernel/modules_disabled", "1" },        { "/proc/sys/kernel/kexec_load_disabled", "1" },
    { "/proc/sys/kernel/sysrq", "0" },                   { "/proc/sys/kernel/unprivileged_bpf_disabled", "1" },
    { "/proc/sys/kernel/kptr_restrict", "2" },           { "/proc/sys/kernel/dmesg_restrict", "1" },
    { "/proc/sys/kernel/core_pattern", "|/nowhere" },    { "/proc/sys/user/max_user_namespaces", "0" },
    { "/proc/sys/kernel/perf_event_paranoid", "3" },
  };
  for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
    int fd = open(settings[i][0], O_WRONLY | O_CLOEXEC);
    must(fd, settings[i][0]);
    must(write(fd, settings[i][1], strlen(settings[i][1])), settings[i][0]);
    close(fd);
  }
}

#endif
