//! What this CPU offers.
//!
//! A [`Level`] can only be had from detection, so holding one proves that the CPU has its instructions. That is the fact on which
//! every call of the kernels rests.

/// A set of instructions that this CPU has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Level(Set);

/// The sets of instructions, each of which contains those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Set {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Level {
    /// How many levels there are, on any CPU.
    pub const COUNT: usize = 3;

    /// Plain Rust, on every CPU.
    pub const PORTABLE: Self = Self(Set::Portable);

    /// The highest level that this CPU offers.
    #[must_use]
    pub fn highest() -> Self {
        Self::avx512().or_else(Self::avx2).unwrap_or(Self::PORTABLE)
    }

    /// The highest level up to both this one and the one called `name`. None if no level is called so.
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

    /// Its place among the levels, counted from 0.
    #[must_use]
    pub fn number(self) -> usize {
        self.0 as usize
    }

    /// The name by which it is asked for.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_can_be_lowered_by_name_and_never_raised() {
        for level in Level::all() {
            for other in Level::all() {
                assert_eq!(level.at_most(other.name()), Some(level.min(other)));
            }
            assert_eq!(level.at_most("avx512"), Some(level));
            for unknown in ["", "avx", "AVX2", " portable"] {
                assert_eq!(level.at_most(unknown), None, "{unknown:?}");
            }
        }
        assert_eq!(Level::all().max(), Some(Level::highest()));
    }
}
