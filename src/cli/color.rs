//! Whether output is coloured: `--color` says so, else `NO_COLOR`, `TERM` and the kind of the stream do.
//!
//! Whoever prints writes its colours to anstream's streams, which drop them where they are not wanted; so do clap's help and
//! errors. The choice holds for the whole process, like the variables that it comes from.

use std::ffi::OsString;

use clap::{ColorChoice, ValueEnum};

/// `--color`, which every command takes, before its name or behind it.
#[derive(Debug, clap::Args)]
pub struct Flag {
    /// When errors, notes, help and the bar have colours; 'auto': on a terminal, unless $NO_COLOR is set or $TERM is 'dumb'
    #[arg(
        id = "color",
        long = "color",
        value_name = "WHEN",
        global = true,
        display_order = 1000, // behind what the command itself takes
        default_value = "auto",
        help_heading = "Runtime and output"
    )]
    pub when: ColorChoice,
}

/// The value of `--color`, which is read before clap parses the arguments, because clap's help and errors must follow it.
pub fn asked_for(arguments: &[OsString]) -> ColorChoice {
    let mut arguments = arguments.iter().take_while(|argument| *argument != "--");
    let mut asked = None;
    while let Some(argument) = arguments.next() {
        let argument = argument.to_string_lossy();
        let value = match argument.strip_prefix("--color") {
            Some("") => arguments
                .next()
                .map(|value| value.to_string_lossy().into_owned()),
            Some(rest) => rest.strip_prefix('=').map(str::to_owned),
            None => None,
        };
        asked = value
            .and_then(|value| ColorChoice::from_str(&value, false).ok())
            .or(asked);
    }
    asked.unwrap_or(ColorChoice::Auto)
}

/// Makes this the choice of the whole process.
pub fn choose(when: ColorChoice) {
    let dumb = || std::env::var_os("TERM").is_some_and(|terminal| terminal == "dumb");
    match when {
        ColorChoice::Always => anstream::ColorChoice::Always,
        ColorChoice::Never => anstream::ColorChoice::Never,
        // anstream would still colour a dumb terminal where it takes the machine for a build server.
        ColorChoice::Auto if dumb() => anstream::ColorChoice::Never,
        ColorChoice::Auto => anstream::ColorChoice::Auto,
    }
    .write_global();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flag_is_seen_before_clap_sees_it() {
        let asked = |line: &str| {
            let arguments: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
            asked_for(&arguments)
        };
        assert_eq!(asked("train"), ColorChoice::Auto);
        assert_eq!(asked("train --color never --help"), ColorChoice::Never);
        assert_eq!(asked("--color=always train"), ColorChoice::Always);
        assert_eq!(asked("--color=always --color never"), ColorChoice::Never);
        assert_eq!(asked("train --colors=never"), ColorChoice::Auto);
        assert_eq!(asked("train --color purple"), ColorChoice::Auto);
        assert_eq!(asked("train --color"), ColorChoice::Auto);
        assert_eq!(asked("predict -- --color never"), ColorChoice::Auto);
    }
}
