//! How much memory this process may have: what the machine has, a container's control group allows, and a limit of the shell's or
//! the batch system's leaves.
//!
//! All of it is text below `/proc` and `/sys`, so elsewhere than on Linux nothing is known. The CPUs that a control group or an
//! affinity mask allows are counted by the standard library's `available_parallelism`.

use std::path::{Path, PathBuf};

/// Where control groups are mounted.
const GROUPS: &str = "/sys/fs/cgroup";

/// The least of the machine's memory, the control group's and the address space that is allowed, in bytes.
pub(super) fn memory_bytes() -> Option<u64> {
    let read = |path: &str| std::fs::read_to_string(path).ok();
    let of_machine = read("/proc/meminfo").as_deref().and_then(machine_memory);
    let of_groups = read("/proc/self/cgroup").and_then(|groups| {
        let files = group_files(&groups, Path::new(GROUPS));
        let texts = files
            .iter()
            .filter_map(|file| std::fs::read_to_string(file).ok());
        texts.filter_map(|text| group_memory(&text)).min()
    });
    [of_machine, of_groups, address_space_bytes()]
        .into_iter()
        .flatten()
        .min()
}

/// The address space that this process may have, in bytes, where it is limited: all of it (`ulimit -v`), or what is not a file
/// (`ulimit -d`).
pub(super) fn address_space_bytes() -> Option<u64> {
    address_space(&std::fs::read_to_string("/proc/self/limits").ok()?)
}

/// Whether the system would give this process so many more `parts` of memory of so many bytes: they are taken, and given back
/// untouched.
pub(super) fn are_free(parts: usize, bytes: u64) -> bool {
    let Ok(bytes) = usize::try_from(bytes) else {
        return false;
    };
    let taken: Result<Vec<Vec<u8>>, _> = (0..parts)
        .map(|_| {
            let mut part = Vec::new();
            part.try_reserve_exact(bytes).map(|()| part)
        })
        .collect();
    std::hint::black_box(taken).is_ok()
}

/// The total of `/proc/meminfo`.
fn machine_memory(text: &str) -> Option<u64> {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

/// The files that limit the memory of a process whose `/proc/self/cgroup` says `groups`: of its group and of each group above, in
/// version 2 (`0::/a/b`) and in version 1 (`4:memory:/a/b`).
fn group_files(groups: &str, root: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for line in groups.lines() {
        let mut fields = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(group)) = (fields.next(), fields.next()) else {
            continue;
        };
        let (mount, names): (PathBuf, &[&str]) = match controllers {
            "" => (root.to_owned(), &["memory.max", "memory.high"]),
            _ if controllers.split(',').any(|name| name == "memory") => {
                (root.join("memory"), &["memory.limit_in_bytes"])
            }
            _ => continue,
        };
        let of_group = |group: &Path| {
            let folder = mount.join(group);
            names
                .iter()
                .map(|name| folder.join(name))
                .collect::<Vec<_>>()
        };
        let group = Path::new(group.trim_start_matches('/'));
        files.extend(group.ancestors().flat_map(of_group));
    }
    files
}

/// The limit in such a file: a number of bytes, or `max`.
fn group_memory(text: &str) -> Option<u64> {
    text.trim().parse().ok()
}

/// The lower of the two soft limits in `/proc/self/limits`, each in bytes or `unlimited`.
fn address_space(text: &str) -> Option<u64> {
    let soft = |name: &str| -> Option<u64> {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse().ok()
    };
    ["Max address space", "Max data size"]
        .into_iter()
        .filter_map(soft)
        .min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_the_system_are_read() {
        assert_eq!(
            machine_memory("MemTotal:       24576 kB\nMemFree: 1 kB\n"),
            Some(24 << 20)
        );
        assert_eq!(machine_memory("MemFree: 1 kB\n"), None);
        let limits = |soft: &str| {
            format!(
                "Limit                     Soft Limit           Hard Limit           Units     \n\
                 Max file size             7                    unlimited            bytes     \n\
                 Max address space         {soft}           unlimited            bytes     \n"
            )
        };
        assert_eq!(address_space(&limits("307200000")), Some(307_200_000));
        assert_eq!(address_space(&limits("unlimited")), None);
        let of_data =
            "Max data size             61440000             unlimited            bytes     \n";
        assert_eq!(
            address_space(&(limits("307200000") + of_data)),
            Some(61_440_000)
        );
        assert_eq!(group_memory("4294967296\n"), Some(4 << 30));
        assert_eq!(group_memory("max\n"), None);
    }

    #[test]
    fn a_group_and_those_above_it_are_asked() {
        let files = |groups| {
            group_files(groups, Path::new("/g"))
                .iter()
                .map(|file| file.display().to_string())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            files("0::/a/b\n"),
            [
                "/g/a/b/memory.max",
                "/g/a/b/memory.high",
                "/g/a/memory.max",
                "/g/a/memory.high",
                "/g/memory.max",
                "/g/memory.high",
            ]
        );
        assert_eq!(
            files("9:name=systemd:/\n4:cpu,memory:/batch\n"),
            [
                "/g/memory/batch/memory.limit_in_bytes",
                "/g/memory/memory.limit_in_bytes",
            ]
        );
        assert!(files("nonsense\n1:cpu:/\n").is_empty());
    }

    #[test]
    fn the_least_limit_counts() {
        let folder = tempfile::tempdir().unwrap();
        let group = folder.path().join("a");
        std::fs::create_dir(&group).unwrap();
        std::fs::write(group.join("memory.max"), "max\n").unwrap();
        std::fs::write(folder.path().join("memory.max"), "1000\n").unwrap();
        std::fs::write(group.join("memory.high"), "900\n").unwrap();
        let limits = group_files("0::/a\n", folder.path())
            .iter()
            .filter_map(|file| std::fs::read_to_string(file).ok())
            .filter_map(|text| group_memory(&text))
            .min();
        assert_eq!(limits, Some(900));
    }
}
