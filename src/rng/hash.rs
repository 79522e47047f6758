//! A hash of 32 bits, for decisions by the million.

/// Mixes the bits of a number: a permutation of all numbers in which every bit of the result depends on every bit of `number`
/// (C. Wellons, "Prospecting for hash functions", 2018: the one with the lowest bias that has two multiplications).
#[inline(always)]
#[must_use]
pub fn hash(number: u32) -> u32 {
    let number = (number ^ (number >> 16)).wrapping_mul(0x7feb_352d);
    let number = (number ^ (number >> 15)).wrapping_mul(0x846c_a68b);
    number ^ (number >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bit_turns_about_half_of_the_bits() {
        for bit in 0..32 {
            let turned: u32 = (0..4096_u32)
                .map(|number| number.wrapping_mul(0x9e37_79b9))
                .map(|number| (hash(number) ^ hash(number ^ (1 << bit))).count_ones())
                .sum();
            let mean = f64::from(turned) / 4096.0;
            assert!((mean - 16.0).abs() < 0.3, "{bit}: {mean}");
        }
        // Frozen (a seed must go on to mean what it means), and computed by the formula in another language.
        assert_eq!(
            [0, 1, 2, u32::MAX].map(hash),
            [0, 0x6889_90c0, 0xd113_2181, 0x6768_824a]
        );
    }
}
