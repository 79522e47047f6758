//! `gingham xor`

use gingham::xor::{INPUTS, xor};

use super::Common;

/// Run the article's warm-up: learn XOR from four examples.
///
/// Prints the sum of the four errors every 5,000 of 50,000 epochs, then the four predictions.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  gingham xor")]
pub struct Args {
    /// Seed of the initial weights
    #[arg(
        long,
        value_name = "N",
        default_value_t = 42,
        help_heading = "Data and settings"
    )]
    seed: u32,
    #[command(flatten)]
    common: Common,
}

pub fn run(args: &Args) -> anyhow::Result<()> {
    let xor = xor(args.seed);
    let output = args.common.output();
    if args.common.json {
        return output.result(serde_json::to_string(&xor)?);
    }
    for sum in &xor.error_sums {
        output.result(format_args!("error sum {}", rounded(*sum)))?;
    }
    for ([a, b], prediction) in INPUTS.iter().zip(&xor.predictions) {
        output.result(format_args!("{a} xor {b} = {prediction:.8}"))?;
    }
    Ok(())
}

/// A number with eight decimals, as the article printed it, or with an exponent where it would vanish among eight decimals.
fn rounded(sum: f64) -> String {
    if sum.abs() >= 1e-6 {
        format!("{sum:.8}")
    } else {
        format!("{sum:.3e}")
    }
}
