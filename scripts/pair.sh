#!/usr/bin/env bash
# Compares the speed and memory of two builds in one run:  scripts/pair.sh OLD NEW
#
# Trains by the programs OLD and NEW in turn: the article's job and the wide one, engines fixed and blas, one thread and two,
# in one order of images and shuffled. In every other round NEW is first. A time is the median of 7 rounds ($ROUNDS) of
# `train_seconds` an epoch, memory that of `peak_rss_bytes`; a ratio, new over old, is the median of the rounds' ratios.
# $ONLY is a pattern of the runs to make, such as "article fixed *". The data is Fashion-MNIST in $GINGHAM_DATA, else as
# many images drawn by OLD. Prints Markdown; takes half an hour on two cores, which nothing else should use.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
export LC_ALL=C # decimal points, whatever the locale

: "${ROUNDS:=7}"
: "${ONLY:=*}"

case ${1:-} in
-h | --help)
    sed -n '2,/^set/{/^#/s/^# \{0,1\}//p;}' "$0"
    exit 0
    ;;
esac
[ $# -eq 2 ] || die "expected two programs, found $# arguments"
for program in "$@"; do
    [ -x "$program" ] || die "$program is no program"
done
program() { printf '%s/%s' "$(cd "$(dirname "$1")" && pwd)" "$(basename "$1")"; }
old=$(program "$1") new=$(program "$2")
enter_root
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
data=${GINGHAM_DATA:-}
if [ -z "$data" ]; then
    data=$folder/data
    "$old" synth -q --out "$data" --train 60000 --test 10000 >&2
fi
unset GINGHAM_DATA GINGHAM_LEVEL

# train PROGRAM EPOCHS OPTIONS: prints seconds an epoch and the peak in bytes.
train() {
    local program=$1 epochs=$2
    shift 2
    rm -rf "$folder/run"
    "$program" train -q --json --data "$data" --out "$folder/run" --epochs "$epochs" --eval-every 0 "$@" \
        >"$folder/summary" || die "$program train $*: exit code $?"
    echo "$(field train_seconds) $epochs $(field peak_rss_bytes)" | awk '{ printf "%.6f %d", $1 / $2, $3 }'
}
field() { sed -n "s/.*\"$1\":\"\{0,1\}\([^\",]*\).*/\1/p" "$folder/summary"; }

for ((round = 1; round <= ROUNDS; round++)); do
    for run in {article,wide}" "{fixed,blas}" "{1,2}" "{off,on}; do
        # shellcheck disable=SC2254 # it is a pattern
        case $run in $ONLY) ;; *) continue ;; esac
        read -r preset engine threads shuffle <<<"$run"
        # About as long for each, so that a round's noise counts alike.
        case $run in
        "article fixed"*) epochs=20 ;;
        article*) epochs=5 ;;
        *) epochs=1 ;;
        esac
        options=("$epochs" --preset "$preset" --engine "$engine" --threads "$threads" --shuffle "$shuffle")
        if ((round % 2)); then
            before=$(train "$old" "${options[@]}")
            after=$(train "$new" "${options[@]}")
        else
            after=$(train "$new" "${options[@]}")
            before=$(train "$old" "${options[@]}")
        fi
        echo "$run $before $after" | tee -a "$folder/table" >&2
    done
done
[ -s "$folder/table" ] || die "no run is like '$ONLY'"

echo "| job | engine | threads | shuffled | old, ms an epoch | new | new/old | old, peak MB | new | new/old |"
echo "|---|---|---:|---|---:|---:|---:|---:|---:|---:|"
awk '
    function median(column, run,    n, i, j, sorted, x) {
        n = rounds[run]
        for (i = 1; i <= n; i++) {
            x = of[run, i, column]
            for (j = i - 1; j > 0 && sorted[j] > x; j--) sorted[j + 1] = sorted[j]
            sorted[j + 1] = x
        }
        return (sorted[int((n + 1) / 2)] + sorted[int(n / 2) + 1]) / 2
    }
    {
        run = $1 " | " $2 " | " $3 " | " $4
        round = ++rounds[run]
        if (round == 1) runs[++count] = run
        of[run, round, 1] = $5 * 1e3
        of[run, round, 2] = $7 * 1e3
        of[run, round, 3] = $7 / $5
        of[run, round, 4] = $6 / 1e6
        of[run, round, 5] = $8 / 1e6
        of[run, round, 6] = $8 / $6
    }
    END {
        for (i = 1; i <= count; i++) {
            run = runs[i]
            printf "| %s | %.1f | %.1f | %.3f | %.1f | %.1f | %.3f |\n", run, median(1, run), median(2, run),
                median(3, run), median(4, run), median(5, run), median(6, run)
        }
    }
' "$folder/table"
echo
echo "$ROUNDS rounds, $(nproc) cores, level $(field level); $(field cpu)"
echo "old: $("$old" --version | head -n 1); new: $("$new" --version | head -n 1)"
