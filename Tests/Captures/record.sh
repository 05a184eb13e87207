#!/usr/bin/env bash
# Makes the captures of this folder anew, from real nodes in network namespaces of their own: see README.md beside this.
# usage: sudo Tests/Captures/record.sh [FOLDER]
# Needs iproute2, tcpdump, tshark, gzip, and the built program, which TABLEWIRE_BINARY names.
set -euo pipefail
export PATH="$PATH:/usr/sbin:/sbin"

here=$(cd "$(dirname "$0")" && pwd)
target=$(mkdir -p "${1:-$here}" && cd "${1:-$here}" && pwd)
tablewire=$(realpath "${TABLEWIRE_BINARY:-$here/../../.build/release/tablewire}")

# Everything below runs in namespaces that end with this script: nothing of this machine is seen, and its names are not told.
if [[ "${TABLEWIRE_RECORDING:-}" != 1 ]]; then
    exec env TABLEWIRE_RECORDING=1 TABLEWIRE_BINARY="$tablewire" unshare --net --uts --mount --pid --fork --kill-child --mount-proc \
        "$here/record.sh" "$target"
fi
hostname client
mount -t tmpfs none /run
mkdir -p /run/netns
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export TMPDIR="$work" HOME="$work"
printf '%064x\n' 1 >"$work/secret"
printf '%064x\n' 2 >"$work/other"
chmod 600 "$work/secret" "$work/other"
export TABLEWIRE_SECRET_FILE="$work/secret"

# A switch with this namespace at .254, and three nodes.
ip link set lo up
ip link add br0 address 02:00:00:00:00:fe type bridge
ip address add 10.77.0.254/24 dev br0
ip link set br0 up
for n in 1 2 3; do
    ip netns add "n$n"
    ip link add "v$n" type veth peer name eth0 address "02:00:00:00:00:0$n" netns "n$n"
    ip link set "v$n" master br0 up
    ip -n "n$n" link set lo up
    ip -n "n$n" address add "10.77.0.$n/24" dev eth0
    ip -n "n$n" link set eth0 up
done

