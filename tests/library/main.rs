//! The library from outside: what it computes, held against figures and definitions that owe it nothing.

mod arrays;
mod augment;
mod by_hand;
mod classifier;
mod data;
mod determinism;
mod differential;
mod engines;
mod ensemble;
mod explore;
mod export;
#[cfg(feature = "pictures")]
mod figures;
mod float;
mod folds;
mod golden;
mod gradients;
mod hostile;
mod import;
mod integers;
mod metrics;
mod packed;
mod plan;
mod recipe;
mod resume;
mod runs;
mod seeds;
mod side_by_side;
mod standardize;
mod start;
mod steppers;
mod stopping;
mod sweep_refusals;
mod sweep_space;
mod tta;
mod verbs;

/// What the modules share: tiny data sets, random numbers, the distance of two lists of them.
mod support;
