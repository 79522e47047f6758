//! What this CPU offers, asked once.
//!
//! A [`Level`] can only be had from detection, so holding one proves that the CPU has its instructions: that is the fact on
//! which every call below rests.

use crate::error::{Error, Result};

/// The environment variable that lowers the level: `portable` or `avx2`. It cannot raise it.
pub const VARIABLE: &str = "GINGHAM_LEVEL";

/// A set of instructions that this CPU has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Level(Set);

/// The sets, each containing those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Set {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Level {
    /// Plain Rust, on every CPU.
    pub const PORTABLE: Self = Self(Set::Portable);

    /// The highest level that this CPU offers and `GINGHAM_LEVEL` allows. Ask once and pass it on: a step never asks.
    #[must_use]
    pub fn detect() -> Self {
        let most = std::env::var(VARIABLE);
        let highest = Self::avx512().or_else(Self::avx2).unwrap_or(Self::PORTABLE);
        match most.as_deref() {
            Ok("portable") => Self::PORTABLE,
            Ok("avx2") => highest.min(Self::avx2().unwrap_or(Self::PORTABLE)),
            _ => highest,
        }
    }

    /// Refuses a value of `GINGHAM_LEVEL` that [`Self::detect`] would pass over.
    ///
    /// # Errors
    /// [`Error::Setting`].
    pub fn check_variable() -> Result<()> {
        let value = std::env::var_os(VARIABLE).unwrap_or_default();
        match value.to_str() {
            Some("" | "portable" | "avx2" | "avx512") => Ok(()),
            _ => Err(Error::Setting {
                setting: VARIABLE,
                reason: format!(
                    "expected portable, avx2 or avx512, found {}",
                    value.display()
                ),
            }),
        }
    }

    /// The highest level that this CPU offers.
    #[must_use]
    pub fn highest() -> Self {
        Self::avx512().or_else(Self::avx2).unwrap_or(Self::PORTABLE)
    }

    /// This level, or the one of that name if it is lower; none for a name that no level has.
    #[must_use]
    pub fn at_most(self, name: &str) -> Option<Self> {
        match name {
            "portable" => Some(Self::PORTABLE),
            "avx2" => Some(self.min(Self::avx2().unwrap_or(Self::PORTABLE))),
            "avx512" => Some(self),
            _ => None,
        }
    }

    /// AVX2 and FMA, if this CPU has them.
    #[must_use]
    pub fn avx2() -> Option<Self> {
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            return Some(Self(Set::Avx2));
        }
        None
    }

    /// AVX-512 F, BW, VL and VNNI, if this CPU has them and AVX2. Without VNNI 512 bits gain our kernels too little for a level of
    /// its own.
    #[must_use]
    pub fn avx512() -> Option<Self> {
        #[cfg(target_arch = "x86_64")]
        if Self::avx2().is_some()
            && is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512vnni")
        {
            return Some(Self(Set::Avx512));
        }
        None
    }

    /// Every level that this CPU offers, for tests and benches.
    pub fn all() -> impl Iterator<Item = Self> {
        [Some(Self::PORTABLE), Self::avx2(), Self::avx512()]
            .into_iter()
            .flatten()
    }

    /// Whether there are products of bytes, four at a time.
    #[must_use]
    pub fn has_vnni(self) -> bool {
        match self.0 {
            Set::Portable => false,
            #[cfg(target_arch = "x86_64")]
            Set::Avx2 => false,
            #[cfg(target_arch = "x86_64")]
            Set::Avx512 => true,
        }
    }

    pub(super) fn set(self) -> Set {
        self.0
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self.0 {
            Set::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Set::Avx2 => "avx2",
            #[cfg(target_arch = "x86_64")]
            Set::Avx512 => "avx512",
        }
    }
}
