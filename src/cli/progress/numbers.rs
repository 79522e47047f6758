//! Errors, rates and times as short texts.

/// An error in six digits, with an exponent where six digits are not enough.
pub(super) fn figure(error: f64) -> String {
    let size = error.abs();
    if error != 0.0 && !(1e-3..999_999.5).contains(&size) {
        return format!("{error:.4e}");
    }
    let decimals = [9.999_995, 99.999_95, 999.9995, 9_999.995, 99_999.95]
        .iter()
        .filter(|&&least| size >= least)
        .count();
    let decimals = if size < 0.999_999_5 { 6 } else { 5 - decimals };
    format!("{error:.decimals$}")
}

/// A large number in three digits.
pub(super) fn short(number: f64) -> String {
    let (divisor, unit) = match number {
        number if number >= 999.5e6 => (1e9, " G"),
        number if number >= 999.5e3 => (1e6, " M"),
        number if number >= 999.5 => (1e3, " k"),
        _ => (1.0, ""),
    };
    let number = number / divisor;
    let decimals = match number {
        number if number >= 99.95 => 0,
        number if number >= 9.995 => 1,
        _ => 2,
    };
    format!("{number:.decimals$}{unit}")
}

/// A time as people say it, rounded up.
pub fn duration(seconds: f64) -> String {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    let seconds = seconds.max(0.0).ceil() as u64; // saturates, and takes what is no number for 0
    match seconds {
        DAY.. => format!("{} d {:02} h", seconds / DAY, seconds % DAY / HOUR),
        HOUR.. => format!("{} h {:02} min", seconds / HOUR, seconds % HOUR / MINUTE),
        MINUTE.. => format!("{} min {:02} s", seconds / MINUTE, seconds % MINUTE),
        _ => format!("{seconds} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_have_units() {
        for (number, text) in [
            (0.0, "0.00"),
            (7.123, "7.12"),
            (999.4, "999"),
            (999.6, "1.00 k"),
            (2_286_754.0, "2.29 M"),
            (99_960.0, "100 k"),
            (123_456_789_012.0, "123 G"),
        ] {
            assert_eq!(short(number), text);
        }
        for (seconds, text) in [
            (0.0, "0 s"),
            (0.2, "1 s"),
            (59.5, "1 min 00 s"),
            (3_725.0, "1 h 02 min"),
            (100_000.0, "1 d 03 h"),
            (f64::NAN, "0 s"),
            (-1.0, "0 s"),
        ] {
            assert_eq!(duration(seconds), text);
        }
        assert!(duration(f64::INFINITY).ends_with(" h"));
        for (error, text) in [
            (0.0, "0.000000"),
            (0.412_345_67, "0.412346"),
            (0.999_999_7, "1.00000"),
            (-183.364_019, "-183.364"),
            (1_784.241_422, "1784.24"),
            (9_999.996, "10000.0"),
            (999_999.4, "999999"),
            (1e6, "1.0000e6"),
            (1e-4, "1.0000e-4"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(figure(error), text);
        }
    }
}
