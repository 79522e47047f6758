//! `gingham completions`

use clap_complete::Shell;

use super::output::Output;

/// Print the script by which a shell completes commands and flags.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  gingham completions bash > ~/.local/share/bash-completion/completions/gingham
  gingham completions zsh > ~/.zfunc/_gingham
  gingham completions fish > ~/.config/fish/completions/gingham.fish")]
pub struct Args {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

pub fn run(args: &Args, mut definition: clap::Command) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut definition, "gingham", &mut script);
    let script = String::from_utf8(script).expect("made of text");
    Output { quiet: false }.result(script.trim_end())
}
