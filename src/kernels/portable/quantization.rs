//! Values rounded to 16-bit integers.
//!
//! Loops count lanes: the functions of an array ([`array::map`]) are calls where they are not inlined, and then no vectors.

use super::sums::{LANES, joined};
use crate::exponential::nearest;

/// Where quantized numbers go in halves: a number is `256 high[i] + low[i]`, and both have a sign.
#[derive(Debug)]
pub struct Halves<'a> {
    /// What is multiplied with 256.
    pub high: &'a mut [u8],
    /// The rest.
    pub low: &'a mut [u8],
}

/// See [`crate::kernels::quantize_words`].
#[inline(always)]
pub fn quantize_words(values: &[f32], factor: f32, words: &mut [[u8; 2]]) -> i32 {
    let mut sum = 0_i32;
    for (word, &value) in words.iter_mut().zip(values) {
        let number = nearest(value * factor).0 as i16;
        *word = number.to_le_bytes();
        sum = sum.wrapping_add(number.into());
    }
    sum
}

/// See [`crate::kernels::quantize_halves`].
#[inline(always)]
pub fn quantize_halves(values: &[f32], factor: f32, halves: Halves<'_>) -> i32 {
    let Halves { high, low } = halves;
    let mut sum = 0_i32;
    for ((high, low), &value) in high.iter_mut().zip(low).zip(values) {
        let number = nearest(value * factor).0;
        *high = high_half(number);
        *low = number as u8;
        sum = sum.wrapping_add((number as i16).into());
    }
    sum
}

/// See [`crate::kernels::dot_words`].
#[inline(always)]
pub fn dot_words(values: &[f32], factor: f32, by: &[f32], words: &mut [[u8; 2]]) -> f32 {
    let mut sums = [0.0_f32; LANES];
    let (values, last_values) = values.as_chunks::<LANES>();
    let (by, last_by) = by.as_chunks::<LANES>();
    let (words, last_words) = words.as_chunks_mut::<LANES>();
    for ((values, by), words) in values.iter().zip(by).zip(words) {
        let numbers = quantize_and_add(values, factor, by, &mut sums);
        for lane in 0..LANES {
            words[lane] = (numbers[lane] as i16).to_le_bytes();
        }
    }
    let last = last_values.iter().zip(last_by).zip(last_words);
    for (((value, by), word), sum) in last.zip(&mut sums) {
        let (number, rounded) = nearest(value * factor);
        *word = (number as i16).to_le_bytes();
        *sum += rounded * by;
    }
    joined(sums, |a, b| a + b)
}

/// See [`crate::kernels::dot_halves`].
#[inline(always)]
pub fn dot_halves(values: &[f32], factor: f32, by: &[f32], halves: Halves<'_>) -> f32 {
    let Halves { high, low } = halves;
    let mut sums = [0.0_f32; LANES];
    let (values, last_values) = values.as_chunks::<LANES>();
    let (by, last_by) = by.as_chunks::<LANES>();
    let (high, last_high) = high.as_chunks_mut::<LANES>();
    let (low, last_low) = low.as_chunks_mut::<LANES>();
    for (((values, by), high), low) in values.iter().zip(by).zip(high).zip(low) {
        let numbers = quantize_and_add(values, factor, by, &mut sums);
        for lane in 0..LANES {
            (high[lane], low[lane]) = (high_half(numbers[lane]), numbers[lane] as u8);
        }
    }
    let last = last_values.iter().zip(last_by).zip(last_high).zip(last_low);
    for ((((value, by), high), low), sum) in last.zip(&mut sums) {
        let (number, rounded) = nearest(value * factor);
        (*high, *low) = (high_half(number), number as u8);
        *sum += rounded * by;
    }
    joined(sums, |a, b| a + b)
}

/// The half that is to be multiplied with 256, where the low half is a byte with a sign.
#[inline(always)]
fn high_half(number: i32) -> u8 {
    (number.wrapping_add(128) >> 8) as u8
}

/// Quantizes a group of values; adds the products of their numbers with `by` to the partial sums.
#[inline(always)]
fn quantize_and_add(
    values: &[f32; LANES],
    factor: f32,
    by: &[f32; LANES],
    sums: &mut [f32; LANES],
) -> [i32; LANES] {
    let mut numbers = [0; LANES];
    for lane in 0..LANES {
        let (number, rounded) = nearest(values[lane] * factor);
        sums[lane] += rounded * by[lane];
        numbers[lane] = number;
    }
    numbers
}
