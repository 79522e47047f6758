#!/usr/bin/env bash
# scripts/sweep.sbatch on a Slurm cluster of this one machine:  GINGHAM=PROGRAM tests/outside/slurm.sh
#
# The tasks of a job array give the runs of one undivided sweep; tasks that are cancelled or killed go on when the same command is submitted
# again; some tasks alone can be submitted. Nothing of the cluster is left behind, whatever happens.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=scripts/lib.sh
. "$root/scripts/lib.sh"

folder=$(mktemp -d)
mkdir "$folder/cluster"
export SLURM_CONF=$folder/cluster/slurm.conf
cluster=$root/tests/outside/cluster.sh
closing() {
    "$cluster" stop "$folder/cluster" || true
    rm -rf "$folder"
}
trap closing EXIT
cd "$folder"
unset GINGHAM_DATA SHARDS
"$cluster" start "$folder/cluster" || die "the cluster does not start"

data="odd {} it's; data"
"$GINGHAM" synth -q --train 600 --test 60 --out "$data" >/dev/null
settings=(--data "$data" --preset plain --batch-size 40)
short=("${settings[@]}" --epochs 3 --grid 'learning-rate=0.05, 0.2; hidden=6, 5-4; seed=1..3')
"$GINGHAM" sweep -q "${short[@]}" --out whole >/dev/null

# submit ARRAY CPUS OUT ARGUMENT..: prints the job's number.
submit() {
    local array=$1 cpus=$2
    shift 2
    sbatch --parsable --array="$array" --cpus-per-task="$cpus" --output="$folder/log-%A-%a" "$root/scripts/sweep.sbatch" "$@"
}
# Waits until no task is pending or runs.
done_all() {
    local tries
    for ((tries = 0; tries < 3000; tries++)); do
        [ -n "$(squeue -h)" ] || return 0
        sleep 0.1
    done
    die "expected the tasks to end within 300 s, found $(squeue -h)"
}
# ended JOB STATE..: every task of the job has ended in one of these states.
ended() {
    local job=$1 states state
    shift
    states=$(scontrol show job -o "$job" | sed -n 's/.*JobState=\([A-Z_]*\).*/\1/p')
    [ -n "$states" ] || die "job $job: expected its tasks, found none"
    for state in $states; do
        case " $* " in
        *" $state "*) ;;
        *) die "job $job: expected $*, found $state: $(cat "$folder/log-$job"-*)" ;;
        esac
    done
}
same() { "$root/tests/outside/journals.py" "$@"; }

say "a job array of four tasks"
job=$(submit 1-4 2 swept "${short[@]}")
done_all
ended "$job" COMPLETED
same whole swept/shard-*
grep -q '"threads":2' swept/shard-1/journal.jsonl || die "expected as many threads as a task has CPUs"
"$GINGHAM" sweep-report swept/shard-* | grep -q '^12 of 12 runs have ended' || die "expected a report of 12 runs"

say "submitted again it trains nothing twice"
before=$(cat swept/shard-*/journal.jsonl)
job=$(submit 1-4%2 1 swept "${short[@]}")
done_all
ended "$job" COMPLETED
[ "$before" = "$(cat swept/shard-*/journal.jsonl)" ] || die "expected the journals as they were"

say "some tasks alone"
SHARDS=4 submit 2,4 1 some "${short[@]}" >/dev/null
done_all
job=$(submit 2,4 1 wrong "${short[@]}")
done_all
ended "$job" FAILED
grep -q 'all shards' "log-$job-2" || die "expected tasks 2 and 4 of an unknown number to be refused, found: $(cat "log-$job-2")"
SHARDS=4 submit 1,3 1 some "${short[@]}" >/dev/null
done_all
same whole some/shard-*

# Runs long enough to be in the middle of one.
long=("${settings[@]}" --epochs 3000 --grid 'learning-rate=0.05; hidden=32; seed=1..2')
"$GINGHAM" sweep -q "${long[@]}" --threads 1 --out whole-long >/dev/null
for signal in "" KILL; do
    say "tasks that are ${signal:+killed by SIG}${signal:-cancelled} go on"
    out=long-${signal:-cancelled}
    job=$(submit 1-2 1 "$out" "${long[@]}")
    # A run has no folder before its first checkpoint, so the sweep's own says that it has begun.
    for ((tries = 0; tries < 300; tries++)); do
        [ ! -s "$out/shard-1/sweep.json" ] || [ ! -s "$out/shard-2/sweep.json" ] || break
        sleep 0.05
    done
    sleep 1
    if [ -n "$signal" ]; then
        scancel --full --signal="$signal" "$job"
    else
        scancel "$job"
    fi
    done_all
    ended "$job" CANCELLED FAILED
    [ -n "$signal" ] || [ -s "$out/shard-1/runs/00001/checkpoint.safetensors" ] || die "expected a checkpoint of a task that was cancelled"
    job=$(submit 1-2 1 "$out" "${long[@]}")
    done_all
    ended "$job" COMPLETED
    same whole-long "$out"/shard-*
done

say "nothing is left behind"
"$cluster" stop "$folder/cluster"
for ((tries = 0; tries < 50; tries++)); do
    left=$(pgrep -af "$folder" | grep -v "^$$ " || true)
    [ -n "$left" ] || break
    sleep 0.1
done
[ -z "$left" ] || die "expected no process of the cluster, found: $left"
