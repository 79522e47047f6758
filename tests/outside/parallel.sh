#!/usr/bin/env bash
# scripts/sweep-parallel.sh under GNU parallel:  GINGHAM=PROGRAM tests/outside/parallel.sh
#
# The shards give the runs of one undivided sweep; names and arguments with blanks, quotes and GNU parallel's own words arrive as they are; a
# sweep that is killed goes on by the same command, and jobs that had ended are not started again; another command is refused. The same over
# ssh, through a server of the test's own, where there is one.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=scripts/lib.sh
. "$root/scripts/lib.sh"

folder=$(mktemp -d)
sshd="" made=no
closing() {
    [ -z "$sshd" ] || kill "$sshd" 2>/dev/null || true
    [ "$made" = no ] || rmdir /run/sshd 2>/dev/null || true
    rm -rf "$folder"
}
trap closing EXIT
cd "$folder"
unset GINGHAM_DATA PARALLEL
data="odd {} {#} it's; data"
"$GINGHAM" synth -q --train 600 --test 60 --out "$data" >/dev/null
arguments=(--data "$data" --preset plain --batch-size 40 --epochs 3 --grid 'learning-rate=0.05, 0.2; hidden=6, 5-4; seed=1..3')
"$GINGHAM" sweep -q "${arguments[@]}" --out whole >/dev/null

sweep() { # OUT OPTION..
    local out=$1
    shift
    "$root/scripts/sweep-parallel.sh" --shards 5 --out "$out" "$@" -- "${arguments[@]}"
}
# fails CODE WORDS COMMAND..: the command ends with this code and says these words.
fails() {
    local expected=$1 words=$2 code=0
    shift 2
    "$@" >out 2>err || code=$?
    if [ "$code" -ne "$expected" ] || ! grep -q -e "$words" err; then
        die "$*: expected exit code $expected and '$words', found $code: $(cat err)"
    fi
}
same() { "$root/tests/outside/journals.py" whole "$1"/shard-*; }
# The jobs that the log says have ended well, one a line.
ended() { awk -F '\t' 'NR > 1 && $7 == 0 && $8 == 0 { print $1 }' "$1" | sort -n; }

say "five shards, two at a time"
sweep "odd {} out;'" --jobs 2 >report 2>progress
same "odd {} out;'"
grep -q '^12 of 12 runs have ended' report || die "expected a report of 12 runs, found: $(head -1 report)"
grep -q 'shard 5' progress || die "expected the progress of every shard, found: $(cat progress)"
[ "$(ended "odd {} out;'/joblog" | wc -l)" -eq 5 ] || die "expected five jobs in the log"

say "a sweep that is done starts nothing again"
before=$(cat "odd {} out;'/joblog")
sweep "odd {} out;'" >report 2>/dev/null
[ "$before" = "$(cat "odd {} out;'/joblog")" ] || die "expected no job in the log, found another"
grep -q '^12 of 12 runs have ended' report || die "expected the report again"

say "another command is refused"
script=$root/scripts/sweep-parallel.sh
fails 1 "another's" "$script" --shards 5 --out "odd {} out;'" -- "${arguments[@]}" --l2 0.25
fails 1 "another's" "$script" --shards 4 --out "odd {} out;'" -- "${arguments[@]}"
fails 2 "from 1" "$script" --shards 0
fails 2 "expected --out" "$script" --shards 2
fails 2 "arguments of gingham sweep" "$script" --shards 2 --out x
fails 2 "--colour" "$script" --shards 2 --out x --colour -- y
fails 2 "tabs" "$script" --shards 2 --out x -- --grid $'seed=1\t'
fails 2 "5..1" "$script" --shards 3 --out bad -- --grid 'seed=5..1'
if [ "$(wc -l <err)" -ne 1 ] || [ -e bad ]; then
    die "expected a bad plan to be refused once and to leave nothing, found: $(cat err)"
fi

# Kills the whole group of a sweep as soon as one job has ended, and goes on.
killed() { # OUT SIGNAL OPTION..
    local out=$1 signal=$2 process code=0
    shift 2
    setsid "$root/scripts/sweep-parallel.sh" --shards 5 --out "$out" "$@" -- "${arguments[@]}" >/dev/null 2>&1 &
    process=$!
    for ((tries = 0; tries < 600; tries++)); do
        [ ! -e "$out/joblog" ] || [ -z "$(ended "$out/joblog")" ] || break
        sleep 0.05
    done
    kill -s "$signal" -- "-$process"
    { wait "$process" || code=$?; } 2>/dev/null
    [ "$code" -ne 0 ] || die "$signal: the sweep was done before it was killed"
    for ((tries = 0; tries < 200; tries++)); do
        # What runs on another host is not in the group, and trains its shard to the end.
        pgrep -g "$process" >/dev/null || pgrep -f "$folder/$out/shard-" >/dev/null || break
        sleep 0.05
    done
    ended "$out/joblog" >"$out.ended"
    sweep "$out" "$@" >report 2>&1
    same "$out"
    grep -q '^12 of 12 runs have ended' report || die "$signal: expected a report of 12 runs, found: $(cat report)"
    while read -r job; do
        [ "$(awk -F '\t' -v job="$job" '$1 == job' "$out/joblog" | wc -l)" -eq 1 ] || die "$signal: job $job had ended and was started again"
    done <"$out.ended"
}
for signal in KILL TERM; do
    say "a sweep of which every process gets SIG$signal goes on"
    killed "killed-$signal" "$signal" --jobs 1
done

say "a job that fails is tried again, and nothing else"
cat >program <<'END'
#!/bin/sh
case "$*" in *"--shard 2/5"*) [ -e fine ] || exit 1 ;; esac
exec "$GINGHAM" "$@"
END
chmod +x program
fails 1 "the same command goes on" sweep failing --gingham "$folder/program"
touch fine
sweep failing --gingham "$folder/program" >report 2>err
same failing
[ "$(wc -l <failing/joblog)" -eq 7 ] || die "expected six jobs in the log, found: $(cat failing/joblog)"

if ! have sshd || ! have ssh-keygen; then
    say "skipped: shards over ssh (no ssh server: apt install openssh-server)"
    exit 0
fi
say "shards over ssh"
port=0
ssh-keygen -q -t ed25519 -N '' -f key
cp key.pub authorized
# Where a server of root's insists on it.
[ -d /run/sshd ] || { mkdir /run/sshd 2>/dev/null && made=yes; } || true
for ((tries = 0; tries < 5; tries++)); do
    port=$((20000 + RANDOM))
    "$(command -v sshd)" -D -q -f /dev/null -h "$folder/key" -p "$port" -o ListenAddress=127.0.0.1 -o "PidFile=$folder/sshd.pid" \
        -o "AuthorizedKeysFile=$folder/authorized" -o StrictModes=no -o UsePAM=no -o PermitRootLogin=yes &
    sshd=$!
    sleep 0.5
    ! kill -0 "$sshd" 2>/dev/null || break
done
host="ssh -q -F /dev/null -p $port -i $folder/key -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null 127.0.0.1"
if ! $host true </dev/null; then
    say "skipped: shards over ssh (the test's own server lets nobody in)"
    exit 0
fi
printf '%s\n' "2/$host" >hosts
sweep remote --sshloginfile hosts >report 2>progress || die "over ssh: $(cat progress)"
same remote
here=$(awk -F '\t' 'NR > 1 && $2 == ":"' remote/joblog)
[ -z "$here" ] || die "expected every job to go over ssh, found here: $here"
killed "killed remote" KILL --sshlogin "1/$host"
