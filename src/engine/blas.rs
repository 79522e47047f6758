//! Products through a BLAS by way of ndarray, and the library's own account of itself.
//!
//! A feature chooses the BLAS: OpenBLAS by default, whose functions are called by name. Every other one, and whatever a system
//! has put in the place of its libblas, is asked through symbols that the program may or may not have found when it
//! started. In a build without the feature `blas`, ndarray's pure-Rust product (the crate matrixmultiply) takes the
//! same calls.
//!
//! gingham has threads of its own, so each call of BLAS must compute on the thread that makes it, and several threads must be
//! able to call at once. This is how each BLAS is brought to that:
//!
//! - **OpenBLAS** is held to one thread by `openblas_set_num_threads`. Its serial flavour need not be safe under several callers
//!   (OpenBLAS's FAQ on multi-threaded use), so it gets one.
//! - **Netlib's reference BLAS** has no threads and no state between calls. Debian lets another library stand in for it, OpenBLAS
//!   among them, so its stand-ins are looked for first.
//! - **BLIS** is safe under several callers and computes on the caller's thread unless it is told otherwise
//!   (its `docs/Multithreading.md`); it is told one thread by `bli_thread_set_num_threads`.
//! - **Intel's MKL** is safe under several callers (its developer guide). Its sequential variants have no threads; the parallel
//!   ones are held to one by `MKL_Set_Num_Threads`. In the static parallel variant that symbol cannot be found, so it gets one
//!   caller.
//! - **Accelerate** is safe under several callers, and takes `BLASSetThreading` from macOS 15 on. Before, it gets one caller.
//! - **An unknown BLAS**, which a library's user links to the feature `blas` alone, gets one caller.

#![allow(unsafe_code)]

#[cfg(feature = "blas")]
mod backend;

use std::borrow::Cow;

use ndarray::linalg::general_mat_mul;
use ndarray::{ArrayBase, ArrayView2, ArrayViewMut2, Axis, Ix2, RawData};

use super::Engine;
use crate::scalar::Scalar;

/// BLAS.
#[derive(Clone, Copy, Debug)]
pub struct Blas;

impl<T: Scalar> Engine<T> for Blas {
    fn forward(&self, x: ArrayView2<'_, T>, w: ArrayView2<'_, T>, z: ArrayViewMut2<'_, T>) {
        product(x, w.reversed_axes(), z, false);
    }

    fn backward(&self, d_z: ArrayView2<'_, T>, w: ArrayView2<'_, T>, d_x: ArrayViewMut2<'_, T>) {
        product(d_z, w, d_x, false);
    }

    fn gradient(
        &self,
        d_z: ArrayView2<'_, T>,
        x: ArrayView2<'_, T>,
        d_w: ArrayViewMut2<'_, T>,
        accumulate: bool,
    ) {
        product(d_z.reversed_axes(), x, d_w, accumulate);
    }
}

/// `c = a b`, or with `accumulate` `c += a b`.
///
/// # Panics
/// If a matrix has no unit stride: ndarray would leave BLAS without a word.
fn product<T: Scalar>(
    a: ArrayView2<'_, T>,
    b: ArrayView2<'_, T>,
    c: ArrayViewMut2<'_, T>,
    accumulate: bool,
) {
    // An axis of one number may have any stride: there is nothing to stride to.
    let (a, b, mut c) = (with_strides(a), with_strides(b), with_strides(c));
    let unit = |matrix: &ArrayView2<'_, T>| {
        matrix
            .shape()
            .iter()
            .zip(matrix.strides())
            .any(|(&length, &stride)| length <= 1 || stride == 1)
    };
    assert!(
        unit(&a) && unit(&b) && unit(&c.view()),
        "matrices that BLAS takes"
    );
    let beta = if accumulate { T::one() } else { T::zero() };
    general_mat_mul(T::one(), &a, &b, beta, &mut c);
}

/// The same matrix, where axes of one number have a stride that BLAS takes: slicing leaves them with none, and ndarray then
/// leaves BLAS.
fn with_strides<S: RawData>(mut matrix: ArrayBase<S, Ix2>) -> ArrayBase<S, Ix2> {
    for axis in [Axis(0), Axis(1)] {
        if matrix.len_of(axis) == 1 {
            matrix = matrix.index_axis_move(axis, 0).insert_axis(axis);
        }
    }
    matrix
}

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

/// The library that products go through.
#[must_use]
pub fn library() -> Library {
    #[cfg(feature = "blas")]
    return backend::library();
    #[cfg(not(feature = "blas"))]
    Library {
        name: "matrixmultiply".into(),
        version: "(pure Rust; built without a BLAS)".to_owned(),
        core: std::env::consts::ARCH.to_owned(),
        threading: Threading::None,
    }
}

/// Refuses an OpenBLAS that would end the process at its first product, by an instruction that this CPU lacks: it knows AMD's K8
/// by its number alone and uses the K8's 3DNow!, but QEMU's own CPU has that number too, and not those instructions
/// (OpenBLAS issue 5831, mended in 2026).
///
/// # Errors
/// [`Error::Setting`](crate::error::Error::Setting).
#[cfg(all(feature = "blas", target_arch = "x86_64"))]
pub(crate) fn check_core() -> crate::error::Result<()> {
    #[allow(unused_unsafe)] // newer compilers know that it is safe
    // SAFETY: every 64-bit CPU answers this question.
    let features = unsafe { std::arch::x86_64::__cpuid(0x8000_0001) };
    let has_3dnow = features.edx >> 31 != 0;
    let core = library().core;
    if has_3dnow || !core.starts_with("Opteron") {
        return Ok(());
    }
    Err(crate::error::Error::Setting {
        setting: "OPENBLAS_CORETYPE",
        reason: format!(
            "expected Prescott, or whatever this CPU is like: OpenBLAS takes it for {core}, whose 3DNow! it lacks"
        ),
    })
}

/// Elsewhere nothing is known to be refused.
///
/// # Errors
/// None.
#[cfg(not(all(feature = "blas", target_arch = "x86_64")))]
pub(crate) fn check_core() -> crate::error::Result<()> {
    Ok(())
}

/// Holds BLAS to one thread for calls from this thread and, but for the OpenMP flavour, from every other. Whether it took.
pub(crate) fn hold_to_one_thread() -> bool {
    #[cfg(feature = "blas")]
    return backend::hold_to_one_thread();
    #[cfg(not(feature = "blas"))]
    true
}
