#!/usr/bin/env bash
# Records to the bit what training gives:  scripts/bits.sh GINGHAM > LIST
#
# Trains small networks by the program GINGHAM, with settings that between them reach every engine, every way to take in
# pixels and every cut of the work, and prints a line for each: its data, level and settings, the SHA-256 of
# model.safetensors and of metrics.csv without its seconds, and the test accuracy. Every setting runs at the highest level
# that this CPU has, with one thread and with 2, 3 or 7, and at each lower level once; where numbers depend on the number of
# threads, the script fails. With $GINGHAM_DATA, the folder of Fashion-MNIST, the article's job and the wide one are
# there too. Needs python3, which draws the images. Takes three minutes on two cores.
#
# For a change that is to keep every bit:
#     scripts/bits.sh OLD > before && scripts/bits.sh NEW > after && diff before after
# Both lists must be from one machine: OpenBLAS rounds on each CPU in its own way.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
export LC_ALL=C

case ${1:-} in
-h | --help)
    sed -n '2,/^set/{/^#/s/^# \{0,1\}//p;}' "$0"
    exit 0
    ;;
"" | -*) die "expected one program, found ${1:-nothing}" ;;
esac
[ -x "$1" ] || die "$1 is no program"
gingham=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
have python3 || die "this needs python3, which draws the images"
have sha256sum || die "this needs sha256sum"
enter_root
real=${GINGHAM_DATA:-}
unset GINGHAM_DATA GINGHAM_LEVEL
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

# One data set a line: name, rows, columns, training images, classes. Pixels resemble Fashion-MNIST's: a black border, a shape
# for each class, deviations from 0 to 100.
python3 - <<'PYTHON'
import os, random, struct

def draw(name, rows, columns, train, classes):
    rng = random.Random(name)
    pixels = rows * columns
    spread = [rng.choice((0, 0, 1, 6, 30, 100)) for _ in range(pixels)]
    shapes = [[rng.choice((0, 0, 40, 150, 255)) if s else 0 for s in spread] for _ in range(classes)]
    os.mkdir(name)
    with open(f"{name}/classes.txt", "w") as file:
        file.writelines(f"class {c}\n" for c in range(classes))
    for stem, count in (("train", train), ("t10k", 137)):
        labels = bytes(rng.randrange(classes) for _ in range(count))
        images = bytearray()
        for label in labels:
            light, dark = rng.random(), rng.randrange(pixels)
            for at, (s, level) in enumerate(zip(spread, shapes[label])):
                noise = int(s * (rng.random() - 0.3)) if at > dark // 2 else 0
                images.append(min(255, max(0, int(level * light) + noise)))
        with open(f"{name}/{stem}-images-idx3-ubyte", "wb") as file:
            file.write(struct.pack(">4I", 0x803, count, rows, columns) + images)
        with open(f"{name}/{stem}-labels-idx1-ubyte", "wb") as file:
            file.write(struct.pack(">2I", 0x801, count) + labels)

draw("28x28", 28, 28, 1003, 10)
draw("5x7", 5, 7, 3001, 10)
draw("1x50", 1, 50, 333, 10)
draw("40x3", 40, 3, 517, 4)
draw("9x13", 9, 13, 1501, 7)
draw("40x41", 40, 41, 211, 10)  # a sum of more than 1024 products
draw("1x1", 1, 1, 90, 2)
PYTHON

