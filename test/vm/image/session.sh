#!/run/machine/busybox sh
# The machine's first process from then on: runs one command, writes its output and status, and powers off.
share=/run/machine/share
busybox=/run/machine/busybox
$busybox hostname isoline
$busybox ip link set lo up
$busybox cut -d' ' -f1 /proc/uptime >$share/up
$busybox sh $share/command </dev/null >$share/output 2>&1
echo $? >$share/status
$busybox sync
$busybox umount $share
$busybox poweroff -f
