#!/bin/sh
# A hyperparameter sweep in plain shell over `gingham train --json`:  scripts/sweep.sh
#
# Every finished run is a line of JSON in $RESULTS at once, so a sweep that was stopped goes on where it was: run it
# again. Runs that are there are not repeated, and several sweeps with one $RESULTS, on one machine, share the runs among
# them. The table ranks the settings by their mean held-out accuracy over the seeds.
#
# What it reads from the environment:
#   HIDDEN RATES SEEDS  the grid: lists of widths, learning rates and seeds, separated by blanks
#   EPOCHS              the epochs of every run
#   COMMON              options that all runs share, such as "--momentum 0.9 --engine blas"
#   RESULTS             the file of the results, one for a data set, since it remembers settings and not data
#                       [default: runs/sweep.jsonl of the project]
#   GINGHAM             the program [default: the project's release build]
#   GINGHAM_DATA        the folder of the data set [default: data/fashion-mnist of the project]
# Relative names are taken from the folder that this is called in; those within COMMON from the project's.
set -eu
unset CDPATH # with it, cd prints the folder
export LC_ALL=C # decimal points, whatever the locale

case "${1:-}" in
-h | --help)
    sed -n '2,/^set -eu/{/^#/s/^# \{0,1\}//p;}' "$0"
    exit 0
    ;;
'') ;;
*)
    echo "sweep: expected no arguments, found $1: --help says which variables it reads" >&2
    exit 2
    ;;
esac

# The grid: edit it here, or set a name for one sweep (EPOCHS=5 SEEDS=42 scripts/sweep.sh).
: "${HIDDEN:=25 50 100}"
: "${RATES:=0.0005 0.001 0.002}"
: "${SEEDS:=42 1 2}"
: "${EPOCHS:=30}"
: "${COMMON:=}"

# What was given is relative to the caller's folder, which is left now.
absolute() {
    case $1 in
    /*) printf '%s\n' "$1" ;;
    *) printf '%s/%s\n' "$PWD" "$1" ;;
    esac
}
[ -z "${RESULTS:-}" ] || RESULTS=$(absolute "$RESULTS")
# A name without a slash is looked for where commands are.
case "${GINGHAM:-}" in
'') ;;
*/*) GINGHAM=$(absolute "$GINGHAM") ;;
*)
    found=$(command -v "$GINGHAM") || found=$(absolute "$GINGHAM")
    GINGHAM=$found
    ;;
esac
if [ -n "${GINGHAM_DATA:-}" ]; then
    GINGHAM_DATA=$(cd "$GINGHAM_DATA" && pwd)
    export GINGHAM_DATA
fi
cd "$(dirname "$0")/.."
: "${RESULTS:=runs/sweep.jsonl}"
: "${GINGHAM:=${CARGO_TARGET_DIR:-target}/release/gingham}"
if [ ! -f "$GINGHAM" ] || [ ! -x "$GINGHAM" ]; then
    echo "sweep: no $GINGHAM: build it first (cargo build --release), or name another one by GINGHAM" >&2
    exit 1
fi
# A line that is not written is a run that is lost, so where no line can be written there is no run.
unwritable() {
    echo "sweep: RESULTS: $RESULTS cannot be written: $1" >&2
    exit 1
}
mkdir -p "$(dirname "$RESULTS")" 2>/dev/null || unwritable "its folder cannot be made"
if [ -e "$RESULTS" ] && [ ! -f "$RESULTS" ]; then
    unwritable "expected a regular file's name, found a folder, pipe or device"
fi
{ true >>"$RESULTS"; } 2>/dev/null || unwritable "the system refuses to open it"

