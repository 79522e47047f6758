#!/usr/bin/env bash
# Whether time and memory keep to their bounds on a data set beyond the usual size:  scripts/large.sh [FOLDER]
#
# Draws 60,000 and 2,000,000 images (1.6 GB; $IMAGES for another number) into FOLDER, where a later run finds them, or into
# a temporary one. Trains the article's network on them by the fixed engine: on the small set, on the large one with its
# packed pixels in memory, and on the large one with --memory 64M ($MEMORY), so that each batch is packed anew. The runs
# alternate for 3 rounds ($ROUNDS) of 3 epochs ($EPOCHS; on the small set as many as make as many images); every figure
# is the rounds' median, a ratio the median of the rounds' ratios. RssAnon is memory that no file stands behind, its
# maximum of samples 50 ms apart. Mapped files count in the peak alone. Prints Markdown; takes two minutes on two cores.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
export LC_ALL=C # decimal points, whatever the locale

: "${IMAGES:=2000000}"
: "${MEMORY:=64M}"
: "${ROUNDS:=3}"
: "${EPOCHS:=3}"
SMALL=60000
BATCH=1920 # the article's, of 48,000 images in 25

case ${1:-} in
-h | --help)
    sed -n '2,/^set/{/^#/s/^# \{0,1\}//p;}' "$0"
    exit 0
    ;;
-*) die "expected a folder, found $1" ;;
esac
[ "$IMAGES" -ge "$SMALL" ] || die "expected \$IMAGES of at least $SMALL, found $IMAGES"
grep -q RssAnon /proc/self/status 2>/dev/null || die "this system does not tell RssAnon, as Linux does"

pid=
temporary=
closing() {
    [ -z "$pid" ] || kill "$pid" 2>/dev/null || true
    [ -z "$temporary" ] || rm -rf "$temporary"
}
trap closing EXIT
temporary=$(mktemp -d)
folder=$temporary
if [ -n "${1:-}" ]; then
    folder=$(mkdir -p "$1" && cd "$1" && pwd)
fi
enter_root
: "${GINGHAM:=${CARGO_TARGET_DIR:-target}/release/gingham}"
[ -x "$GINGHAM" ] || die "no $GINGHAM: build it first (cargo build --release)"

for images in "$SMALL" "$IMAGES"; do
    # A set that is there is whole: it is drawn beside its place and then moved.
    is_data_set "$folder/synth-$images" ||
        "$GINGHAM" synth --out "$folder/synth-$images" --train "$images" --test 1 >&2
done

# measure RUN IMAGES EPOCHS OPTIONS: adds the run's figures to the table.
measure() {
    local run=$1 images=$2 epochs=$3 anon=0 name kilobytes
    shift 3
    rm -rf "$temporary/run"
    "$GINGHAM" train -q --json --data "$folder/synth-$images" --epochs "$epochs" --batch-size "$BATCH" --holdout 0 \
        --eval-every 0 --engine fixed --out "$temporary/run" "$@" >"$temporary/summary" &
    pid=$!
    while kill -0 "$pid" 2>/dev/null; do
        while read -r name kilobytes _; do
            [ "$name" != RssAnon: ] || [ "$kilobytes" -le "$anon" ] || anon=$kilobytes
        done 2>/dev/null <"/proc/$pid/status" || true # it may have ended meanwhile
        sleep 0.05
    done
    wait "$pid" || die "$run: gingham train: exit code $?"
    pid=
    printf '%s %s %s %s %s %s\n' "$run" "$images" "$epochs" "$(field train_seconds)" "$anon" "$(field peak_rss_bytes)" |
        tee -a "$temporary/table" >&2
}
# field NAME: of the last summary.
field() { sed -n "s/.*\"$1\":\"\{0,1\}\([^\",]*\).*/\1/p" "$temporary/summary"; }

say "run images epochs seconds RssAnon_kB peak_bytes"
for ((round = 0; round < ROUNDS; round++)); do
    measure small "$SMALL" $((EPOCHS * IMAGES / SMALL))
    measure resident "$IMAGES" "$EPOCHS"
    # Packed, pixels take about twice the file. Less than the file: they were not kept.
    [ "$(tail -n 1 "$temporary/table" | cut -d ' ' -f 5)" -gt $((IMAGES * 784 / 1024)) ] ||
        say "a quarter of this machine's memory does not hold the packed pixels: 'resident' streams too"
    measure streamed "$IMAGES" "$EPOCHS" --memory "$MEMORY"
done

echo "| run | images | epochs | ms an epoch | images/s | over the large set's | RssAnon, MB | peak RSS, MB |"
echo "|---|---:|---:|---:|---:|---:|---:|---:|"
awk -v memory="$MEMORY" '
    function median(of, run,    n, i, j, sorted, x) {
        n = rounds[run]
        for (i = 1; i <= n; i++) {
            x = of[run, i]
            for (j = i - 1; j > 0 && sorted[j] > x; j--) sorted[j + 1] = sorted[j]
            sorted[j + 1] = x
        }
        return (sorted[int((n + 1) / 2)] + sorted[int(n / 2) + 1]) / 2
    }
    function row(run, what) {
        printf "| %s | %d | %d | %.1f | %.0f | %.2f | %.0f | %.0f |\n", what, images[run], epochs[run], median(ms, run),
            median(speed, run), median(over, run), median(anon, run), median(peak, run)
    }
    {
        round = ++rounds[$1]
        images[$1] = $2
        epochs[$1] = $3
        ms[$1, round] = $4 / $3 * 1e3
        speed[$1, round] = $2 * $3 / $4
        anon[$1, round] = $5 * 1024 / 1e6
        peak[$1, round] = $6 / 1e6
    }
    END {
        n = rounds["streamed"]
        for (run in rounds)
            for (round = 1; round <= n; round++) over[run, round] = speed[run, round] / speed["resident", round]
        row("small", "small set")
        row("resident", "large set")
        row("streamed", "large set, --memory " memory)
        printf "\nAn image of the large set takes %.2f of the time of one of the small set.\n", median(over, "small")
    }
' "$temporary/table"
echo "$(nproc) cores, $(field threads) threads, level $(field level); gingham $(field version) (commit $(field commit)); medians of $ROUNDS rounds"
