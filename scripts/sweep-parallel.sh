#!/usr/bin/env bash
# A sweep in parts by GNU parallel, on this machine or on others over ssh:
#
#   scripts/sweep-parallel.sh --shards N --out DIR [OPTION..] -- ARGUMENT..
#   scripts/sweep-parallel.sh --shards 8 --out sweeps/rate -- --epochs 30 --grid 'learning-rate=0.001,0.002; seed=1..20'
#
# What follows '--' goes to 'gingham sweep' as it is. Each of the N jobs trains a shard of the plan in a folder of its own, DIR/shard-1 to
# DIR/shard-N, and at the end 'gingham sweep-report' reads all of them as one sweep. After an interruption the same command goes on: jobs that
# the job log has as done are not started again, and the others go on where their journals end.
#
#   --shards N           how many parts the plan is cut into; more parts than jobs at a time keep every core busy to the end
#   --out DIR            the folder of the shards' folders
#   --jobs N             jobs at a time on each host, as GNU parallel's --jobs has it [default: one for each core]
#   --threads N          threads of each job; no result depends on it [default: 1]
#   --joblog FILE        GNU parallel's job log, one for each sweep [default: DIR/joblog]
#   --sshlogin HOSTS     hosts on which jobs run, as GNU parallel's --sshlogin has them; ':' is this machine
#   --sshloginfile FILE  a file of such hosts
#   --gingham PROGRAM    the program [default: $GINGHAM, else gingham where commands are looked for, else the project's release build]
#
# Hosts need the program, the data and DIR under the same names: a folder that they share. What else GNU parallel should do is said by its
# own variable, such as PARALLEL='--eta'. Ends with 0 where all jobs did, else with 1. A job whose ssh was killed may still train on its host; its
# folder is in use until it has ended, and a job that is started for the same shard fails and can be tried again.
set -euo pipefail
unset CDPATH # with it, cd prints the folder

die() {
    printf 'sweep-parallel: %s\n' "$*" >&2
    exit "${code:-1}"
}
misuse() {
    code=2 die "$*: --help says more"
}

shards="" out="" joblog="" threads=1
program=${GINGHAM:-}
how=()
while [ $# -gt 0 ]; do
    case $1 in
    -h | --help)
        sed -n '2,/^set/{/^#/s/^# \{0,1\}//p;}' "$0"
        exit 0
        ;;
    --)
        shift
        break
        ;;
    --shards | --out | --jobs | --threads | --joblog | --sshlogin | --sshloginfile | --gingham)
        [ $# -ge 2 ] || misuse "expected a value behind $1, found none"
        case $1 in
        --shards) shards=$2 ;;
        --out) out=$2 ;;
        --threads) threads=$2 ;;
        --joblog) joblog=$2 ;;
        --gingham) program=$2 ;;
        *) how+=("$1" "$2") ;; # GNU parallel's own
        esac
        shift 2
        ;;
    *) misuse "expected an option, or '--' before the arguments of gingham sweep, found $1" ;;
    esac
done
[[ $shards =~ ^[1-9][0-9]{0,5}$ ]] || misuse "--shards: expected a number from 1 to 999999, found '$shards'"
[[ $threads =~ ^[0-9]{1,6}$ ]] || misuse "--threads: expected a number, found '$threads'"
[ -n "$out" ] || misuse "expected --out, found none"
[ $# -gt 0 ] || misuse "expected the arguments of gingham sweep behind '--', found none"
for argument in "$out" "$@"; do
    # The job log has a job in a line, and its fields between tabs.
    case $argument in
    *$'\n'* | *$'\t'*) misuse "expected arguments of one line without tabs, found $(printf '%q' "$argument")" ;;
    esac
done
case $(parallel --version </dev/null 2>/dev/null || true) in
GNU*) ;;
*) die "expected GNU parallel as 'parallel', found none: apt install parallel" ;;
esac
if [ -z "$program" ]; then
    built=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/target/release/gingham
    program=$(command -v gingham || printf '%s' "$built")
fi
command -v "$program" >/dev/null || die "expected the program at $program, found none"
case $program in
*/*) program=$(cd "$(dirname "$program")" && pwd)/$(basename "$program") ;;
esac
case $out in
/*) ;;
*) out=$PWD/$out ;;
esac
: "${joblog:=$out/joblog}"

# A word that every shell takes for this text.
quoted() {
    local quote="'\\''"
    printf "'%s' " "${1//\'/$quote}"
}
# The command of a shard. GNU parallel reads whole commands, in which it replaces nothing.
command_of() {
    local word
    printf 'env '
    [ -z "${GINGHAM_DATA:-}" ] || quoted "GINGHAM_DATA=$(cd "$GINGHAM_DATA" && pwd)"
    for word in "$program" sweep "${@:2}" --threads "$threads" --shard "$1/$shards" --out "$out/shard-$1"; do
        quoted "$word"
    done
    printf '>/dev/null' # each shard's own ranking
}
commands() {
    local shard
    for ((shard = 1; shard <= shards; shard++)); do
        printf '%s\n' "$(command_of "$shard" "$@")"
    done
}

# What is wrong with the plan is said once, and not by every job.
"$program" sweep -q "$@" --dry-run >/dev/null || exit
mkdir -p "$out" "$(dirname "$joblog")"
# GNU parallel knows jobs by their numbers alone, so a log is of use to the same jobs alone.
if [ -s "$joblog" ]; then
    others=$(tail -n +2 "$joblog" | cut -f 9- | grep -Fxvc -f <(commands "$@") || true)
    [ "$others" -eq 0 ] ||
        die "$joblog: expected the job log of the same command, found another's: give another --joblog, or remove this one"
fi

failed=0
commands "$@" | parallel --joblog "$joblog" --resume-failed --workdir "$PWD" --line-buffer --tagstring 'shard {#}' \
    --termseq TERM,20000,KILL,25 ${how[@]+"${how[@]}"} || failed=$?

folders=()
for ((shard = 1; shard <= shards; shard++)); do
    [ ! -f "$out/shard-$shard/sweep.json" ] || folders+=("$out/shard-$shard")
done
[ ${#folders[@]} -eq 0 ] || "$program" sweep-report "${folders[@]}" || failed=1
[ "$failed" -eq 0 ] || die "not all jobs have ended well; the same command goes on from here"
[ ${#folders[@]} -eq "$shards" ] ||
    die "$joblog: expected a folder of each job that has ended, found ${#folders[@]} of $shards: remove this job log to train the others again"
