#!/usr/bin/env bash
# The tests, where a byte read or written beside its memory is a failure:  scripts/sanitize.sh
#
# Those of what reads and writes memory by itself (lib.sh has the list), with the compiler's address sanitizer, which sees every level
# of instructions; else with valgrind, which is slow and whose CPU has no AVX-512, those of readers, packers and kernels.
# `--tool` only says which of them it would be, or `none`; a tool's name as the argument takes that one. Built without BLAS,
# whose library would not be looked into.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

case ${1:-} in
-h | --help)
    sed -n '2,/^set/{/^#/s/^# \{0,1\}//p;}' "$0"
    exit 0
    ;;
"" | --tool | address-sanitizer | valgrind) ;;
*) die "expected --tool, address-sanitizer or valgrind, found $1" ;;
esac
unset GINGHAM_DATA # the tests on real data train for minutes
enter_root
ensure_cargo
ensure_linker
host=$(rustc -vV | sed -n 's/^host: //p')
# A stable compiler has the sanitizer too, and keeps it behind this variable.
export RUSTC_BOOTSTRAP=1

# Whether a program can be built with the sanitizer, run, and found out.
sanitizer_works() {
    local folder works=0
    folder=$(mktemp -d)
    cat >"$folder/probe.rs" <<'END'
fn main() {
    let bytes = vec![0_u8; 3];
    let beyond = bytes.len() + std::env::args().count() - 1;
    std::process::exit(i32::from(unsafe { *bytes.as_ptr().add(beyond) }));
}
END
    rustc -Zsanitizer=address --target "$host" -o "$folder/probe" "$folder/probe.rs" 2>/dev/null &&
        { "$folder/probe" 2>&1 || true; } | grep heap-buffer-overflow >/dev/null || works=1
    rm -rf "$folder"
    return "$works"
}

tool=${1:-}
if [ -z "$tool" ] || [ "$tool" = --tool ]; then
    tool=none
    if sanitizer_works; then
        tool=address-sanitizer
    elif have valgrind; then
        tool=valgrind
    fi
fi
if [ "${1:-}" = --tool ]; then
    echo "$tool"
    exit 0
fi

pure=(--locked --no-default-features --features cli)
case $tool in
address-sanitizer)
    export RUSTFLAGS="${RUSTFLAGS:-} -Zsanitizer=address"
    # Leaks are not what is looked for, and looking needs a right that containers withhold. No test expects code 99.
    export ASAN_OPTIONS=detect_leaks=0:exitcode=99
    # A folder of its own: the variable above would have dependencies built anew, here and then again everywhere.
    cargo test "${pure[@]}" --target "$host" --target-dir "${CARGO_TARGET_DIR:-target}/sanitize" \
        --lib --test library --test cli -- "${MEMORY_TESTS[@]}"
    ;;
valgrind)
    unset RUSTC_BOOTSTRAP
    runner=CARGO_TARGET_$(tr 'a-z-' 'A-Z_' <<<"$host")_RUNNER
    export "$runner=valgrind --quiet --leak-check=no --error-exitcode=99"
    cargo test "${pure[@]}" --lib --test library -- \
        data:: formats:: standardize:: kernels:: model::file integers:: float:: --skip data::synth
    ;;
none) die "no address sanitizer in this tool chain, and no valgrind" ;;
esac
