#!/usr/bin/env bash
# Trains on older CPUs than this one, emulated by qemu-x86_64 (Debian's package qemu-user):  scripts/older-cpus.sh
#
# On each CPU no instruction may be illegal, `--engine auto` must choose by what the CPU has and say so in summary.json
# (`engine`, `level`, and in `engine_note` why it is not `fixed`), the figures must be this machine's but for rounding,
# and the integer products must give the same model, bit for bit: on that CPU, and here at every level that
# $GINGHAM_LEVEL can ask for. A line for each CPU, a minute at most.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

case ${1:-} in
-h | --help)
    sed -n '2,/^set/{/^#/s/^# \{0,1\}//p;}' "$0"
    exit 0
    ;;
esac

# What lacks AVX2, or has it where the system does not keep its registers, and what has AVX2 but not AVX-512.
WITHOUT_AVX2=(kvm64 Nehalem SandyBridge "Haswell,-xsave")
WITH_AVX2=(Haswell EPYC)
# Relative: kernels of another OpenBLAS core round a sum of floating point elsewhere.
TOLERANCE=1e-6

have qemu-x86_64 || die "no qemu-x86_64 here: apt install qemu-user"
[ "$(uname -m)" = x86_64 ] || die "the emulated CPUs run this machine's programs, which are of another kind here"
enter_root
set_up
cargo build --release "${CARGO_FLAGS[@]}"
gingham=$(cd "${CARGO_TARGET_DIR:-target}" && pwd)/release/gingham
unset GINGHAM_LEVEL GINGHAM_DATA
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"$gingham" synth --quiet --out data --train 600 --test 100 >/dev/null

# train OUT OPTIONS: with the command in $on, if any, before the program.
on=()
train() {
    local out=$1 code=0
    shift
    ${on[@]+"${on[@]}"} "$gingham" train --quiet --json --data data --out "$out" --epochs 2 "$@" >"$out.log" 2>&1 ||
        code=$?
    [ "$code" -eq 0 ] && return
    grep -v "doesn't support requested feature" "$out.log" >&2 || true
    [ "$code" -ne 132 ] || say "exit code 132: an illegal instruction"
    die "${on[*]} gingham train $*: exit code $code"
}
# field NAME RUN: of the run's summary, where it stands first; the settings, which have some of the names too, stand last.
field() { sed -n "/^ *\"$1\": /{s/^ *\"$1\": \"\{0,1\}\([^\",]*\).*/\1/p;q;}" "$2/summary.json"; }
near() { awk -v a="$1" -v b="$2" -v most="$TOLERANCE" 'BEGIN { d = a - b; exit !(d * d <= (most * b) ^ 2) }'; }

# Without a hidden layer every product is one of integers, so that OpenBLAS has no part in the model.
integers=(--engine fixed --hidden none)
for level in portable avx2 avx512; do
    GINGHAM_LEVEL=$level train "native-$level" "${integers[@]}"
    cmp "native-portable/model.safetensors" "native-$level/model.safetensors" ||
        die "the model of level $level differs from the portable one's"
done
for engine in blas fixed; do
    train "native-$engine" --engine "$engine" --hidden 20
done

# check CPU LEVEL ENGINE: on an emulated CPU that has LEVEL, where `auto` is to be ENGINE.
check() {
    local cpu=$1 level=$2 engine=$3 name=${1//,/} found error
    on=(qemu-x86_64 -cpu "$cpu")
    train "auto-$name" --engine auto --hidden 20
    # An emulator from before QEMU 7.2 has no AVX, and says so.
    if grep -q "doesn't support requested feature: .*avx2" "auto-$name.log"; then
        say "this emulator's $cpu has no AVX2"
        level=portable engine=blas
    fi
    found=$(field engine "auto-$name")
    [ "$found" = "$engine" ] || die "$cpu: auto is $found in the record, expected $engine"
    found=$(field level "auto-$name")
    [ "$found" = "$level" ] || die "$cpu: the level is $found in the record, expected $level"
    found=$(field engine_note "auto-$name")
    case $engine:$found in
    fixed:null | "blas:this CPU has neither AVX2 nor AVX-512 VNNI"*) ;;
    *) die "$cpu: auto is $engine, and the note on that is: $found" ;;
    esac
    error=$(field final_error "auto-$name")
    near "$error" "$(field final_error "native-$engine")" ||
        die "$cpu: final error $error, here $(field final_error "native-$engine")"
    "${on[@]}" "$gingham" evaluate --quiet --data data --model "auto-$name/model.safetensors" >evaluate.log 2>&1 ||
        die "$cpu: gingham evaluate: $(cat evaluate.log)"
    # The variable lowers the level and can never raise it.
    GINGHAM_LEVEL=avx512 train "integers-$name" "${integers[@]}"
    cmp "native-portable/model.safetensors" "integers-$name/model.safetensors" ||
        die "$cpu: the model of the integer products differs from this machine's"
    echo "$cpu: auto is $engine ($level, BLAS core $(field core "auto-$name")), final error $error; fixed gives the same model as here"
}
for cpu in "${WITHOUT_AVX2[@]}"; do check "$cpu" portable blas; done
for cpu in "${WITH_AVX2[@]}"; do check "$cpu" avx2 fixed; done

# QEMU's own CPU has a K8's number but not its 3DNow!, which an OpenBLAS that goes by the number would use.
on=(qemu-x86_64 -cpu qemu64)
code=0
"${on[@]}" "$gingham" train --quiet --data data --out mistaken --epochs 1 >mistaken.log 2>&1 || code=$?
if [ "$code" -ne 0 ]; then
    { [ "$code" -eq 2 ] && grep -q OPENBLAS_CORETYPE mistaken.log; } || die "qemu64: exit code $code: $(cat mistaken.log)"
    OPENBLAS_CORETYPE=Prescott train told
fi
echo "qemu64: $([ "$code" -eq 0 ] && echo trains || echo "refused by name; trains with OPENBLAS_CORETYPE=Prescott")"
