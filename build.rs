//! Refuses what cannot be linked, before the linker says so in its own way: two BLAS at once, or one that the system lacks. Links
//! the system's libblas, and notes the commit for `--version`.

use std::process::Command;

/// The features that choose a BLAS, without what follows a name's last hyphen.
const BACKENDS: [&str; 5] = ["OPENBLAS", "NETLIB", "BLIS", "INTEL_MKL", "ACCELERATE"];

const NO_OPENBLAS: &str = "gingham needs OpenBLAS, and pkg-config finds none. Install it:
  Debian, Ubuntu:  apt install libopenblas-dev pkg-config
  Fedora:          dnf install openblas-devel pkgconf-pkg-config
  Arch:            pacman -S openblas pkgconf
  macOS:           brew install openblas pkgconf && export PKG_CONFIG_PATH=\"$(brew --prefix openblas)/lib/pkgconfig\"
or build it from source:     cargo build --release --no-default-features --features cli,openblas-static
or do without (slower):      cargo build --release --no-default-features --features cli";

const NO_LIBBLAS: &str = "gingham was asked for the system's libblas, and pkg-config finds none. Install it:
  Debian, Ubuntu:  apt install libblas-dev pkg-config
  Fedora:          dnf install blas-devel pkgconf-pkg-config
  Arch:            pacman -S blas cblas pkgconf
or build it from source:     cargo build --release --no-default-features --features cli,netlib-static";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-env=GINGHAM_COMMIT={}", commit());
    let features: Vec<String> = std::env::vars()
        .filter_map(|(name, _)| name.strip_prefix("CARGO_FEATURE_").map(str::to_owned))
        .collect();
    let enabled = |feature: &str| features.iter().any(|enabled| enabled == feature);
    let chosen: Vec<&str> = BACKENDS
        .into_iter()
        .filter(|backend| features.iter().any(|feature| feature.starts_with(backend)))
        .collect();
    println!("cargo::rustc-check-cfg=cfg(openblas)");
    if enabled("OPENBLAS") || enabled("OPENBLAS_STATIC") {
        println!("cargo::rustc-cfg=openblas");
    }
    if chosen.len() > 1 {
        let chosen = chosen.join(" and ").to_lowercase().replace('_', "-");
        refuse(&format!("gingham takes one BLAS, and was asked for {chosen}. OpenBLAS is the default; for another one:
  cargo build --release --no-default-features --features cli,NAME"));
    } else if std::env::var_os("DOCS_RS").is_some() {
        // Documentation links nothing.
    } else if enabled("OPENBLAS") && !enabled("OPENBLAS_STATIC") {
        // openblas-src links it. Where it finds none it goes on, and the linker fails: so it is looked for here too.
        if let Err(error) = pkg_config::Config::new()
            .cargo_metadata(false)
            .probe("openblas")
        {
            refuse(NO_OPENBLAS);
            refuse(&format!("(pkg-config: {})", first_line(&error.to_string())));
        }
    } else if enabled("NETLIB") && !enabled("NETLIB_STATIC") {
        // Debian's libblas holds the C interface too; elsewhere that is a library of its own.
        let found = ["blas-netlib", "cblas", "blas"]
            .into_iter()
            .any(|name| pkg_config::probe_library(name).is_ok());
        if !found {
            refuse(NO_LIBBLAS);
        }
    }
}

/// Stops the build with these lines alone, without a panic's backtrace.
fn refuse(message: &str) {
    for line in message.lines() {
        println!("cargo::error={line}");
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
        println!("cargo::rerun-if-changed={head}");
    }
    println!("cargo::rerun-if-changed=src");
    let changed = git(&["status", "--porcelain", "--untracked-files=no"])
        .is_some_and(|rows| !rows.is_empty());
    if changed { format!("{hash}+") } else { hash }
}
