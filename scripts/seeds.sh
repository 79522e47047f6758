#!/bin/sh
# Whether engines learn alike: the article's 300 epochs from many seeds on each engine:  scripts/seeds.sh
#
# Prints each run's final accuracies and, per engine, their means. A run ends on one epoch of a sequence that swings, so
# engines are compared by means over seeds. The data is found where gingham finds it: $GINGHAM_DATA, else data/fashion-mnist.
set -eu
export LC_ALL=C # decimal points, whatever the locale

: "${SEEDS:=1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20}"
: "${ENGINES:=fixed blas}"
: "${EPOCHS:=300}"

case ${1:-} in
-h | --help)
    sed -n '2,/^set/{/^#/s/^# \{0,1\}//p;}' "$0"
    exit 0
    ;;
esac
if [ -n "${GINGHAM_DATA:-}" ]; then
    GINGHAM_DATA=$(cd "$GINGHAM_DATA" && pwd)
    export GINGHAM_DATA
fi
cd "$(dirname "$0")/.."
: "${GINGHAM:=${CARGO_TARGET_DIR:-target}/release/gingham}"
if [ ! -x "$GINGHAM" ]; then
    echo "seeds: no $GINGHAM: build it first (cargo build --release)" >&2
    exit 1
fi

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
printf 'engine seed train_accuracy heldout_accuracy\n' | tee "$folder/table"
for seed in $SEEDS; do
    for engine in $ENGINES; do
        "$GINGHAM" train -q --json --engine "$engine" --seed "$seed" --epochs "$EPOCHS" --eval-every 0 \
            --out "$folder/$engine-$seed" >"$folder/summary"
        field() { sed -n "s/.*\"$1\":\([0-9.]*\).*/\1/p" "$folder/summary"; }
        printf '%s %s %s %s\n' "$engine" "$seed" "$(field train_accuracy)" "$(field heldout_accuracy)" |
            tee -a "$folder/table"
    done
done
awk 'NR > 1 { n[$1]++; train[$1] += $3; heldout[$1] += $4; squares[$1] += $4 * $4 }
    END {
        for (engine in n) {
            mean = heldout[engine] / n[engine]
            spread = squares[engine] / n[engine] - mean * mean
            printf "%s: mean of %d seeds: train %.4f, held out %.4f (deviation of one run %.4f)\n",
                engine, n[engine], train[engine] / n[engine], mean, sqrt(spread > 0 ? spread : 0)
        }
    }' "$folder/table" | sort
