#!/bin/busybox sh
# The machine's first process, from its initial RAM disk: loads the modules, mounts the host's root read-only beneath our own
# file systems, and executes `session` there. Any failure here ends the machine.
set -e
/bin/busybox --install -s /bin
export PATH=/bin
trap 'echo "isoline: the machine could not be set up"; poweroff -f' EXIT

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
for module in /modules/*.ko; do insmod "$module"; done

# The largest message of the virtio transport; the host's files do not change meanwhile.
nine=trans=virtio,version=9p2000.L,msize=512000
mount -t 9p -o "$nine,ro,cache=loose" host /root
mount --bind /root /host
mount -t tmpfs -o mode=755 tmpfs /root/run
mount -t tmpfs -o mode=1777 tmpfs /root/tmp
mount -t tmpfs -o mode=1777 tmpfs /root/var/tmp
mount -t tmpfs -o mode=700 tmpfs /root/root
mkdir -p /root/run/machine/share
mount -t 9p -o "$nine" share /root/run/machine/share

# What the session needs, and our file systems now hide.
while read -r place; do
  [ -e "/root$place" ] && continue
  mkdir -p "/root$place"
  mount --bind "/host$place" "/root$place"
done </root/run/machine/share/visible
umount /host

mount -t proc proc /root/proc
mount -t sysfs sysfs /root/sys
mount -t devtmpfs dev /root/dev
mkdir -p /root/dev/pts /root/dev/shm
ln -s /proc/self/fd /root/dev/fd
ln -s /proc/self/fd/0 /root/dev/stdin
mount -t devpts devpts /root/dev/pts
mount -t tmpfs -o mode=1777 tmpfs /root/dev/shm
mount -t securityfs securityfs /root/sys/kernel/security
mount -t bpf bpf /root/sys/fs/bpf
mount -t tracefs tracefs /root/sys/kernel/tracing
mount -t cgroup2 cgroup2 /root/sys/fs/cgroup
umount /proc /sys /dev 2>/dev/null || true

cp /bin/busybox /session /root/run/machine/
trap - EXIT
# Not chroot: a process in a changed root may not create a user namespace.
exec switch_root /root /run/machine/session