# A setting a line: the data set, then options of `train`. Where they name no epochs, there are two.
settings() {
    cat <<'SETTINGS'
28x28 --preset article --engine naive
28x28 --preset article --engine blas
28x28 --preset article --engine fixed
28x28 --preset article --engine simd
28x28 --preset article --engine auto
28x28 --preset article --engine naive --dtype f64
28x28 --preset article --engine blas --dtype f64
28x28 --preset article --engine auto --dtype f64
28x28 --preset wide --engine naive --epochs 1
28x28 --preset wide --engine blas
28x28 --preset wide --engine fixed
28x28 --preset wide --engine simd
28x28 --preset wide --engine blas --dtype f64
28x28 --preset article --engine naive --shuffle
28x28 --preset article --engine blas --shuffle
28x28 --preset article --engine fixed --shuffle
28x28 --preset wide --engine blas --shuffle off
28x28 --preset wide --engine fixed --shuffle off
28x28 --preset article --engine fixed --memory 200000
28x28 --preset article --engine fixed --batches 3 --memory 1M
28x28 --preset article --engine fixed --batches 3 --memory 2M
28x28 --preset article --engine fixed --holdout 0 --batches 1
28x28 --preset article --engine fixed --holdout 0 --batches 1 --shuffle
28x28 --preset article --engine blas --holdout 0 --batches 1
28x28 --preset article --engine fixed --hidden none
28x28 --preset article --engine simd --hidden none
28x28 --preset article --engine blas --hidden none
28x28 --preset article --engine naive --hidden none --dtype f64
28x28 --preset wide --engine fixed --hidden none
28x28 --preset wide --engine blas --hidden none --shuffle off
28x28 --preset wide --engine fixed --hidden none --bias off --memory 300000
28x28 --preset article --engine fixed --hidden 128
28x28 --preset article --engine blas --hidden 128
28x28 --preset article --engine fixed --hidden 129 --init xavier
28x28 --preset article --engine blas --hidden 129 --init xavier
28x28 --preset wide --engine fixed --hidden 300 --shuffle off
28x28 --preset wide --engine blas --hidden 300
28x28 --preset wide --engine blas --hidden 530,270 --epochs 1
28x28 --preset wide --engine fixed --hidden 530,270 --epochs 1 --shuffle off
28x28 --preset wide --engine fixed --hidden 40,30,20
28x28 --preset wide --engine blas --hidden 40,30,20
28x28 --preset wide --engine fixed --hidden 150,40,140
28x28 --preset wide --engine blas --hidden 150,40,140 --dtype f64
28x28 --preset wide --engine naive --hidden 30,140 --epochs 1
28x28 --preset wide --engine fixed --activation tanh --init xavier
28x28 --preset wide --engine blas --activation tanh --init xavier
28x28 --preset wide --engine blas --activation sigmoid --output sigmoid
28x28 --preset wide --engine fixed --activation sigmoid --output sigmoid
28x28 --preset article --engine fixed --activation relu --init he --learning-rate 0.0001
28x28 --preset article --engine blas --activation relu --init he --learning-rate 0.0001
28x28 --preset article --engine blas --activation tanh --output softmax --dtype f64
28x28 --preset article --engine fixed --output softmax --probability output
28x28 --preset wide --engine blas --probability softmax --init uniform --learning-rate 0.001
28x28 --preset article --engine fixed --bias on
28x28 --preset article --engine blas --bias on
28x28 --preset wide --engine blas --bias off
28x28 --preset wide --engine fixed --bias off
28x28 --preset article --engine fixed --momentum 0.5
28x28 --preset article --engine blas --momentum 0.9 --learning-rate 0.0002
28x28 --preset wide --engine fixed --momentum 0
28x28 --preset wide --engine blas --momentum 0
28x28 --preset article --engine fixed --l1 0.3
28x28 --preset article --engine blas --l1 0.3 --l1-form sign
28x28 --preset article --engine fixed --l1 0.3 --l1-form sign --l2 0 --momentum 0.7
28x28 --preset wide --engine blas --l1 0.0002 --l1-form linear --hidden 60
28x28 --preset wide --engine fixed --l1 0.0002 --l1-form sign
28x28 --preset wide --engine blas --l1 0.0002 --l2 0
28x28 --preset wide --engine fixed --l2 0
28x28 --preset article --engine blas --reduction mean --learning-rate 0.2 --l2 0.01
28x28 --preset article --engine fixed --reduction mean --learning-rate 0.2 --l2 0.01
28x28 --preset wide --engine blas --reduction sum --learning-rate 0.0005
28x28 --preset wide --engine fixed --reduction sum --learning-rate 0.0005 --error article
28x28 --preset article --engine blas --error objective
28x28 --preset article --engine fixed --error objective --l1 0.1
28x28 --preset wide --engine blas --error article
28x28 --preset article --engine blas --scale none
28x28 --preset article --engine fixed --scale none
28x28 --preset wide --engine fixed --scale none --learning-rate 0.0001
28x28 --preset wide --engine blas --scale none --learning-rate 0.0001 --dtype f64
28x28 --preset article --engine naive --scale none
28x28 --preset article --engine blas --heldout-scale train
28x28 --preset article --engine fixed --heldout-scale train
28x28 --preset wide --engine fixed --heldout-scale own
28x28 --preset wide --engine fixed --holdout 0
28x28 --preset wide --engine blas --holdout 0
28x28 --preset article --engine fixed --holdout 0.5 --seed 7
28x28 --preset wide --engine fixed --eval-every 0
28x28 --preset wide --engine blas --eval-every 2 --epochs 5 --hidden 30
28x28 --preset article --engine fixed --eval-every 3 --epochs 7
28x28 --preset wide --engine fixed --batch-size 1 --epochs 1 --hidden 20 --learning-rate 0.001
28x28 --preset wide --engine blas --batch-size 1 --epochs 1 --hidden 20 --learning-rate 0.001
28x28 --preset article --engine fixed --batches 800 --hidden 20
28x28 --preset wide --engine blas --batch-size 33 --seed 3
28x28 --preset wide --engine fixed --batch-size 33 --seed 3
28x28 --preset article --engine fixed --batch-size 241
28x28 --preset article --engine blas --batches 7
5x7 --preset article --engine fixed
5x7 --preset article --engine blas
5x7 --preset article --engine naive --dtype f64 --hidden 20
5x7 --preset wide --engine fixed --hidden 140,20
5x7 --preset article --engine fixed --batches 2
5x7 --preset article --engine blas --batches 2
5x7 --preset article --engine fixed --batches 1 --holdout 0 --shuffle
5x7 --preset article --engine fixed --batch-size 1100 --memory 200000
5x7 --preset wide --engine fixed --batch-size 2400 --hidden none --learning-rate 0.3
5x7 --preset wide --engine blas --batch-size 1025 --hidden 260
1x50 --preset article --engine fixed
1x50 --preset article --engine blas --bias on
1x50 --preset wide --engine fixed --hidden 17
1x50 --preset wide --engine naive --hidden 17,5
1x50 --preset article --engine fixed --batches 5 --memory 20000
40x3 --preset article --engine fixed --hidden 7
40x3 --preset wide --engine blas
40x3 --preset wide --engine fixed --shuffle off
40x3 --preset article --engine fixed --hidden none --scale none
9x13 --preset article --engine fixed --batches 1
9x13 --preset article --engine blas --batches 1 --dtype f64
9x13 --preset wide --engine fixed --hidden 31,33,35
9x13 --preset wide --engine naive --hidden 31
9x13 --preset article --engine fixed --batches 2 --memory 300000
40x41 --preset article --engine fixed
40x41 --preset article --engine fixed --batches 3 --memory 1M
40x41 --preset wide --engine fixed
40x41 --preset article --engine blas
40x41 --preset article --engine fixed --hidden none --scale none
1x1 --preset article --engine fixed
1x1 --preset wide --engine fixed --hidden 3 --shuffle off
1x1 --preset wide --engine blas --hidden none
SETTINGS
    [ -z "$real" ] || cat <<'SETTINGS'
real --preset article --engine naive --epochs 1 --hidden 10
real --preset article --engine blas --epochs 3
real --preset article --engine fixed --epochs 3
real --preset article --engine fixed --epochs 3 --memory 16M
real --preset article --engine fixed --epochs 3 --shuffle
real --preset article --engine blas --epochs 1 --dtype f64
real --preset article --engine fixed --epochs 3 --scale none
real --preset wide --engine blas --epochs 1
real --preset wide --engine fixed --epochs 1
SETTINGS
}

