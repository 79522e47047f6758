#!/usr/bin/env bash
# The tests, and what the compiler and its tools have to say:  scripts/test.sh
# Every check of the project, in the order in which a failure is cheapest to learn of:  scripts/test.sh --all
#
# Installs what a build needs where it can. Stops at the first part that fails; parts that cannot run here are skipped,
# and named with the reason. $GINGHAM_DATA names a folder with Fashion-MNIST for the tests on real data.
#
# Most of the time goes to building, so parts share what they build: clippy, the documentation and the library alone are
# checked without being compiled, and so are the benches, by clippy; all tests take the dev profile; the program takes the release
# profile, once.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

all=no
case ${1:-} in
"") ;;
--all) all=yes ;;
-h | --help)
    sed -n '2,/^set/{/^#/s/^# \{0,1\}//p;}' "$0"
    exit 0
    ;;
*) die "expected no argument or --all, found $1" ;;
esac

skipped=()
current=""
reached_end=no
times=()
part() {
    local start=$SECONDS
    current=$1
    shift
    say "$current"
    "$@"
    times+=("$((SECONDS - start)) s  $current")
    current=""
}
skip() {
    skipped+=("$1 ($2)")
    say "skipped: $1 ($2)"
}
closing() {
    local code=$? line
    for line in ${times[@]+"${times[@]}"}; do
        say "$line"
    done
    for line in ${skipped[@]+"${skipped[@]}"}; do
        say "skipped: $line"
    done
    # A signal ends the script with the code of what ran before it, which may be 0.
    if [ "$code" -eq 0 ] && [ "$reached_end" = yes ]; then
        [ "$all" = yes ] || say "the other checks (other BLAS, none, sanitizer, faults, older CPUs, other programs): scripts/test.sh --all"
        say "all checks passed in $SECONDS s"
    else
        say "FAILED${current:+ in: $current}"
    fi
}
trap closing EXIT

enter_root
use_tools
set_up
pure=(--locked --no-default-features --features cli)
if [ -z "${GINGHAM_DATA:-}" ] && is_data_set data/fashion-mnist; then
    GINGHAM_DATA=$PWD/data/fashion-mnist
    export GINGHAM_DATA
fi
[ -n "${GINGHAM_DATA:-}" ] || skip "tests on real data" "no \$GINGHAM_DATA and no data/fashion-mnist"

