#!/usr/bin/env bash
# Makes every system call of a run's saving fail, and ends the run before it:  scripts/faults.sh [--long] [GINGHAM]
#
# A short run that writes a checkpoint after every epoch is made again and again under strace, each time with another call that
# fails (EIO, ENOSPC, EINTR) or at which the process is killed, and then on a disk that is full after so many KiB. Whatever happened, the run must then go on to the model of a run that
# nothing disturbed. Exit code 0 under a fault means that the model is there. Without --long only every seventh place is tried.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

step=7
gingham=target/release/gingham
for argument in "$@"; do
    case $argument in
    --long) step=1 ;;
    -h | --help)
        sed -n '2,/^set/{/^#/s/^# \{0,1\}//p;}' "$0"
        exit 0
        ;;
    -*) die "unknown option $argument" ;;
    *) gingham=$argument ;;
    esac
done
have strace || die "expected strace, found none: apt install strace"
gingham=$(realpath "$gingham")
[ -x "$gingham" ] || die "expected the program at $gingham, found none"
unset GINGHAM_DATA

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"$gingham" synth -q --train 200 --test 20 --out data >/dev/null
train=("$gingham" train -q --data data --preset plain --hidden 8 --epochs 4 --batch-size 50 --seed 3 --threads 1)
"${train[@]}" --out whole --checkpoint-every 1 >/dev/null

# The calls that saving is made of. A call that fails while the data is read ends the run before it begins, which is right too.
calls=(openat write fsync rename renameat2 unlink mkdir fchmod chmod flock link)
traced=(strace -f -qq -o /dev/null)
places=0
faults=0
# tried WHAT COMMAND..: the run under a command that lets something fail.
tried() {
    local what=$1
    shift
    rm -rf run
    code=0
    # The braces keep the shell's word on a process that was killed to themselves.
    { "$@" "${train[@]}" --out run --checkpoint-every 1 >out 2>err; } 2>/dev/null || code=$?
    case $code in
    0) cmp -s run/model.safetensors whole/model.safetensors || die "$what: exit code 0, and another model" ;;
    1 | 2 | 3 | 127 | 137) ;; # 127: the system's loader found no library
    *) die "$what: exit code $code: $(cat err)" ;;
    esac
    [ "$code" -eq 0 ] || faults=$((faults + 1))
    # What is left is no run yet, or goes on.
    if [ -e run ]; then
        "${train[@]}" --out run --resume auto >out 2>err || die "$what: does not go on: $(cat err)"
        cmp -s run/model.safetensors whole/model.safetensors || die "$what: goes on to another model"
        cmp -s <(cut -d, -f1-4 run/metrics.csv) <(cut -d, -f1-4 whole/metrics.csv) || die "$what: other metrics"
        litter=$(find run data -name '.gingham-*')
        [ -z "$litter" ] || die "$what: leaves $litter"
    fi
    places=$((places + 1))
}
for call in "${calls[@]}"; do
    rm -rf run
    strace -f -qq -o calls -e "trace=$call" "${train[@]}" --out run --checkpoint-every 1 >/dev/null 2>&1
    # Calls are counted a thread; the busiest thread has no more than all have.
    count=$(grep -c "$call(" calls || true)
    for ((place = 1; place <= count; place += step)); do
        for error in EIO ENOSPC EINTR; do
            [ "$error" != EINTR ] || [ "$call" = write ] || [ "$call" = fsync ] || continue
            tried "$call number $place: $error" "${traced[@]}" -e "inject=$call:error=$error:when=$place"
        done
        tried "$call number $place: killed" "${traced[@]}" -e "inject=$call:signal=KILL:when=$place"
    done
done
# A disk that is full after so many KiB of a file: 64 are enough for every file of the run.
for ((kib = 0; kib <= 64; kib += 4)); do
    # shellcheck disable=SC2016 # the shell inside expands it
    tried "files of at most $kib KiB" bash -c 'ulimit -f "$0"; exec "$@"' "$kib"
done
[ "$code" -eq 0 ] || die "64 KiB are not enough for every file"
say "$places places, $faults of them ended the run; every run went on to the same model"
