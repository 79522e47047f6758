//! How fast this CPU could be: multiply-adds that never leave the registers.

use super::level::{Level, Set};

/// Chains of multiply-adds that run side by side: enough to cover the latency of two units of 4 cycles, few enough
/// for 16 registers.
const CHAINS: usize = 12;

/// Runs `rounds` rounds of independent `f32` multiply-adds on this core. Returns the floating-point operations done (a
/// multiply-add is two), and a number that depends on all of them, so that none can be left out.
#[must_use]
pub fn f32_multiply_adds(level: Level, rounds: u32) -> (u64, f32) {
    let (lanes, sum) = match level.set() {
        Set::Portable => (4, portable(rounds)),
        // SAFETY: a level of this set exists only where the CPU was found to have its instructions.
        #[cfg(target_arch = "x86_64")]
        Set::Avx2 => (8, unsafe { x86::avx2(rounds) }),
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Set::Avx512 => (16, unsafe { x86::avx512(rounds) }),
    };
    (u64::from(rounds) * (CHAINS * lanes * 2) as u64, sum)
}

/// Runs `rounds` rounds of what integer products are made of on this core: independent multiply-adds of small integers.
/// Returns the operations done (a multiply-add of one pair is two), and a number that depends on all of them.
#[must_use]
pub fn integer_multiply_adds(level: Level, rounds: u32) -> (u64, i32) {
    let (pairs, sum) = match level.set() {
        Set::Portable => (4, portable_integers(rounds)),
        // SAFETY: a level of this set exists only where the CPU was found to have its instructions.
        #[cfg(target_arch = "x86_64")]
        Set::Avx2 => (16, unsafe { x86::avx2_integers(rounds) }),
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Set::Avx512 => (64, unsafe { x86::avx512_integers(rounds) }),
    };
    (u64::from(rounds) * (CHAINS * pairs * 2) as u64, sum)
}

/// Factor and summand: values approach 2 and stay finite for as many rounds as there are.
const FACTOR: f32 = 0.75;
const SUMMAND: f32 = 0.5;

/// Where each chain begins: differently, or the compiler would run one for all, and from values that it does not know, or
/// it would run none.
fn starts() -> [f32; CHAINS] {
    std::array::from_fn(|chain| std::hint::black_box(chain as f32))
}

/// Four lanes, the least that a 64-bit CPU has; without a fused instruction this is two operations.
fn portable(rounds: u32) -> f32 {
    let mut chains = starts().map(|start| [start; 4]);
    for _ in 0..rounds {
        for chain in &mut chains {
            for lane in chain {
                *lane = *lane * FACTOR + SUMMAND;
            }
        }
    }
    chains.iter().flatten().sum()
}

/// Where each chain of integers begins.
fn integer_starts() -> [i32; CHAINS] {
    std::array::from_fn(|chain| std::hint::black_box(chain as i32 + 1))
}

fn portable_integers(rounds: u32) -> i32 {
    let mut chains = integer_starts().map(|start| [start; 4]);
    for _ in 0..rounds {
        for chain in &mut chains {
            for lane in chain {
                *lane = lane.wrapping_mul(3).wrapping_add(1);
            }
        }
    }
    chains
        .iter()
        .flatten()
        .fold(0, |sum, &lane| sum.wrapping_add(lane))
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{
        __m256i, __m512i, _mm256_add_epi32, _mm256_cvtsi256_si32, _mm256_madd_epi16,
        _mm256_set1_epi32, _mm512_cvtsi512_si32, _mm512_dpbusd_epi32, _mm512_set1_epi32,
    };
    use std::arch::x86_64::{
        _mm256_cvtss_f32, _mm256_fmadd_ps, _mm256_set1_ps, _mm512_fmadd_ps, _mm512_reduce_add_ps,
        _mm512_set1_ps,
    };

    use super::{CHAINS, FACTOR, SUMMAND, integer_starts, starts};

    #[target_feature(enable = "avx2")]
    pub(super) fn avx2_integers(rounds: u32) -> i32 {
        let by = _mm256_set1_epi32(std::hint::black_box(0x0003_0001));
        let mut chains: [__m256i; CHAINS] = integer_starts().map(|start| _mm256_set1_epi32(start));
        for _ in 0..rounds {
            for chain in &mut chains {
                // The product depends on the sum before it, or it would be taken out of the loop.
                *chain = _mm256_add_epi32(*chain, _mm256_madd_epi16(*chain, by));
            }
        }
        let sums = chains.into_iter().map(|chain| _mm256_cvtsi256_si32(chain));
        sums.fold(0, i32::wrapping_add)
    }

    #[target_feature(enable = "avx512f,avx512vnni")]
    pub(super) fn avx512_integers(rounds: u32) -> i32 {
        let (a, b) = (
            _mm512_set1_epi32(std::hint::black_box(0x0102_0304)),
            _mm512_set1_epi32(std::hint::black_box(0x0403_0201)),
        );
        let mut chains: [__m512i; CHAINS] = integer_starts().map(|start| _mm512_set1_epi32(start));
        for _ in 0..rounds {
            for chain in &mut chains {
                *chain = _mm512_dpbusd_epi32(*chain, a, b);
            }
        }
        let sums = chains.into_iter().map(|chain| _mm512_cvtsi512_si32(chain));
        sums.fold(0, i32::wrapping_add)
    }

    #[target_feature(enable = "avx2,fma")]
    pub(super) fn avx2(rounds: u32) -> f32 {
        let (factor, summand) = (_mm256_set1_ps(FACTOR), _mm256_set1_ps(SUMMAND));
        let mut chains = starts().map(|start| _mm256_set1_ps(start));
        for _ in 0..rounds {
            for chain in &mut chains {
                *chain = _mm256_fmadd_ps(*chain, factor, summand);
            }
        }
        chains
            .into_iter()
            .map(|chain| _mm256_cvtss_f32(chain))
            .sum()
    }

    #[target_feature(enable = "avx512f")]
    pub(super) fn avx512(rounds: u32) -> f32 {
        let (factor, summand) = (_mm512_set1_ps(FACTOR), _mm512_set1_ps(SUMMAND));
        let mut chains = starts().map(|start| _mm512_set1_ps(start));
        for _ in 0..rounds {
            for chain in &mut chains {
                *chain = _mm512_fmadd_ps(*chain, factor, summand);
            }
        }
        chains
            .into_iter()
            .map(|chain| _mm512_reduce_add_ps(chain))
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_counts_its_lanes() {
        for level in Level::all() {
            let (operations, sum) = f32_multiply_adds(level, 1000);
            assert!(operations >= 1000 * 12 * 4 * 2, "{level:?}");
            assert!(sum.is_finite() && sum > 0.0, "{level:?} {sum}");
            let (operations, _) = integer_multiply_adds(level, 1000);
            assert!(operations >= 1000 * 12 * 4 * 2, "{level:?}");
        }
    }
}