# train LEVEL THREADS DATA OPTIONS: prints what the run gave.
train() {
    local level=$1 threads=$2 data=$3
    shift 3
    case " $* " in *" --epochs "*) ;; *) set -- "$@" --epochs 2 ;; esac
    [ "$data" != real ] || data=$real
    rm -rf run
    GINGHAM_LEVEL=$level "$gingham" train -q --data "$data" --threads "$threads" --out run "$@" >/dev/null ||
        die "GINGHAM_LEVEL=$level train --data $data --threads $threads $*: exit code $?"
    printf 'model %s metrics %s test %s\n' "$(sha256sum <run/model.safetensors | cut -d ' ' -f 1)" \
        "$(without_seconds <run/metrics.csv | sha256sum | cut -d ' ' -f 1)" "$(field test_accuracy)"
}
field() { sed -n "s/^ *\"$1\": \"\{0,1\}\([^\",]*\).*/\1/p" run/summary.json; }
without_seconds() {
    awk -F , -v OFS=, '
        NR == 1 { for (i = 1; i <= NF; i++) if ($i !~ /seconds/) kept[++n] = i }
        { for (i = 1; i <= n; i++) printf "%s%s", $kept[i], i < n ? OFS : ORS }
    '
}

# The variable lowers the level and can never raise it: a level that the CPU lacks is another in the summary.
levels=()
for level in avx512 avx2 portable; do
    train "$level" 1 1x1 --engine fixed --epochs 1 >/dev/null
    [ "$(field level)" != "$level" ] || levels+=("$level")
done

many=(2 3 7)
count=0 failed=0
while read -r -a setting; do
    for level in "${levels[@]}"; do
        threads=${many[count % 3]}
        result=$(train "$level" "$threads" "${setting[@]}")
        if [ "$level" = "${levels[0]}" ]; then
            alone=$(train "$level" 1 "${setting[@]}")
            if [ "$result" != "$alone" ]; then
                say "one thread gives other bits than $threads: $level ${setting[*]}: $alone, $result"
                failed=1
            fi
        fi
        printf '%s %s: %s\n' "$level" "${setting[*]}" "$result"
        count=$((count + 1))
    done
done < <(settings)
say "$count lines, levels ${levels[*]}, of $("$gingham" --version | head -n 1)"
exit "$failed"
