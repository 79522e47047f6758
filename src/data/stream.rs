//! Streams that somebody has opened for us: standard input, and what a shell hands over in place of a file (`<(..)`).
//!
//! Such a stream is read once, from its beginning to its end. A pipe that has a name of its own is none of them: opening it would wait for
//! a writer that may never come.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::error::{Error, Result};

/// The name of standard input as a file.
pub const STDIN: &str = "/dev/stdin";

/// The stream of this name; none where the name is that of a file or of anything else.
pub fn stream(path: &Path) -> Option<Result<Box<dyn Read>>> {
    if path == Path::new(STDIN) {
        return Some(Ok(Box::new(std::io::stdin())));
    }
    let is_open = path.starts_with("/dev/fd") || path.starts_with("/proc/self/fd");
    is_open.then(|| match File::open(path) {
        Ok(file) => Ok(Box::new(file) as Box<dyn Read>),
        Err(source) => Err(Error::Read {
            path: path.to_owned(),
            source,
        }),
    })
}
