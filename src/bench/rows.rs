//! The subjects' figures.

use serde::Serialize;

use super::spread::Spread;
use super::subject::Subject;
use crate::engine::EngineKind;
use crate::kernels::Level;
use crate::model::Layout;
use crate::scalar::Dtype;

/// One subject's figures.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Row {
    /// The engine, with `products` behind it for the two products alone.
    pub engine: String,
    /// The type of its numbers.
    pub dtype: &'static str,
    /// Its threads.
    pub threads: usize,
    /// Median time of an epoch, in milliseconds.
    pub ms_per_epoch: f64,
    /// The fastest epoch.
    pub fastest_ms: f64,
    /// The time below which a quarter of the epochs lies, in a straight line between two of them.
    pub first_quartile_ms: f64,
    /// The time below which three quarters of them lie.
    pub third_quartile_ms: f64,
    /// The slowest epoch.
    pub slowest_ms: f64,
    /// By how much of the first quartile the third one is above it; none of one epoch alone.
    pub spread: Option<f64>,
    /// The epochs: one in each round that the engine takes part in.
    pub rounds: usize,
    /// Training images a second.
    pub images_per_second: f64,
    /// Floating-point operations of the products, in 10⁹ a second.
    pub gflops: f64,
    /// These as a share of the peak of as many cores (of `f32`; of half of it for `f64`).
    pub share_of_peak: f64,
    /// Of these operations, those that are executed, as a share of the same peak; none where black pixels are multiplied like others, or
    /// products are in integers.
    pub executed_share_of_peak: Option<f64>,
    /// Of the first layer's products in integers: their operations, black pixels counted, as a share of the integer peak of as many
    /// cores. With 8-bit instructions a 16-bit product is two. Black pixels are left out, so it may pass 1.
    pub share_of_integer_peak: Option<f64>,
    /// Of the integer products' operations, those that are executed, as a share of the integer peak.
    pub executed_share_of_integer_peak: Option<f64>,
    /// The share of pixels that the forward product and the gradient's multiply, because not all of their quad is black.
    pub kept: Option<[f64; 2]>,
    /// The time at one thread over this one's.
    pub times_one_thread: Option<f64>,
    /// Times faster than the naive engine in the same type; none where that was not timed.
    pub times_naive: Option<f64>,
    /// Time over that of the two products alone, at the same type and thread count; none for `naive`.
    pub over_products: Option<f64>,
}

/// What all subjects did, and what the machine could have done.
pub(super) struct Job<'a> {
    /// The layout of the network.
    pub(super) layout: &'a Layout,
    /// Training images.
    pub(super) images: usize,
    /// The `f32` peak of one core, in 10⁹ operations a second.
    pub(super) peak: f64,
    /// The integer peak of one core, in 10⁹ operations a second.
    pub(super) integer_peak: f64,
    /// The instructions that kernels used.
    pub(super) level: Level,
}

/// A row a subject, in their order.
pub(super) fn rows(subjects: &[Subject<'_>], job: &Job<'_>) -> Vec<Row> {
    let spreads: Vec<Spread> = subjects
        .iter()
        .map(|subject| Spread::of(&subject.seconds))
        .collect();
    let time_of = |kind, products, dtype, threads| {
        let same = |subject: &Subject<'_>| {
            (
                subject.kind,
                subject.products,
                subject.dtype,
                subject.threads,
            ) == (kind, products, dtype, threads)
        };
        subjects
            .iter()
            .position(same)
            .map(|place| spreads[place].median)
    };
    subjects
        .iter()
        .zip(&spreads)
        .map(|(subject, spread)| {
            let Subject {
                kind,
                products,
                dtype,
                threads,
                ..
            } = *subject;
            let seconds = spread.median;
            let naive = time_of(EngineKind::Naive, false, dtype, 1).filter(|_| !products);
            let both = time_of(kind, true, dtype, threads).filter(|_| !products);
            let alone = time_of(kind, products, dtype, 1);
            Row {
                times_one_thread: alone.map(|alone| alone / seconds),
                times_naive: naive.map(|naive| naive / seconds),
                over_products: both.map(|products| seconds / products),
                ..of(subject, spread, job)
            }
        })
        .collect()
}

/// What a subject's row says of it without the others.
fn of(subject: &Subject<'_>, spread: &Spread, job: &Job<'_>) -> Row {
    let Job {
        layout,
        images,
        peak,
        integer_peak,
        level,
    } = *job;
    let Subject {
        kind,
        products,
        dtype,
        threads,
        kept,
        ..
    } = *subject;
    let seconds = spread.median;
    let operations = |whole| (images * operations_per_image(layout, whole)) as f64;
    let gflops = operations(!products) / seconds / 1e9;
    let peak = match dtype {
        Dtype::F32 => peak,
        Dtype::F64 => peak / 2.0,
    };
    let halves = if level.has_vnni() { 2.0 } else { 1.0 };
    let gops = halves * operations(false) / seconds / 1e9;
    // The two products are of one size.
    let executed = kept.map(|[forward, gradient]| f64::midpoint(forward, gradient));
    let share_of_peak = gflops / (peak * threads as f64);
    let of_integer_peak = gops / (integer_peak * threads as f64);
    let integers = kind == EngineKind::Fixed;
    // Of all operations, the share of those that the first layer leaves out.
    let left_out = |share: f64| (1.0 - share) * operations(false) / operations(!products);
    Row {
        engine: if products {
            format!("{} products", kind.name())
        } else {
            kind.name().to_owned()
        },
        dtype: dtype.name(),
        threads,
        ms_per_epoch: seconds * 1e3,
        fastest_ms: spread.fastest * 1e3,
        first_quartile_ms: spread.first_quartile * 1e3,
        third_quartile_ms: spread.third_quartile * 1e3,
        slowest_ms: spread.slowest * 1e3,
        spread: spread.relative(),
        rounds: subject.seconds.len(),
        images_per_second: images as f64 / seconds,
        gflops,
        share_of_peak,
        executed_share_of_peak: executed
            .filter(|_| !integers)
            .map(|share| share_of_peak * (1.0 - left_out(share))),
        share_of_integer_peak: integers.then_some(of_integer_peak),
        executed_share_of_integer_peak: executed
            .filter(|_| integers)
            .map(|share| share * of_integer_peak),
        kept,
        ..Row::default()
    }
}

/// Floating-point operations of the products of one image: forward and gradient in every layer, and backward through all but
/// the first; or of the first layer's two alone.
pub(super) fn operations_per_image(layout: &Layout, whole: bool) -> usize {
    let of_layer =
        |products: usize, layer: &crate::model::Layer| 2 * products * layer.inputs * layer.outputs;
    let [first, later @ ..] = layout.layers() else {
        return 0;
    };
    let later: usize = later.iter().map(|layer| of_layer(3, layer)).sum();
    of_layer(2, first) + if whole { later } else { 0 }
}
