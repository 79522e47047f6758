//! Finds and links OpenBLAS, before the linker misses it, and notes the commit for `--version`.

use std::process::Command;

const NO_OPENBLAS: &str = "gingham needs OpenBLAS, and pkg-config finds none. Install it:
  Debian, Ubuntu:  apt install libopenblas-dev pkg-config
  Fedora:          dnf install openblas-devel pkgconf-pkg-config
  Arch:            pacman -S openblas pkgconf
  macOS:           brew install openblas pkgconf && export PKG_CONFIG_PATH=\"$(brew --prefix openblas)/lib/pkgconfig\"
or build it from source:     cargo build --release --no-default-features --features cli,openblas-static
or do without (slower):      cargo build --release --no-default-features --features cli";

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-env=GINGHAM_COMMIT={}", commit());
    let enabled = |feature: &str| std::env::var_os(format!("CARGO_FEATURE_{feature}")).is_some();
    if enabled("OPENBLAS_SYSTEM")
        && !enabled("OPENBLAS_STATIC")
        && std::env::var_os("DOCS_RS").is_none()
        && let Err(error) = pkg_config::probe_library("openblas")
    {
        // `cargo::error` stops the build with these lines alone, without a panic's backtrace.
        for line in NO_OPENBLAS.lines() {
            println!("cargo::error={line}");
        }
        println!(
            "cargo::error=(pkg-config: {})",
            first_line(&error.to_string())
        );
    }
}

fn first_line(text: &str) -> &str {
    text.lines()
        .find(|line| !line.trim().is_empty())
        .unwrap_or("")
}

/// The short hash of the checked-out commit, with a `+` where the tree differs from it; `unknown` outside a checkout.
fn commit() -> String {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).output().ok()?;
        output
            .status
            .success()
            .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    if git(&["rev-parse", "--show-prefix"]).is_none_or(|prefix| !prefix.is_empty()) {
        return "unknown".to_owned(); // no checkout, or somebody else's around an unpacked release
    }
    let Some(hash) = git(&["rev-parse", "--short=10", "HEAD"]) else {
        return "unknown".to_owned();
    };
    if let Some(head) = git(&["rev-parse", "--git-path", "logs/HEAD"]) {
        println!("cargo:rerun-if-changed={head}");
    }
    println!("cargo:rerun-if-changed=src");
    let changed = git(&["status", "--porcelain", "--untracked-files=no"])
        .is_some_and(|rows| !rows.is_empty());
    if changed { format!("{hash}+") } else { hash }
}
