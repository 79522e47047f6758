#!/usr/bin/env bash
# Sweeps through other people's engines, each tested with the real thing:  scripts/outside.sh [--install] [ENGINE..] [--gingham PROGRAM]
#
#   parallel  scripts/sweep-parallel.sh under GNU parallel, here and over ssh to this machine
#   slurm     scripts/sweep.sbatch on a cluster of this one machine, which the test starts and stops
#   optuna    scripts/optuna_sweep.py
#
# Without a name all three are tested. What is not installed is skipped by name; --install gets it first: from apt, and Optuna from PyPI into
# a folder below target/. With $GINGHAM_DATA Optuna is held against a grid on real data too. Ends with 1 at the first thing that is not so.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

install=no
gingham=
engines=()
while [ $# -gt 0 ]; do
    case $1 in
    -h | --help)
        sed -n '2,/^set/{/^#/s/^# \{0,1\}//p;}' "$0"
        exit 0
        ;;
    --install) install=yes ;;
    --gingham)
        [ $# -ge 2 ] || die "expected a program behind --gingham, found none"
        gingham=$(realpath "$2")
        shift
        ;;
    parallel | slurm | optuna) engines+=("$1") ;;
    *) die "expected parallel, slurm, optuna, --install or --gingham, found $1" ;;
    esac
    shift
done
[ ${#engines[@]} -gt 0 ] || engines=(parallel slurm optuna)
enter_root
: "${gingham:=$PWD/${CARGO_TARGET_DIR:-target}/release/gingham}"
[ -x "$gingham" ] || die "expected the program at $gingham, found none: cargo build --release"
export GINGHAM=$gingham
venv=${CARGO_TARGET_DIR:-target}/outside-venv
# Debian has Slurm's daemons and sshd where only root's shell looks for commands.
export PATH=$PATH:/usr/sbin:/sbin

skip() { say "skipped: $1 ($2)"; }
has_parallel() { case $(parallel --version </dev/null 2>/dev/null || true) in GNU*) ;; *) return 1 ;; esac }
has_slurm() { have sbatch && have slurmctld && have slurmd && have munged; }
has_optuna() { "$venv/bin/python" -c 'import optuna' 2>/dev/null; }

get() {
    case $1 in
    parallel) has_parallel || install_packages "parallel" parallel parallel parallel || true ;;
    slurm) has_slurm || install_packages "slurm-wlm munge" "slurm munge" "" "" || true ;;
    optuna)
        # A half-made venv would be taken for a whole one by the next run.
        has_optuna || { python3 -m venv "$venv" && "$venv/bin/pip" install -q optuna; } >&2 || rm -rf "$venv"
        ;;
    esac
}

have python3 || die "expected python3, which compares the journals, found none"
for engine in "${engines[@]}"; do
    [ "$install" = no ] || get "$engine"
    case $engine in
    parallel)
        if has_parallel; then
            say "GNU parallel"
            tests/outside/parallel.sh
        else
            skip "sweeps by GNU parallel" "no GNU parallel: apt install parallel"
        fi
        ;;
    slurm)
        if has_slurm; then
            say "Slurm"
            tests/outside/slurm.sh
        else
            skip "sweeps by Slurm" "no Slurm with munge: apt install slurm-wlm munge"
        fi
        ;;
    optuna)
        if has_optuna; then
            say "Optuna"
            "$venv/bin/python" tests/outside/check_optuna.py
        else
            skip "sweeps by Optuna" "no Optuna: scripts/outside.sh --install optuna"
        fi
        ;;
    esac
done
