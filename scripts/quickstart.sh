#!/usr/bin/env bash
# From a fresh machine to a trained model:  scripts/quickstart.sh [options of `gingham train`]
#
# Installs what a build needs where it can, builds, gets Fashion-MNIST, trains the article's network for 300 epochs and
# prints its table. $GINGHAM_DATA names a folder with the data if you have it. Where the data cannot be had, drawn
# garments stand in for it.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

case ${1:-} in
-h | --help)
    sed -n '2,/^set/{/^#/s/^# \{0,1\}//p;}' "$0"
    exit 0
    ;;
esac
enter_root
if [ -n "${GINGHAM_DATA:-}" ] && ! is_data_set "$GINGHAM_DATA"; then
    die "\$GINGHAM_DATA ($GINGHAM_DATA) holds no train-images-idx3-ubyte and train-labels-idx1-ubyte"
fi
set_up

say "building gingham"
cargo build --release "${CARGO_FLAGS[@]}"
gingham=${CARGO_TARGET_DIR:-target}/release/gingham

if [ -n "${GINGHAM_DATA:-}" ]; then
    data=$GINGHAM_DATA
elif is_data_set data/fashion-mnist; then
    data=data/fashion-mnist
else
    # Also where an earlier download stopped: the training images come last, so that folder is no data set yet.
    have curl || have wget || install_packages "curl ca-certificates" curl curl curl || true
    code=0
    scripts/fetch-data.sh || code=$?
    case $code in
    0) data=data/fashion-mnist ;;
    1)
        data=data/synth
        say "Fashion-MNIST cannot be had now: going on with drawn garments in $data. Accuracies will differ from the article's."
        if ! is_data_set "$data"; then
            # Drawn beside its place and then moved, so that data/synth is whole wherever it exists.
            rm -rf "$data.part"
            "$gingham" synth --out "$data.part" --train 60000 --test 10000 --seed 1
            mv "$data.part" "$data"
        fi
        ;;
    *) exit "$code" ;;
    esac
fi

say "training on $data"
"$gingham" train --data "$data" "$@"
