#!/usr/bin/env bash
# Fetches Fashion-MNIST:  scripts/fetch-data.sh [DIR]      (default: data/fashion-mnist)
#
# A file gets its name only after its checksum proved right. What an interrupted download left is continued by the
# next run. Files that are there already are checked, and never written over. $GINGHAM_MIRRORS replaces the list of
# mirrors: addresses that the file names are appended to, separated by spaces.
#
# Exit codes: 0 all files are there and right, 1 not to be had now, 2 usage, 3 a file in DIR is not what its name says.
set -euo pipefail

MIRRORS=${GINGHAM_MIRRORS:-"http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/ https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/"}

# SHA-256 of the decoded files: they are what training reads, whatever compressed them. The training images come last:
# where they are, everything is.
FILES="t10k-labels-idx1-ubyte  0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34
t10k-images-idx3-ubyte  5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b
train-labels-idx1-ubyte bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9
train-images-idx3-ubyte c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"

say() { printf 'fetch-data: %s\n' "$*" >&2; }
stop() {
    local code=$1
    shift
    say "$*"
    exit "$code"
}
have() { command -v "$1" >/dev/null 2>&1; }

if have sha256sum; then
    sha256() { sha256sum | cut -d' ' -f1; }
elif have shasum; then
    sha256() { shasum -a 256 | cut -d' ' -f1; }
else
    stop 1 "needs sha256sum or shasum"
fi

# get URL FILE: appends what FILE lacks. 0 done, 1 no answer or cut short, 3 this server cannot send just the rest.
# The timeouts are short, as a mirror that is away should cost seconds; a slow line is allowed to be slow.
if have curl; then
    get() {
        local progress=-s status code=0
        [ -t 2 ] && progress=-#
        status=$(curl -fL "$progress" --connect-timeout 5 --speed-limit 100 --speed-time 20 -C - -w '%{http_code}' -o "$2" "$1") || code=$?
        case $code,$status in
        0,*) return 0 ;;
        33,* | *,416) return 3 ;;
        *) return 1 ;;
        esac
    }
elif have wget; then
    get() {
        local code=0
        wget -q -c --tries=1 --dns-timeout=5 --connect-timeout=5 --read-timeout=20 -O "$2" "$1" || code=$?
        case $code in
        0) return 0 ;;
        1) return 3 ;;
        *) return 1 ;;
        esac
    }
else
    stop 1 "needs curl or wget"
fi

# decode NAME WANTED: turns NAME.gz.part into NAME if it holds what it should. Otherwise it is removed.
decode() {
    if gzip -dc <"$1.gz.part" >"$raw" 2>/dev/null && [ "$(sha256 <"$raw")" = "$2" ]; then
        mv "$raw" "$1" && rm -f "$1.gz.part"
    else
        rm -f "$raw" "$1.gz.part"
        return 1
    fi
}

# fetch NAME WANTED MIRROR: 0 done, 1 no answer (what came stays, to be continued), 2 the mirror sent something else.
fetch() {
    local part="$1.gz.part" url="${3%/}/$1.gz" code=0
    if [ -s "$part" ]; then
        # A part may be whole already; asking a server for what follows its end would be an error.
        gzip -t <"$part" 2>/dev/null || get "$url" "$part" || code=$?
        if [ "$code" -eq 1 ]; then
            return 1
        elif [ "$code" -eq 0 ]; then
            decode "$1" "$2" && return 0
            say "what an earlier run left of $1.gz was damaged; starting it again"
        fi
    fi
    rm -f "$part"
    if ! get "$url" "$part"; then
        [ -s "$part" ] || rm -f "$part"
        return 1
    fi
    decode "$1" "$2" || return 2
}

case ${1:-} in
-h | --help)
    sed -n '2,/^set/s/^# \{0,1\}//p' "$0"
    exit 0
    ;;
-*) stop 2 "unknown option $1 (usage: fetch-data.sh [DIR])" ;;
esac
[ $# -le 1 ] || stop 2 "one folder at most (usage: fetch-data.sh [DIR])"
shown=${1:-data/fashion-mnist}
[ $# -eq 1 ] || cd "$(dirname "${BASH_SOURCE[0]}")/.."
mkdir -p "$shown" 2>/dev/null || stop 1 "cannot make the folder $shown"
cd "$shown"

# All that is there is judged before anything is fetched.
missing=()
while read -r name wanted; do
    if [ -e "$name" ]; then
        found=$(sha256 2>/dev/null <"$name") || found="(cannot be read)"
    elif [ -e "$name.gz" ]; then
        found=$(gzip -dc <"$name.gz" 2>/dev/null | sha256) || found="(does not decode)"
        name=$name.gz
    else
        missing+=("$name $wanted")
        continue
    fi
    [ "$found" = "$wanted" ] ||
        stop 3 "$shown/$name is not Fashion-MNIST's (SHA-256 expected $wanted, found $found); left as it is, nothing fetched"
done <<<"$FILES"
if [ ${#missing[@]} -eq 0 ]; then
    say "$shown has all four files, checksums right"
    exit 0
fi

# Decoded bytes wait under a name of this process, so that two runs at a time cannot mix theirs.
raw=.decoding.$$.part
trap 'rm -f "$raw"' EXIT
trap 'exit 130' INT TERM

read -ra mirrors <<<"${MIRRORS//$'\n'/ }"
for entry in "${missing[@]}"; do
    read -r name wanted <<<"$entry"
    done=no
    refusals=""
    for i in ${mirrors[@]+"${!mirrors[@]}"}; do
        mirror=${mirrors[i]}
        code=0
        fetch "$name" "$wanted" "$mirror" || code=$?
        if [ "$code" -eq 0 ]; then
            say "$name: fetched from $mirror, checksum right"
            done=yes
            # Those before it just failed: what is left to fetch need not wait for them again.
            mirrors=("${mirrors[@]:i}")
            break
        fi
        [ "$code" -eq 2 ] && refusals="$refusals; $mirror sent something else (checksum wrong, removed)"
    done
    [ "$done" = yes ] || stop 1 "no mirror gave $name.gz (asked: ${mirrors[*]-})$refusals; run again to go on from here"
done
say "$shown has all four files, checksums right"
