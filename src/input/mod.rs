//! The first layer, from pixels.

pub mod packed;
