//! What an error's message ends with: the way out, where one is near.
//!
//! "did you mean": a file or folder that was to be read is not there, but another has a similar name.
//! Names on a disk may hold anything. Only names that can be shown are suggested: text without control characters and without invisible
//! characters.

use std::path::{Path, PathBuf};

use gingham::error::Error;
use gingham::report::files::CHECKPOINT;

/// The most entries of a folder that are looked at, since a hint is not worth reading a folder of millions.
const MOST_ENTRIES: usize = 10_000;

/// The most letters that may differ. Four would take `train-labels-idx1-ubyte` for `t10k-labels-idx1-ubyte`.
const MOST_EDITS: usize = 3;

/// What helps against numbers that grow without end.
const DIVERGED: &str = "; a smaller --learning-rate may help, or the settings of --preset plain";

/// The hint to add to an error's message; empty where there is none to give. `takes_force` says whether the command has `--force`.
pub fn hint(error: &anyhow::Error, takes_force: bool) -> String {
    let similar = match error.downcast_ref::<Error>() {
        Some(Error::Exists { .. }) if takes_force => return "; --force replaces it".to_owned(),
        Some(Error::Exists { path }) if path.join(CHECKPOINT).is_file() => {
            return "; --resume auto goes on with this run".to_owned();
        }
        Some(Error::Checkpoint { .. }) => {
            return "; without this file the run begins anew".to_owned();
        }
        Some(Error::Diverged { .. }) => return DIVERGED.to_owned(),
        Some(Error::Read { path, .. } | Error::Config { path, .. }) => similar(path),
        // A run's folder in place of the model in it.
        Some(Error::NotAFile { path, .. }) => {
            Some(path.join("model.safetensors")).filter(|model| model.is_file())
        }
        _ => None,
    };
    similar
        .as_deref()
        .and_then(Path::to_str)
        .filter(|path| path.escape_debug().eq(path.chars()))
        .map_or_else(String::new, |path| format!("; did you mean '{path}'?"))
}

/// A path that exists and has a similar name, if nothing exists at `path`. It is the same path with its first missing part replaced,
/// or, where that does not exist either, the path up to the replaced part.
fn similar(path: &Path) -> Option<PathBuf> {
    let missing = path
        .ancestors()
        .take_while(|part| !part.as_os_str().is_empty() && !part.exists())
        .last()?;
    let rest = path.strip_prefix(missing).ok()?;
    let typed = missing.file_name()?.to_str()?;
    let folder = match missing.parent()? {
        here if here.as_os_str().is_empty() => Path::new("."),
        folder => folder,
    };
    let candidate = |name: String| {
        let edits = edits(typed, &name)?;
        let sibling = missing.with_file_name(&name);
        let whole = if rest.as_os_str().is_empty() {
            sibling.clone()
        } else {
            sibling.join(rest)
        };
        let leads_there = whole.exists();
        let path = if leads_there { whole } else { sibling };
        path.exists().then_some((!leads_there, edits, name, path))
    };
    std::fs::read_dir(folder)
        .ok()?
        .take(MOST_ENTRIES)
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| !name.starts_with("._")) // what macOS leaves beside files in archives
        .filter_map(candidate)
        .min()
        .map(|(.., path)| path)
}

/// By how many letters `name` differs from the typed name; none if it is another name.
pub fn edits(typed: &str, name: &str) -> Option<usize> {
    if typed == name {
        return None;
    }
    // The user left out the ending.
    if Path::new(name)
        .file_stem()
        .is_some_and(|stem| stem == typed)
    {
        return Some(1);
    }
    let (typed, name) = (typed.to_lowercase(), name.to_lowercase());
    let (length, other) = (typed.chars().count(), name.chars().count());
    let most = (length / 3).min(MOST_EDITS);
    // The time for the distance grows with the product of the lengths, and the typed name may be very long.
    if length.abs_diff(other) > most {
        return None;
    }
    Some(strsim::damerau_levenshtein(&typed, &name)).filter(|&edits| edits <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_and_others() {
        for (typed, name, expected) in [
            ("fashion-mnst", "fashion-mnist", Some(1)),
            ("modle.safetensors", "model.safetensors", Some(1)),
            ("boot.jpg", "boot.png", Some(2)),
            ("boot", "boot.png", Some(1)),
            ("model", "model.safetensors", Some(1)),
            ("README", "readme", Some(0)),
            ("run", "ran", Some(1)),
            ("same", "same", None),
            ("a", "b", None),
            ("train-labels-idx1-ubyte", "t10k-labels-idx1-ubyte", None),
            ("metrics.csv", "model.safetensors", None),
            ("", "x", None),
        ] {
            assert_eq!(edits(typed, name), expected, "{typed} and {name}");
        }
        let long = "x".repeat(1 << 20);
        assert_eq!(edits(&long, "x"), None);
    }
}
