//! Trains on arrays in memory, asks, saves, loads:  cargo run --release --example arrays

#![allow(clippy::print_stdout)] // an example is there to show something

use gingham::{Classifier, error::Result};
use ndarray::{Array1, Array3};

fn main() -> Result<()> {
    let labels = Array1::from_shape_fn(600, |image| (image % 3) as u8);
    let images = Array3::from_shape_fn((600, 9, 9), |(image, row, column)| {
        (row / 3 == image % 3) as u8 * 99 + (image * 7 + row * 5 + column * 3) as u8 % 100
    });
    let mut classifier = Classifier::new().hidden_layers(&[50]).epochs(10).seed(7);
    println!(
        "score {}",
        classifier.fit(&images, &labels)?.score(&images, &labels)?
    );
    let path = std::env::temp_dir().join(format!("arrays-{}.safetensors", std::process::id()));
    classifier.save(&path)?;
    println!(
        "{:.4}",
        Classifier::load(&path)?.predict_proba(&images)?.row(0)
    );
    println!("classes {}", classifier.predict(&images)?);
    Ok(())
}
