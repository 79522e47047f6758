#!/usr/bin/env bash
# A Slurm cluster of this one machine, with everything of it in one folder:
#
#   tests/outside/cluster.sh start FOLDER     munged, slurmctld and slurmd on the loopback interface
#   tests/outside/cluster.sh stop FOLDER      ends them
#
# Between the two, Slurm's commands find the cluster by SLURM_CONF=FOLDER/slurm.conf. It runs as whoever starts it, who needs not be root, and
# needs neither the system's configuration of Slurm nor its munge key.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"

export PATH=$PATH:/usr/sbin:/sbin
[ $# -eq 2 ] || die "expected start or stop, and a folder"
folder=$(realpath "$2")
export SLURM_CONF=$folder/slurm.conf

configure() {
    local host user port
    host=$(hostname -s)
    user=$(id -un)
    port=$((20000 + RANDOM % 20000))
    mkdir -p "$folder/state" "$folder/spool"
    cat >"$folder/slurm.conf" <<END
ClusterName=gingham
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmdPort=$((port + 1))
SlurmUser=$user
SlurmdUser=$user
AuthType=auth/munge
AuthInfo=socket=$folder/munge.socket
CredType=cred/munge
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=1,bf_interval=1
SlurmdParameters=config_overrides
ReturnToService=2
KillWait=10
NodeName=$host NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=all Nodes=$host Default=YES State=UP
END
}

# once WHAT COMMAND..: waits until the command succeeds.
once() {
    local what=$1 tries
    shift
    for ((tries = 0; tries < 150; tries++)); do
        ! "$@" >/dev/null 2>&1 || return 0
        sleep 0.1
    done
    say "$what is not there after 15 s"
    tail -n 20 "$folder"/*.log >&2
    return 1
}
is_idle() { sinfo -h -o %T | grep -qx idle; }

start() {
    configure
    # Munge wants folders that nobody else can write to, which a temporary folder's parents are not: --force.
    (umask 077 && head -c 128 /dev/urandom >"$folder/munge.key")
    munged --force --socket="$folder/munge.socket" --key-file="$folder/munge.key" --pid-file="$folder/munged.pid" \
        --log-file="$folder/munged.log" --seed-file="$folder/munge.seed" 2>/dev/null
    once "munged" munge -S "$folder/munge.socket" -n
    slurmctld -c
    once "slurmctld" scontrol ping
    slurmd
    once "the node" is_idle
}

# A process is ended by the number in its file, if it is still the one.
end() {
    local process
    process=$(cat "$folder/$1.pid" 2>/dev/null) || return 0
    [ "$(cat "/proc/$process/comm" 2>/dev/null)" = "$1" ] || return 0
    kill "$process" 2>/dev/null || return 0
    for ((tries = 0; tries < 100; tries++)); do
        kill -0 "$process" 2>/dev/null || return 0
        sleep 0.1
    done
    kill -KILL "$process" 2>/dev/null || true
}

case $1 in
start) start ;;
stop)
    scancel --full --signal=KILL --user "$(id -un)" 2>/dev/null || true
    end slurmd
    end slurmctld
    end munged
    ;;
*) die "expected start or stop, found $1" ;;
esac