# A run belongs to the sweep that made the folder of its claim, which holds the number of that sweep's process. The claim of
# a sweep that is no more is taken over: renaming it succeeds for one sweep alone.
CLAIMS=$RESULTS.claims
claim=
release() {
    [ -z "$claim" ] || rm -rf "$claim"
    claim=
    rmdir "$CLAIMS" 2>/dev/null || true
}
trap release EXIT
trap '' XFSZ # a file that may not grow is a write that fails
trap 'exit 130' INT
trap 'exit 143' TERM
alive() { [ -f "$1/pid" ] && kill -0 "$(cat "$1/pid")" 2>/dev/null; }
take() { # the run of this key
    name=$CLAIMS/$(printf '%s' "$1" | cksum | tr ' ' '-')
    if [ -d "$name" ] && ! alive "$name"; then
        sleep 1 # its sweep may be about to write its number
        ! alive "$name" && mv "$name" "$name.$$" 2>/dev/null && rm -rf "$name.$$"
    fi
    # A sweep that ends takes the empty folder of all claims away, which may come between the two, and while mkdir looks for it.
    mkdir -p "$CLAIMS" 2>/dev/null || true
    tries=0
    until mkdir "$name" 2>/dev/null; do
        [ ! -d "$name" ] || return 1
        tries=$((tries + 1))
        [ "$tries" -lt 100 ] || unwritable "no folder can be made in $CLAIMS"
        mkdir -p "$CLAIMS" 2>/dev/null || true
    done
    claim=$name
    { echo $$ >"$claim/pid"; } 2>/dev/null || unwritable "no file can be written beside it"
}

# A machine that stopped while writing may have left half a line: that run counts as not done.
if [ -n "$(tail -c 1 "$RESULTS")" ] && take "the end of the file"; then
    { sed '$d' "$RESULTS" >"$RESULTS.part" && mv "$RESULTS.part" "$RESULTS"; } || unwritable "its last line is half a line"
    release
fi

for hidden in $HIDDEN; do
    for rate in $RATES; do
        for seed in $SEEDS; do
            setting="hidden=$hidden rate=$rate epochs=$EPOCHS${COMMON:+ $COMMON}"
            key="{\"setting\":\"$setting\",\"sweep_seed\":$seed,"
            if grep -qF "$key" "$RESULTS"; then
                echo "have  $setting seed=$seed" >&2
                continue
            fi
            if ! take "$key"; then
                echo "busy  $setting seed=$seed: another sweep is at it" >&2
                continue
            fi
            # Another sweep may have ended this run between the look and the claim.
            if grep -qF "$key" "$RESULTS"; then
                release
                continue
            fi
            echo "train $setting seed=$seed" >&2
            code=0
            # shellcheck disable=SC2086 # COMMON is several words
            summary=$("$GINGHAM" train --json -q --eval-every 0 --hidden "$hidden" --learning-rate "$rate" \
                --seed "$seed" --epochs "$EPOCHS" $COMMON) || code=$?
            case $code in
            0) line=$key${summary#\{} ;;
            4) line=$key'"diverged":true}' ;; # a finding, not a failure
            *)
                echo "sweep: gingham ended with exit code $code; run again to go on from here" >&2
                exit "$code"
                ;;
            esac
            { printf '%s\n' "$line" >>"$RESULTS"; } 2>/dev/null || unwritable "the run of $setting seed=$seed is not in it"
            release
        done
    done
done

echo "mean %  lowest %  highest %  s/run  runs  setting"
awk '
    function value(name) { # of a numeric key in this line, or ""
        if (!match($0, "\"" name "\": *-?[0-9.eE+-]+")) return ""
        field = substr($0, RSTART, RLENGTH)
        sub(/^[^:]*: */, "", field)
        return field
    }
    /^\{"setting":"[^"]*",.*\}$/ {
        split($0, part, "\"")
        setting = part[4]
        accuracy = value("heldout_accuracy")
        if (accuracy == "") { diverged[setting]++; seen[setting]; next }
        accuracy *= 100
        if (!(setting in runs) || accuracy < low[setting]) low[setting] = accuracy
        if (!(setting in runs) || accuracy > high[setting]) high[setting] = accuracy
        runs[setting]++
        seen[setting]
        sum[setting] += accuracy
        seconds[setting] += value("train_seconds")
    }
    END {
        for (setting in seen) {
            note = setting in diverged ? "  (" diverged[setting] " diverged)" : ""
            if (setting in runs)
                printf "%6.2f  %8.2f  %9.2f  %5.1f  %4d  %s%s\n", sum[setting] / runs[setting], low[setting],
                    high[setting], seconds[setting] / runs[setting], runs[setting], setting, note
            else
                printf "%6s  %8s  %9s  %5s  %4d  %s%s\n", "-", "-", "-", "-", 0, setting, note
        }
    }
' "$RESULTS" | sort -k1,1nr -k6
