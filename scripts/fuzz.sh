#!/usr/bin/env bash
# Every reader of untrusted bytes under a fuzzer:  scripts/fuzz.sh [--address] [--runs N] [SECONDS] [READER..]
#
# Each target in fuzz/ begins with the seeds in fuzz/seeds/READER and runs for so many seconds (30), or with --runs until it has
# read so many inputs, and then for no longer than SECONDS if that is given. As many targets run at once as there are cores. One
# fails where a reader panics, takes more than a second, or holds more than 64 MiB beyond its input; with --address also where it
# touches memory that is not its own, which takes several times as long. The input that did it is left in fuzz/artifacts/READER.
#
# Needs a nightly compiler and cargo-fuzz. --check only says, by its exit code, whether both are here.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

sanitizer=none
runs=-1
seconds=""
check=no
readers=()
while [ $# -gt 0 ]; do
    case $1 in
    -h | --help)
        sed -n '2,/^set/{/^#/s/^# \{0,1\}//p;}' "$0"
        exit 0
        ;;
    --address) sanitizer=address ;;
    --check) check=yes ;;
    --runs)
        case ${2:-} in
        "" | *[!0-9]*) die "--runs: expected a number of inputs, found ${2:-nothing}" ;;
        esac
        runs=$2
        shift
        ;;
    *[!0-9]*) readers+=("$1") ;;
    *) seconds=$1 ;;
    esac
    shift
done
if [ -z "$seconds" ]; then
    [ "$runs" = -1 ] && seconds=30 || seconds=0 # 0 is no limit
fi
enter_root
use_tools
if [ "$check" = yes ]; then
    RUSTUP_AUTO_INSTALL=0 cargo +nightly fuzz --version >/dev/null 2>&1
    exit
fi
ensure_cargo
ensure_linker
if [ ${#readers[@]} -eq 0 ]; then
    for target in fuzz/fuzz_targets/*.rs; do
        readers+=("$(basename "$target" .rs)")
    done
fi
for reader in "${readers[@]}"; do
    [ -d "fuzz/seeds/$reader" ] || die "expected a reader that has a folder in fuzz/seeds, found $reader"
done

# Builds with and without the sanitizer side by side: going from one to the other would build everything anew.
target=${CARGO_TARGET_DIR:-fuzz/target}/fuzz-$sanitizer
say "building the targets (sanitizer: $sanitizer)"
cargo +nightly fuzz build --sanitizer "$sanitizer" --target-dir "$target" >&2
host=$(rustc +nightly -vV | sed -n 's/^host: //p')

# Readers of files write one for each input, and a disk would take most of the time.
[ ! -w /dev/shm ] || export TMPDIR=/dev/shm
# The limit of memory on each read is the target's own, which counts what the reader allocates. This is a net below it, for the
# whole process: the fuzzer's own memory is within it, and the sanitizer's, which keeps freed blocks for a while.
limits=(-timeout=1 -rss_limit_mb=512)
if [ "$sanitizer" = address ]; then
    limits=(-timeout=5 -rss_limit_mb=1024)
    export ASAN_OPTIONS=detect_leaks=0:quarantine_size_mb=64
fi
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
fuzz() {
    mkdir -p "fuzz/corpus/$1" "fuzz/artifacts/$1"
    "$target/$host/release/$1" "fuzz/corpus/$1" "fuzz/seeds/$1" -artifact_prefix="fuzz/artifacts/$1/" \
        -max_len=4096 -runs="$runs" -max_total_time="$seconds" -print_final_stats=1 "${limits[@]}" \
        >"$logs/$1" 2>&1 || touch "$logs/$1.failed"
}
failed=()
# Says how a target ended, with what it was doing where it failed.
report() {
    local log=$logs/$1 inputs
    inputs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    if [ -e "$log.failed" ]; then
        failed+=("$1")
        grep -a -v -E '^#[0-9]|^stat::' "$log" | tail -60 >&2
        say "$1: FAILED after ${inputs:-no} inputs"
    else
        say "$1: ${inputs:-no} inputs, $(sed -n '/^most memory/p' "$log")"
    fi
}
cores=$(getconf _NPROCESSORS_ONLN)
for ((first = 0; first < ${#readers[@]}; first += cores)); do
    group=("${readers[@]:first:cores}")
    for reader in "${group[@]}"; do
        fuzz "$reader" &
    done
    wait
    for reader in "${group[@]}"; do
        report "$reader"
    done
done
[ ${#failed[@]} -eq 0 ] || die "these readers failed, and fuzz/artifacts has the inputs: ${failed[*]}"
