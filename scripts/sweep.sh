#!/bin/sh
# A hyperparameter sweep in plain shell over `gingham train --json`:  scripts/sweep.sh
#
# Every finished run is a line of JSON in $RESULTS at once, so a sweep that was stopped goes on where it was: run it
# again. Runs that are there are not repeated. The table ranks the settings by their mean held-out accuracy over the
# seeds. The data is found where gingham finds it: $GINGHAM_DATA, else data/fashion-mnist.
set -eu
export LC_ALL=C # decimal points, whatever the locale

# The grid: edit it here, or set a name for one sweep (EPOCHS=5 SEEDS=42 scripts/sweep.sh).
: "${HIDDEN:=25 50 100}"
: "${RATES:=0.0005 0.001 0.002}"
: "${SEEDS:=42 1 2}"
: "${EPOCHS:=30}"
# Further options that all runs share, e.g. "--momentum 0.9 --engine blas".
: "${COMMON:=}"
# One file for one data set: it remembers settings, not what they were trained on.
: "${RESULTS:=runs/sweep.jsonl}"

if [ -n "${GINGHAM_DATA:-}" ]; then
    GINGHAM_DATA=$(cd "$GINGHAM_DATA" && pwd)
    export GINGHAM_DATA
fi
cd "$(dirname "$0")/.."
: "${GINGHAM:=${CARGO_TARGET_DIR:-target}/release/gingham}"
if [ ! -x "$GINGHAM" ]; then
    echo "sweep: no $GINGHAM: build it first (cargo build --release)" >&2
    exit 1
fi
mkdir -p "$(dirname "$RESULTS")"
touch "$RESULTS"
# A machine that stopped while writing may have left half a line: that run counts as not done.
if [ -n "$(tail -c 1 "$RESULTS")" ]; then
    sed '$d' "$RESULTS" >"$RESULTS.part" && mv "$RESULTS.part" "$RESULTS"
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
            echo "train $setting seed=$seed" >&2
            code=0
            # shellcheck disable=SC2086 # COMMON is several words
            summary=$("$GINGHAM" train --json -q --eval-every 0 --hidden "$hidden" --learning-rate "$rate" \
                --seed "$seed" --epochs "$EPOCHS" $COMMON) || code=$?
            case $code in
            0) printf '%s%s\n' "$key" "${summary#\{}" >>"$RESULTS" ;;
            4) printf '%s"diverged":true}\n' "$key" >>"$RESULTS" ;; # a finding, not a failure
            *)
                echo "sweep: gingham ended with exit code $code; run again to go on from here" >&2
                exit "$code"
                ;;
            esac
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
