//! What makes figures doubtful: the machine was not the same throughout.

use super::rows::Row;
use crate::error::list;

/// A third quartile that is further above the first one than this share of it is warned of.
const MOST_SPREAD: f64 = 0.2;
/// Rows that a warning names.
const NAMED: usize = 4;

/// One warning for each kind of trouble, whatever the number of rows that have it.
pub(super) fn warnings(rows: &[Row]) -> Vec<String> {
    let beyond = |row: &Row| measured_share(row).filter(|&share| share > 1.0);
    let apart = |row: &Row| row.spread.filter(|&spread| spread > MOST_SPREAD);
    let of_peaks = named(rows, beyond).map(|rows| {
        format!(
            "expected at most 100 % of the measured peak, found more in {rows}: \
             the machine was slower when the peak was measured than in the rounds"
        )
    });
    let of_rounds = named(rows, apart).map(|rows| {
        format!(
            "expected rounds whose third quartile is at most {:.0} % above the first, found more in {rows}: \
             the machine was busy or changed its clock; measure again when it is quiet, or in more rounds (--epochs)",
            MOST_SPREAD * 100.0
        )
    });
    of_peaks.into_iter().chain(of_rounds).collect()
}

/// The share of a peak that no row can pass. Of packed pixels it is that of the operations which are executed, because the others are
/// left out; and what integer products come to in floating point bounds nothing.
fn measured_share(row: &Row) -> Option<f64> {
    match row.share_of_integer_peak {
        Some(_) => row.executed_share_of_integer_peak,
        None => row.executed_share_of_peak.or(Some(row.share_of_peak)),
    }
}

/// The rows that have such a figure, with the figure in per cent.
fn named(rows: &[Row], figure: impl Fn(&Row) -> Option<f64>) -> Option<String> {
    let names: Vec<String> = rows
        .iter()
        .filter_map(|row| Some((row, figure(row)?)))
        .map(|(row, figure)| {
            let Row {
                engine,
                dtype,
                threads,
                ..
            } = row;
            let plural = if *threads == 1 { "" } else { "s" };
            let percent = figure * 100.0;
            format!("{engine} {dtype} at {threads} thread{plural} ({percent:.1} %)")
        })
        .collect();
    (!names.is_empty()).then(|| list(&names, NAMED))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(engine: &str, share_of_peak: f64, spread: Option<f64>) -> Row {
        Row {
            engine: engine.to_owned(),
            dtype: "f32",
            threads: 1,
            share_of_peak,
            spread,
            ..Row::default()
        }
    }

    #[test]
    fn figures_within_bounds_need_no_warning() {
        let rows = [row("naive", 0.03, None), row("blas", 1.0, Some(0.2))];
        assert_eq!(warnings(&rows), Vec::<String>::new());
    }

    #[test]
    fn a_share_above_the_peak_names_its_row() {
        let rows = [
            row("naive", 0.03, None),
            row("blas products", 1.042, Some(0.0)),
        ];
        let told = warnings(&rows);
        assert_eq!(told.len(), 1, "{told:?}");
        let names = "found more in blas products f32 at 1 thread (104.2 %): ";
        assert!(told[0].contains(names), "{told:?}");
    }

    /// Products of packed pixels leave black ones out: only what they execute is held against the peak.
    #[test]
    fn packed_pixels_pass_the_peaks_that_do_not_bound_them() {
        let fixed = |executed| Row {
            share_of_integer_peak: Some(1.4),
            executed_share_of_integer_peak: executed,
            ..row("fixed", 1.8, Some(0.0))
        };
        for within in [None, Some(0.8)] {
            assert_eq!(warnings(&[fixed(within)]), Vec::<String>::new());
        }
        let simd = |executed| Row {
            executed_share_of_peak: Some(executed),
            ..row("simd", 1.2, Some(0.0))
        };
        assert_eq!(warnings(&[simd(0.9)]), Vec::<String>::new());
        assert_eq!(warnings(&[simd(1.01)]).len(), 1);
        let told = warnings(&[fixed(Some(1.1))]);
        assert!(
            told[0].contains("fixed f32 at 1 thread (110.0 %)"),
            "{told:?}"
        );
    }

    #[test]
    fn many_rows_make_one_warning() {
        let rows: Vec<Row> = (1..=6)
            .map(|threads| Row {
                threads,
                ..row("blas", 0.5, Some(0.1 * threads as f64))
            })
            .collect();
        let told = warnings(&rows);
        assert_eq!(told.len(), 1, "{told:?}");
        let names = "at 3 threads (30.0 %), blas f32 at 4 threads (40.0 %), blas f32 at 5 threads (50.0 %), blas f32 at 6 threads (60.0 %): ";
        assert!(told[0].contains(names), "{told:?}");
        assert!(!told[0].contains("2 threads"), "{told:?}");
        let seven: Vec<Row> = rows.iter().chain(&rows[3..]).cloned().collect();
        let told = warnings(&seven);
        assert!(
            told[0].contains("at 6 threads (60.0 %) and 3 more: "),
            "{told:?}"
        );
    }
}
