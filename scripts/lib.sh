# shellcheck shell=bash disable=SC2034 # the scripts that source this read its variables
# What the other scripts share: finding and installing what a build needs. Sourced, never run.

# Everything said here goes to stderr: stdout belongs to results.
say() { printf '==> %s\n' "$*" >&2; }
die() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }

# Scripts change to the project's root, so a relative $GINGHAM_DATA has to be resolved before that.
enter_root() {
    if [ -n "${GINGHAM_DATA:-}" ]; then
        GINGHAM_DATA=$(cd "$GINGHAM_DATA" 2>/dev/null && pwd) || die "\$GINGHAM_DATA is no folder that can be entered"
        export GINGHAM_DATA
    fi
    cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
}

# Tools that cargo builds from source for minutes are kept in a folder of the user's, so that they are built once.
TOOLS=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/gingham-tools

# The tests of what reads and writes memory by itself, which the address sanitizer looks at, in a build without BLAS.
MEMORY_TESTS=(data:: formats:: standardize:: kernels:: model:: engine:: integers:: float:: packed:: engines:: metrics:: pipeline:: refusals::)

# Finds those tools, behind the ones that are installed elsewhere.
use_tools() {
    export PATH="$PATH:$TOOLS/bin"
}

# Whether a folder holds the training files, raw or compressed.
is_data_set() {
    local file
    for file in train-images-idx3-ubyte train-labels-idx1-ubyte; do
        [ -f "$1/$file" ] || [ -f "$1/$file.gz" ] || return 1
    done
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif have sudo; then
        say "asking sudo for: $*"
        sudo "$@"
    else
        say "this needs root, and there is no sudo: $*"
        return 1
    fi
}

# install_packages APT DNF PACMAN BREW: each a list of that system's package names in one word.
install_packages() {
    local packages
    if have apt-get; then
        read -ra packages <<<"$1"
        say "installing with apt-get: ${packages[*]}"
        # A stale index is reason enough to update; a failed update is not reason enough to stop.
        as_root apt-get update -q >&2 || true
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${packages[@]}" >&2
    elif have dnf; then
        read -ra packages <<<"$2"
        say "installing with dnf: ${packages[*]}"
        as_root dnf install -y -q "${packages[@]}" >&2
    elif have pacman; then
        read -ra packages <<<"$3"
        say "installing with pacman: ${packages[*]}"
        as_root pacman -S --needed --noconfirm "${packages[@]}" >&2
    elif have brew; then
        read -ra packages <<<"$4"
        say "installing with brew: ${packages[*]}"
        brew install -q "${packages[@]}" >&2
    else
        say "no package manager known here (apt-get, dnf, pacman, brew)"
        return 1
    fi </dev/null
}

openblas_found() {
    # Homebrew keeps OpenBLAS out of the default search path.
    if have brew && brew --prefix openblas >/dev/null 2>&1; then
        PKG_CONFIG_PATH="$(brew --prefix openblas)/lib/pkgconfig${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}"
        export PKG_CONFIG_PATH
    fi
    have pkg-config && pkg-config --exists openblas
}

# Whether the system's libblas, of which Debian's holds the C interface too, is there to be linked.
libblas_found() {
    local name
    have pkg-config || return 1
    for name in blas-netlib cblas blas; do
        ! pkg-config --exists "$name" || return 0
    done
    return 1
}

ensure_cargo() {
    if ! have cargo && [ -f "${HOME:-}/.cargo/env" ]; then
        # shellcheck source=/dev/null
        . "${HOME:-}/.cargo/env"
    fi
    have cargo && return
    # Piping a download into a shell is the reader's decision.
    die "no Rust tool chain (cargo) found. Get one from https://rustup.rs, then run this again."
}

ensure_linker() {
    have cc && return
    if [ "$(uname -s)" = Darwin ]; then
        die "no C linker found. Install one with: xcode-select --install"
    fi
    install_packages "gcc libc6-dev" gcc gcc "" && have cc && return
    die "no C linker (cc) found, and it cannot be installed from here"
}

# Sets CARGO_FLAGS (and BLAS_FOUND) to what this machine can build: with OpenBLAS, or without where it cannot be had.
ensure_openblas() {
    CARGO_FLAGS=(--locked)
    BLAS_FOUND=yes
    openblas_found && return
    install_packages "libopenblas-dev pkg-config" "openblas-devel pkgconf-pkg-config" "openblas pkgconf" \
        "openblas pkgconf" || true
    openblas_found && return
    say "OpenBLAS is missing and cannot be installed from here: going on with the slower pure-Rust products"
    CARGO_FLAGS=(--locked --no-default-features --features cli)
    BLAS_FOUND=no
}

# Installs what is missing for a build and fills CARGO_FLAGS.
set_up() {
    ensure_cargo
    ensure_linker
    ensure_openblas
}