if have shellcheck; then
    part "shellcheck" shellcheck -x scripts/*.sh scripts/sweep.sbatch tests/outside/*.sh .ci/run
else
    skip "shellcheck" "not installed"
fi
if cargo fmt --version >/dev/null 2>&1; then
    part "rustfmt" cargo fmt --check
else
    skip "rustfmt" "this tool chain has none: rustup component add rustfmt"
fi
if cargo clippy --version >/dev/null 2>&1; then
    part "clippy" cargo clippy "${CARGO_FLAGS[@]}" --all-targets -- -D warnings
    [ "$all$BLAS_FOUND" != yesyes ] || part "clippy, without BLAS" cargo clippy "${pure[@]}" --all-targets -- -D warnings
else
    skip "clippy" "this tool chain has none: rustup component add clippy"
fi
documentation() { RUSTDOCFLAGS="-D warnings" cargo doc "${CARGO_FLAGS[@]}" --no-deps; }
if [ "$all" = yes ]; then
    part "documentation" documentation
    part "the library alone" cargo check --locked --no-default-features --lib
fi

# Tests that take minutes without the optimiser run this program: those on real data, and every command of README and guide.
# Benches are not built with it: their crates would have it built a second time, for the older CPUs, with other features.
part "the program, optimised" cargo build --release "${CARGO_FLAGS[@]}"
optimised=(env GINGHAM_PROGRAM="${CARGO_TARGET_DIR:-target}/release/gingham")
without_blas=("${optimised[@]}")
if [ "$BLAS_FOUND" = yes ]; then
    part "tests" "${optimised[@]}" cargo test --locked
    # That program has a BLAS, and one without it that the optimiser has not seen takes ten minutes for the article's job.
    without_blas=(env -u GINGHAM_DATA -u GINGHAM_PROGRAM)
else
    skip "tests with OpenBLAS" "it is not installed"
    [ "$all" = yes ] || part "tests, without BLAS" "${optimised[@]}" cargo test "${pure[@]}"
fi
if [ "$all" = no ]; then
    reached_end=yes
    exit 0
fi
# Whatever the system has as libblas: every product reaches it, and gives what the plain loops give.
netlib() {
    cargo test --locked --no-default-features --features netlib --test blas_path --test library -- \
        every_product the_counted_product engines:: golden::
}
if ! libblas_found; then
    skip "tests, with another BLAS" "no libblas: apt install libblas-dev"
else
    part "tests, with another BLAS (netlib)" netlib
fi
# What the sanitizer looks at below, where there is one, is a build without BLAS too, so it does not run twice.
tool=$(scripts/sanitize.sh --tool)
parts=()
if [ "$tool" = address-sanitizer ]; then
    parts=(--lib --bins --test allocation --test blas_path --test house --test library --)
    for name in "${MEMORY_TESTS[@]}"; do
        parts+=(--skip "$name")
    done
fi
part "tests, without BLAS" "${without_blas[@]}" cargo test "${pure[@]}" ${parts[@]+"${parts[@]}"}
if ! have strace; then
    skip "saving under faults" "no strace: apt install strace"
elif ! strace -f -qq -o /dev/null -e inject=fsync:error=EIO true 2>/dev/null; then
    skip "saving under faults" "strace may not trace here"
else
    part "saving under faults" scripts/faults.sh "${CARGO_TARGET_DIR:-target}/release/gingham"
fi
if [ "$tool" = none ]; then
    skip "memory of readers, packers and kernels" "no address sanitizer in this tool chain, and no valgrind"
else
    part "memory of readers, packers and kernels, by $tool" scripts/sanitize.sh "$tool"
fi
if [ "$(uname -sm)" != "Linux x86_64" ]; then
    skip "older CPUs" "emulated on Linux on x86-64 only"
elif ! have qemu-x86_64; then
    skip "older CPUs" "no qemu-x86_64: apt install qemu-user"
else
    part "older CPUs" scripts/older-cpus.sh
fi

# Miri, where there is one, is a nightly compiler's. It finds one level only, the portable one. Left out are a test of
# two million arguments, and one that asks for the system's exponential to the bit, where Miri adds errors on purpose.
miri() {
    local MIRIFLAGS="${MIRIFLAGS:-} -Zmiri-disable-isolation" # proptest asks where it is
    export MIRIFLAGS PROPTEST_CASES=16
    "${cargo_miri[@]}" test --locked --no-default-features --lib --test library -- \
        kernels:: formats:: integers:: --skip exp_is_within --skip sigmoid_is
}
cargo_miri=(cargo miri)
"${cargo_miri[@]}" --version >/dev/null 2>&1 || cargo_miri=(cargo +nightly miri)
if RUSTUP_AUTO_INSTALL=0 "${cargo_miri[@]}" setup </dev/null >/dev/null 2>&1; then
    part "Miri" miri
else
    skip "Miri" "this tool chain has none: rustup +nightly component add miri rust-src"
fi

# As long as $GINGHAM_FUZZ_SECONDS says, or half a minute each.
if scripts/fuzz.sh --check; then
    part "fuzzing" scripts/fuzz.sh "${GINGHAM_FUZZ_SECONDS:-30}"
else
    skip "fuzzing" "no nightly compiler, or no cargo-fuzz: cargo install cargo-fuzz --locked"
fi

if cargo deny --version >/dev/null 2>&1; then
    part "cargo deny" cargo deny check bans licenses sources
    part "cargo deny, of the fuzz targets" cargo deny --manifest-path fuzz/Cargo.toml --config fuzz/deny.toml check bans licenses sources
    if cargo deny fetch db >/dev/null 2>&1; then
        part "cargo deny, advisories" cargo deny check advisories
    else
        skip "cargo deny, advisories" "their database cannot be reached"
    fi
else
    skip "cargo deny" "not installed: cargo install cargo-deny --locked"
fi

# Other programs' view of our files. The venv stays in target/, so that a second run needs no network.
venv=${CARGO_TARGET_DIR:-target}/check-venv
python=$venv/bin/python
make_venv() {
    [ -x "$python" ] || python3 -m venv "$venv" || return 1
    "$python" -c 'import numpy, safetensors' 2>/dev/null || "$venv/bin/pip" install -q numpy safetensors
}
if ! have python3; then
    skip "Python cross-checks" "no python3"
elif ! make_venv >&2; then
    # A half-made venv would be taken for a whole one by the next run.
    rm -rf "$venv"
    skip "Python cross-checks" "no venv with numpy and safetensors could be made"
else
    part "golden figures" "$python" scripts/reference.py --check tests/golden
    if [ -f scripts/check_model.py ]; then
        part "model file, read by Python" "$python" scripts/check_model.py
    else
        skip "model file, read by Python" "no scripts/check_model.py"
    fi
    # Large ones, and not for every machine: the script names those that are absent. PyTorch is larger still, so not fetched.
    "$venv/bin/pip" install -q onnx onnxruntime tensorboard >&2 || say "onnx, onnxruntime or tensorboard cannot be installed"
    part "other tools' formats" "$python" scripts/check_formats.py
fi

# Sweeps under other programs, which the script names where they are not there. Optuna gets a venv, as the checks above do.
if ! have python3; then
    skip "sweeps by GNU parallel, Slurm and Optuna" "no python3"
else
    part "sweeps by GNU parallel and Slurm" scripts/outside.sh parallel slurm
    # On real data Optuna takes minutes more: scripts/outside.sh optuna with $GINGHAM_DATA.
    part "sweeps by Optuna" env -u GINGHAM_DATA scripts/outside.sh --install optuna
fi
reached_end=yes
