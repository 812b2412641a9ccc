# Runs a command in a network of its own with a name server at 192.0.2.53: place.sh DIRECTORY NODE COMMAND…
# In WITHOUT: a program that is not there. DIRECTORY has dnsmasq.conf. The name server writes what it is asked to DIRECTORY/queries.
set -e
directory=$1 node=$2
shift 2
ip link set lo up
for range in 192.0.2.0/24 198.51.100.0/24 2001:db8::/32; do ip route add local "$range" dev lo; done
echo nameserver 192.0.2.53 > "$directory/resolv.conf"
mount --bind "$directory/resolv.conf" /etc/resolv.conf
: > "$directory/queries"
mkfifo "$directory/ready"
"$node" "$(dirname "$0")/server.mjs" > "$directory/ready" &
server=$!
read -r _ < "$directory/ready"
rm "$directory/ready"
# It goes to the background when it listens.
dnsmasq --conf-file="$directory/dnsmasq.conf" --pid-file="$directory/pid" --log-facility="$directory/queries"
[ -z "$WITHOUT" ] || mount --bind /bin/false "$WITHOUT"
status=0
"$@" || status=$?
kill "$server" "$(cat "$directory/pid")"
exit "$status"
