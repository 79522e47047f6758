//! The file that a command writes: its format by its name, stdout for `-`, and `--force`.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use gingham::durable;
use gingham::error::{Error, Result};
use gingham::quote;

use super::output::written;

/// The option to write over what is there.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub struct Force {
    /// Replace what is there already; the old file stays until the new one is whole
    #[arg(long, help_heading = "Runtime and output")]
    pub force: bool,
}

/// Whether this name stands for stdout.
pub fn is_stdout(out: &Path) -> bool {
    out.as_os_str() == "-"
}

/// Refuses the name that stands for stdout where a folder is to be made.
///
/// # Errors
/// [`Error::Setting`].
pub fn check_folder(out: &Path) -> Result<()> {
    if !is_stdout(out) {
        return Ok(());
    }
    Err(Error::Setting {
        setting: "out",
        reason: "expected a folder's name, found '-': a folder cannot go to stdout (./- names one)"
            .to_owned(),
    })
}

/// Refuses a file that is there already or cannot be one, before any work is done for it.
///
/// # Errors
/// [`Error::Exists`]; [`Error::Setting`] and [`Error::Write`] where no file can be made.
pub fn check(out: &Path, force: Force) -> Result<()> {
    if is_stdout(out) {
        return Ok(());
    }
    place(out)?;
    if force.force || out.symlink_metadata().is_err() {
        return Ok(());
    }
    Err(Error::Exists {
        path: out.to_owned(),
    })
}

/// Makes a folder that files are to be put into, where it is not there yet. `setting` is the option that named it.
///
/// # Errors
/// [`Error::Setting`] where something else stands there, and [`Error::Write`].
pub fn make_folder(setting: &'static str, folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).map_err(|source| {
        if folder.exists() {
            let reason = format!("expected a folder, found the file {}", folder.display());
            return Error::Setting { setting, reason };
        }
        Error::Write {
            path: folder.to_owned(),
            source,
        }
    })
}

/// Writes a file, or stdout where its name is `-`.
pub fn write(out: &Path, bytes: &[u8], force: Force) -> anyhow::Result<()> {
    if is_stdout(out) {
        let mut stdout = std::io::stdout().lock();
        return written(stdout.write_all(bytes).and_then(|()| stdout.flush()));
    }
    Ok(put(out, bytes, force)?)
}

/// Writes a file, whatever its name is.
///
/// # Errors
/// As [`check`].
pub fn put(out: &Path, bytes: &[u8], force: Force) -> Result<()> {
    match place(out)? {
        Place::File(_) if !force.force => durable::write_new(out, bytes),
        Place::File(path) => durable::write_over(&path, bytes),
        Place::Stream if !force.force => check(out, force),
        Place::Stream => {
            let written = OpenOptions::new()
                .write(true)
                .open(out)
                .and_then(|mut file| file.write_all(bytes));
            written.map_err(|source| Error::Write {
                path: out.to_owned(),
                source,
            })
        }
    }
}

/// Where bytes go.
enum Place {
    /// Into this file, which need not be there: as by a shell's redirection, through links.
    File(PathBuf),
    /// Into something that takes them one by one.
    Stream,
}

/// Where the bytes for `out` go.
///
/// # Errors
/// [`Error::Setting`] where it is no name of a file; [`Error::Write`] where the system does not say what stands there.
fn place(out: &Path) -> Result<Place> {
    let refuse = |what: &str| {
        let reason = format!("expected a file's name, found {}, {what}", out.display());
        Err(Error::Setting {
            setting: "out",
            reason,
        })
    };
    match out.metadata() {
        Ok(there) if there.is_dir() => refuse("a folder"),
        _ if out.as_os_str().as_encoded_bytes().ends_with(b"/") => {
            refuse("which ends in a slash, as a folder's name does")
        }
        Ok(there) if there.is_file() => Ok(Place::File(target(out))),
        Ok(_) if is_open(out) => Ok(Place::Stream),
        // A pipe without a reader would not even be opened, and a file in the place of a device would be a surprise.
        Ok(_) => refuse("a pipe, socket or device: give - and lead stdout there"),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Place::File(target(out))),
        Err(source) => Err(Error::Write {
            path: out.to_owned(),
            source,
        }),
    }
}

