#!/usr/bin/env bash
# Makes the pictures of README.md and docs/guide.md anew, from the real data:  scripts/pictures.sh
#
# Trains the article's network for 300 epochs, seed 42, and has the program draw. $GINGHAM_DATA names the folder of Fashion-MNIST.
# Replaces what is in docs/.
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
: "${GINGHAM_DATA:=data/fashion-mnist}"
export GINGHAM_DATA
is_data_set "$GINGHAM_DATA" || die "no Fashion-MNIST in $GINGHAM_DATA: get it by scripts/fetch-data.sh"
: "${GINGHAM:=${CARGO_TARGET_DIR:-target}/release/gingham}"
[ -x "$GINGHAM" ] || die "no $GINGHAM: build it first (cargo build --release)"

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$GINGHAM" train -q --seed 42 --out "$folder/run" >&2
for kind in error accuracy predictions confusion; do
    "$GINGHAM" plot -q "$folder/run" --kind "$kind" --format svg --out "$folder/$kind.svg" >&2
done
"$GINGHAM" explore -q --images 0 --figures "$folder/explore" >&2
mv "$folder/explore/map.svg" "$folder/explore/contact-sheet.png" "$folder"
for picture in error.svg accuracy.svg predictions.svg confusion.svg map.svg contact-sheet.png; do
    mv "$folder/$picture" "docs/$picture"
    echo "docs/$picture"
done
