//! What the library says of itself that products go through.

use std::borrow::Cow;

use crate::kernels::Level;

/// Which product library this is, in its own words.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Library {
    /// The BLAS's name, such as `OpenBLAS`, or that of the crate that takes over without one.
    pub name: Cow<'static, str>,
    /// Its version.
    pub version: String,
    /// The kind of core it took this machine's to be.
    pub core: String,
    /// How it was built to use threads.
    pub threading: Threading,
}

/// How a BLAS was built to use threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Threading {
    /// For one thread; whether several callers at once are safe depends on how it was built, which it does not tell.
    Serial,
    /// With threads of its own.
    Pthreads,
    /// With OpenMP's threads.
    OpenMp,
    /// Without threads of its own, and safe from any number of callers.
    None,
}

impl Library {
    /// What to tell whoever multiplies through it, if it computes on this CPU as on one without AVX2, though `level` has that: an OpenBLAS
    /// that is older than the CPU does.
    #[must_use]
    pub fn complaint(&self, level: Level) -> Option<&'static str> {
        const WITHOUT_AVX2: [&str; 16] = [
            "Athlon",
            "Atom",
            "Banias",
            "Barcelona",
            "Bobcat",
            "Bulldozer",
            "Core2",
            "Dunnington",
            "Katmai",
            "Nano",
            "Nehalem",
            "Northwood",
            "Opteron",
            "Penryn",
            "Prescott",
            "Sandybridge",
        ];
        let is_behind = level > Level::PORTABLE
            && WITHOUT_AVX2
                .iter()
                .any(|core| self.core.eq_ignore_ascii_case(core));
        is_behind.then_some(
            "OpenBLAS takes this CPU for one without AVX2 (see 'gingham --version'): it multiplies several times as fast with \
             OPENBLAS_CORETYPE=Haswell (SkylakeX where there is AVX-512) in the environment, or in a newer version",
        )
    }
}

impl std::fmt::Display for Library {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            name,
            version,
            core,
            threading,
        } = self;
        let threading = match threading {
            Threading::Serial => "serial",
            Threading::Pthreads => "pthreads",
            Threading::OpenMp => "OpenMP",
            Threading::None => "no threads of its own",
        };
        write!(formatter, "{name} {version}, core {core}, {threading}")
    }
}