/// Whether this names one of the devices that take bytes at once, or a file that this process has open already.
fn is_open(out: &Path) -> bool {
    let devices = ["/dev/null", "/dev/full", "/dev/tty"];
    let open = ["/dev/stdout", "/dev/stderr", "/dev/fd", "/proc/self/fd"];
    devices.iter().any(|name| out == Path::new(name))
        || open.iter().any(|name| out.starts_with(name))
}

/// What `out` stands for where it is a link, whether or not that is there.
fn target(out: &Path) -> PathBuf {
    /// As many as Linux follows.
    const MOST_LINKS: usize = 40;
    let mut path = out.to_owned();
    for _ in 0..MOST_LINKS {
        let Ok(link) = path.read_link() else { break };
        path = path.parent().unwrap_or(Path::new("")).join(link);
    }
    path
}

/// The format of the file `out`: the one that was asked for, else the one that its ending names, else the usual one, if there is one.
/// `formats` has each format with its name, which is also its ending.
///
/// # Errors
/// [`Error::Setting`] where the ending names another format than the one that was asked for, or none.
pub fn format_of<F: Copy + PartialEq>(
    out: Option<&Path>,
    asked: Option<F>,
    formats: &[(F, &'static str)],
    usual: Option<F>,
) -> Result<F> {
    let refuse = |reason: String| {
        Err(Error::Setting {
            setting: "format",
            reason,
        })
    };
    let all = || {
        let names: Vec<&str> = formats.iter().map(|(_, name)| *name).collect();
        names.join("|")
    };
    let ending = out
        .and_then(Path::extension)
        .map(|ending| ending.to_string_lossy().to_lowercase());
    let named = |(_, name): &&(F, &str)| ending.as_deref() == Some(*name);
    let shown = out.map_or_else(String::new, quote::path);
    match (asked, formats.iter().find(named)) {
        (Some(asked), Some((format, name))) if asked != *format => {
            let asked = formats.iter().find(|(format, _)| *format == asked);
            let asked = asked.map_or("another", |(_, name)| name);
            refuse(format!(
                "expected {name}, as the ending of {shown} says, found {asked}: give --format {name}, or --out with another ending"
            ))
        }
        (Some(asked), _) => Ok(asked),
        (None, Some((format, _))) => Ok(*format),
        (None, None) => match usual {
            // A name without an ending says nothing; one with another ending says something else.
            Some(usual) if ending.is_none() => Ok(usual),
            _ => refuse(format!(
                "expected --format {}, or --out with one of these endings, found {shown}",
                all()
            )),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORMATS: [(char, &str); 2] = [('s', "svg"), ('p', "png")];

    #[test]
    fn the_ending_decides_or_clashes() {
        for (out, asked, usual, format) in [
            (Some("x.png"), None, Some('s'), Ok('p')),
            (Some("x.PNG"), None, None, Ok('p')),
            (Some("x.png"), Some('p'), None, Ok('p')),
            (Some("x.png"), Some('s'), None, Err("--format png")),
            (Some("x.txt"), Some('s'), None, Ok('s')),
            (Some("x.txt"), None, Some('s'), Err("svg|png")),
            (Some("x"), None, Some('s'), Ok('s')),
            (Some("x"), None, None, Err("svg|png")),
            (Some("-"), None, Some('s'), Ok('s')),
            (None, None, Some('s'), Ok('s')),
        ] {
            let found = format_of(out.map(Path::new), asked, &FORMATS, usual);
            match (found, format) {
                (Ok(found), Ok(format)) => assert_eq!(found, format, "{out:?}"),
                (Err(error), Err(says)) => assert!(error.to_string().contains(says), "{error}"),
                (found, _) => panic!("{out:?} {asked:?}: {found:?}"),
            }
        }
    }
}