fail() {
    echo "record.sh: $*" >&2
    tail -n 5 "$work"/*.log >&2
    exit 1
}

# Asks again until something holds.
soon() {
    local count
    for ((count = 0; count < 200; count++)); do
        "$@" >/dev/null 2>&1 && return
        sleep 0.1
    done
    fail "this did not come: $*"
}

capture_pid=""

# Whether the capture has packets yet, which its size tells: a closed port is knocked at until it has.
has_begun() {
    { : </dev/tcp/::1/9; } 2>/dev/null || { : </dev/tcp/10.77.0.1/9; } 2>/dev/null || true
    [[ $(stat -c %s "$1") -gt $2 ]]
}

# begin FILE PROGRAM ARGUMENTS: returns when packets are being written.
begin() {
    local file=$1
    shift
    echo "== $file"
    "$@" -w "$work/$file" 2>"$work/capture.log" &
    capture_pid=$!
    soon has_begun "$work/$file" "$([[ $file == *.pcap ]] && echo 24 || echo 500)"
}

finish() {
    sleep 0.3
    kill -INT "$capture_pid"
    wait "$capture_pid" || true
    capture_pid=""
    ! grep -E '[1-9][0-9]* packets? dropped' "$work/capture.log" || fail "the capture is not whole"
    local machine
    # dumpcap writes down which machine this is; the same number of other characters keeps the blocks whole.
    for machine in "$(uname -sr)" "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)"; do
        MACHINE=$machine perl -pi -e 's/\Q$ENV{MACHINE}\E/"-" x length($ENV{MACHINE})/ge if $ENV{MACHINE} ne ""' "$work"/*.pcap*
    done
    chmod 644 "$work"/*.pcap*
    mv "$work"/*.pcap* "$target/"
}

with_tcpdump() { begin "$1.pcap" tcpdump -U --immediate-mode -B 65536 -i "$2" "${@:3}" tcp; }
with_tshark() { begin "$1.pcapng" tshark -q -i "$2" -f tcp; }

declare -A pids

# node N ARGUMENTS: starts node N on its own address, in its own namespace.
node() {
    local n=$1
    shift
    ip netns exec "n$n" "$tablewire" node --name "n$n@10.77.0.$n" --listen "10.77.0.$n:7400" --data "$work/n$n" \
        --log-level debug "$@" >>"$work/n$n.log" 2>&1 &
    pids[$n]=$!
    soon on "$n" cluster status
}

stop() {
    kill "-${2:-TERM}" "${pids[$1]}"
    wait "${pids[$1]}" 2>/dev/null || true
}

# from N COMMAND: calls node N over the switch, which the captures show.
from() { "$tablewire" "${@:2}" --node "10.77.0.$1:7400"; }
# on N COMMAND: calls node N from its own namespace, which the captures do not show.
on() { ip netns exec "n$1" "$tablewire" "${@:2}" --node "10.77.0.$1:7400"; }
up() { on "$1" cluster status | grep -q "$2 of $2 members live"; }
is() { [[ $(on "$1" table get "$2" "$3") == "$4" ]]; }

# rows FIRST LAST: JSON lines, the same each time.
# shellcheck disable=SC2016
rows() { awk -v first="$1" -v last="$2" 'BEGIN { for (i = first; i <= last; i++)
    printf "{\"key\": \"device/%05d\", \"value\": \"on since day %d, level %d\"}\n", i, i % 365, i * 7919 % 100 }'; }

# 1. A client, a node that joins one with rows, first refused because it has rows itself, heartbeats, and a goodbye.
node 1
node 2
on 1 table create devices --type ordered_set --storage disc
rows 1 300 >"$work/rows"
on 1 table load devices "$work/rows"
on 2 table create notes
on 2 table put notes mine kept
with_tcpdump join br0
! from 2 cluster join 10.77.0.1:7400 || fail "a node with rows was let in"
from 2 cluster join 10.77.0.1:7400 --merge --dry-run
from 2 cluster join 10.77.0.1:7400 --merge
soon up 1 2
sleep 1
stop 2
soon grep -q 'member is down' "$work/n1.log"
finish

# 2. Replication: three members, writes from two of them, a table of each kind, what a client can ask, and what it cannot have.
node 2
node 3 --join 10.77.0.1:7400
soon up 1 3
soon up 3 3
with_tshark replication br0
from 1 table create tags --type bag
from 2 table create routes --merge owner
from 1 table create sizes --sync-interval 50ms --storage disc
from 1 table put devices device/00001 'off' --ack all
from 2 table put devices device/00002 'Grüße ☂' --ack majority
from 1 table delete devices device/00003
from 1 table put tags lamp kitchen
from 2 table put tags lamp hall
from 1 table put routes topic/a n1
from 2 table put routes topic/a n2
printf '{"key": {"base64": "AP8B"}, "value": {"base64": "/wD+"}}\n{"key": "empty", "value": ""}\n' >"$work/bytes"
from 1 table load sizes "$work/bytes"
from 1 table get devices device/00002
from 2 table get tags lamp
from 2 table scan devices --prefix device/0001
from 2 table get routes topic/a
from 1 table info devices
from 2 table list
from 3 cluster status
from 3 cluster members
from 1 table drop sizes
for refused in 'table get nothing here' 'table create devices' 'table put routes/a b c' 'cluster remove n9@10.77.0.9' \
    'cluster join 10.77.0.3:7400'; do
    # Word splitting is wanted: these are commands.
    # shellcheck disable=SC2086
    ! from 1 $refused || fail "this should be refused: $refused"
done
soon is 3 devices device/00001 off
finish

# 3. A partition: one member is cut off, both sides write one row, the others declare it down; then they heal.
with_tcpdump partition br0
ip link set v1 down
on 1 table put devices device/00010 'said by one' --ack local
on 2 table put devices device/00010 'said by two' --ack local
soon sh -c "$tablewire cluster members --node 10.77.0.2:7400 --secret-file $work/secret | grep -q down"
ip link set v1 up
soon up 1 3
soon up 2 3
soon is 1 devices device/00010 'said by two'
soon sh -c "$tablewire cluster conflicts --node 10.77.0.2:7400 --secret-file $work/secret | grep -q 'said by one'"
finish

# 4. A member is killed and starts again, another leaves, and the one that was killed is removed while it is away.
with_tshark leave br0
stop 2 KILL
soon sh -c "$tablewire cluster members --node 10.77.0.1:7400 --secret-file $work/secret | grep -q down"
on 1 table put devices device/00020 'while two was away' --ack local
node 2
soon up 1 3
soon is 2 devices device/00020 'while two was away'
from 3 cluster leave
soon up 1 2
stop 2 KILL
from 1 cluster remove n2@10.77.0.2
node 2
soon grep -q REMOVED "$work/n2.log"
finish
for n in 1 2 3; do stop "$n"; done
rm -rf "$work"/n?

# 5. Others: a secret that is not theirs, from a client and from a node; over IPv6; without Ethernet.
start_alone() {
    "$tablewire" node --name n1@localhost --listen "$1" --data "$work/alone" --secret-file "$work/secret" --log-level debug \
        >"$work/alone.log" 2>&1 &
    pids[alone]=$!
    soon "$tablewire" cluster status --node "$1"
}
start_alone '[::1]:7400'
with_tcpdump secret any -Q in -y LINUX_SLL2
"$tablewire" table list --node '[::1]:7400' --secret-file "$work/other" || refused=1
[[ $refused == 1 ]] || fail "the wrong secret was taken"
"$tablewire" node --name n2@localhost --listen '[::1]:7401' --data "$work/other-data" --secret-file "$work/other" \
    --join '[::1]:7400' >"$work/other.log" 2>&1 &
pids[other]=$!
soon grep -q AUTHENTICATION "$work/other.log"
stop other
finish

# 6. Rows as they change, and members: watches that a client ends.
with_tcpdump watch any -Q in -y LINUX_SLL
"$tablewire" table create events --node '[::1]:7400'
"$tablewire" table watch events --node '[::1]:7400' >"$work/watch" 2>&1 &
pids[watch]=$!
seen() { "$tablewire" table put events "$1" seen --node '[::1]:7400' && grep -q "$1" "$work/watch"; }
soon seen first
soon seen second
stop watch
finish
stop alone
rm -rf "$work/alone" "$work/other-data"

# 7. A first copy over a slow wire: the first chunks come as they are, the next ones packed. Small segments.
node 1
node 2
on 1 table create sensors
awk 'BEGIN {
    for (i = 1; i <= 500; i++) words = words "the same words in each of the rows, "
    for (i = 1; i <= 200; i++) printf "{\"key\": \"device/%05d\", \"value\": \"%d %s\"}\n", i, i, words
}' >"$work/rows"
on 1 table load sensors "$work/rows"
ip -n n1 link set eth0 gso_max_segs 1
tc -n n1 qdisc add dev eth0 root tbf rate 20mbit burst 32kb latency 400ms
with_tcpdump packed br0
from 2 cluster join 10.77.0.1:7400
soon up 1 2
finish
for n in 1 2; do stop "$n"; done
gzip -9nf "$target/packed.pcap"

# 8. TLS: what passes on the wire, the keys to it, and what the node itself writes of the same links.
cp "$here"/../Certificates/{node,authority}.* "$work"
chmod 600 "$work/node.key"
export TABLEWIRE_TLS_CERTIFICATE="$work/node.pem" TABLEWIRE_TLS_KEY="$work/node.key" TABLEWIRE_TLS_AUTHORITIES="$work/authority.pem"
with_tcpdump tls br0
node 1 --tls-key-log "$work/keys" --capture "$work/own"
from 1 table create devices
# One frame is larger than a record of TLS may be.
{
    rows 1 40
    awk 'BEGIN {
        for (i = 1; i <= 500; i++) words = words "the same words, again and again, "
        printf "{\"key\": \"large\", \"value\": \"%s\"}\n", words
    }'
} >"$work/rows"
from 1 table load devices "$work/rows"
from 1 table scan devices --prefix device/0003
! from 1 table list --secret-file "$work/other" || fail "the wrong secret was taken"
finish
stop 1
mv "$work/keys" "$target/tls.keys"
mv "$work/own" "$target/tls-node.pcapng"
chmod 644 "$target"/tls*
unset TABLEWIRE_TLS_CERTIFICATE TABLEWIRE_TLS_KEY TABLEWIRE_TLS_AUTHORITIES

# 9. What captures are in bad cases, from those above: begun in the middle, a segment lost, packets cut off.
cd "$target"
echo "== middle.pcap, gap.pcapng, cut.pcap"
first=$(tshark -r packed.pcap.gz -Y 'tcp.len == 1448' -T fields -e frame.number | tail -n 60 | head -n 1)
editcap -r -F pcap packed.pcap.gz middle.pcap "$first-$((first + 10000))"
lost=$(tshark -r replication.pcapng -Y 'ip.src == 10.77.0.1 && ip.dst == 10.77.0.2 && tcp.len > 100' -T fields -e frame.number | sed -n '4p;9p')
# Word splitting is wanted: these are numbers.
# shellcheck disable=SC2086
editcap replication.pcapng gap.pcapng $lost
editcap -F pcap -s 160 join.pcap cut.pcap
