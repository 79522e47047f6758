//! The sections about the run itself: its headline, its curves, its settings, its machine, its data.

use std::path::Path;

use super::answers::images_of;
use super::html::{Cell, facts, figure_of_two, number, paragraph, table};
use crate::data::Augmentation;
use crate::figures::axes::grouped;
use crate::figures::svg::escape;
use crate::model::{AnyModel, Layer};
use crate::quote;
use crate::report::charts::{self, Room, percent};
use crate::report::{Details, Ranking, Run};
use crate::train::TrainOptions;

/// The number of epochs in the table of values, where none was evaluated.
const EPOCHS_IN_TABLE: usize = 12;
/// The most epochs in the table, where many were evaluated.
const MOST_EPOCHS_IN_TABLE: usize = 60;

/// The head of the page: what was trained, its accuracies, and what is missing. Of several runs it is about the best.
pub fn head(ranking: &Ranking<'_>, details: Result<&Details, &str>) -> String {
    let run = ranking.runs[0];
    let options = &run.options;
    let network = match &run.model {
        Some(AnyModel::F32(model)) => widths(model.mlp.layout.layers()),
        Some(AnyModel::F64(model)) => widths(model.mlp.layout.layers()),
        None => String::new(),
    };
    let mut text = format!(
        "<p class=\"lede\">{}{network}{} of {} epochs, {}.</p>\n",
        escape(&place(ranking)),
        run.epochs.len(),
        options.epochs,
        seeds(options)
    );
    if run.finish.is_none() {
        text.push_str(&format!(
            "<p class=\"note\">This run is not finished: its folder has no summary.json. What it wrote up to epoch {} is shown.</p>\n",
            run.epochs.len()
        ));
    }
    if let Err(why) = details {
        text.push_str(&format!(
            "<p class=\"note\">Not shown: what the network makes of images. {}</p>\n",
            escape(why)
        ));
    }
    let mut key: Vec<(String, String)> = Vec::new();
    if let Ok(details) = details {
        let accuracy = details.evaluation.accuracy;
        key.push((
            format!(
                "right of {} {}",
                grouped(details.evaluation.images as f64, 0),
                images_of(details.part)
            ),
            number(&percent(accuracy), accuracy),
        ));
    }
    if let Some(finish) = &run.finish {
        for (name, share) in [
            ("held-out images right", finish.heldout_accuracy),
            ("training images right", finish.train_accuracy),
        ] {
            if let Some(share) = share {
                key.push((name.to_owned(), number(&percent(share), share)));
            }
        }
        if let Some(loss) = finish.heldout_loss {
            key.push(("held-out loss".to_owned(), number(&grouped(loss, 4), loss)));
        }
        key.push((
            "error of the last epoch".to_owned(),
            number(&grouped(finish.final_error, 2), finish.final_error),
        ));
        key.push((
            "time in all".to_owned(),
            number(
                &format!("{} s", grouped(finish.total_seconds, 2)),
                finish.total_seconds,
            ),
        ));
        key.push((
            "images a second".to_owned(),
            number(
                &grouped(finish.images_per_second, 0),
                finish.images_per_second,
            ),
        ));
    }
    if !key.is_empty() {
        let pairs: String = key
            .iter()
            .map(|(name, value)| format!("<div><dt>{}</dt><dd>{value}</dd></div>", escape(name)))
            .collect();
        text.push_str(&format!("<dl class=\"key\">{pairs}</dl>\n"));
    }
    text
}

/// The seed, with those that the split and the order have of their own.
fn seeds(options: &TrainOptions) -> String {
    let own = |part: &str, seed: Option<u32>| {
        seed.map_or_else(String::new, |seed| format!(", {part} by seed {seed}"))
    };
    let split = own("split", options.split_seed);
    let order = own("shuffled", options.order_seed.filter(|_| options.shuffle));
    let (held_out, augmented) = (held_out(options), augmented(options));
    format!("seed {}{split}{order}{held_out}{augmented}", options.seed)
}

/// How the images were changed for training, where they were.
fn augmented(options: &TrainOptions) -> String {
    let Augmentation { flip, shift, erase } = options.augmentation();
    let mirrored = if flip {
        ", images mirrored at random"
    } else {
        ""
    };
    let moved = match shift {
        0 => String::new(),
        1 => ", images moved by up to 1 pixel".to_owned(),
        most => format!(", images moved by up to {most} pixels"),
    };
    let erased = if erase > 0.0 {
        format!(", rectangles erased with probability {erase}")
    } else {
        String::new()
    };
    format!("{mirrored}{moved}{erased}")
}

/// What was held out, where it is no plain share.
fn held_out(options: &TrainOptions) -> String {
    let stratified = if options.stratify { ", stratified" } else { "" };
    match (options.held_out_fold(), &options.validation) {
        (Some(fold), _) => format!(", fold {} of {} held out{stratified}", fold.number, fold.of),
        (None, Some(_)) => ", with a validation set".to_owned(),
        (None, None) if options.holdout > 0.0 => stratified.to_owned(),
        (None, None) => String::new(),
    }
}

/// What makes the first of several runs the first.
fn place(ranking: &Ranking<'_>) -> String {
    let runs = ranking.runs.len();
    match ranking.measure {
        _ if runs == 1 => String::new(),
        Some(measure) => format!("The best of {runs} runs by {}. ", measure.name()),
        None => format!("The first of {runs} runs. "),
    }
}

/// The number of units in each layer, in words.
fn widths(layers: &[Layer]) -> String {
    let inputs = layers.iter().take(1).map(|layer| layer.inputs);
    let all: Vec<String> = inputs
        .chain(layers.iter().map(|layer| layer.outputs))
        .map(|width| width.to_string())
        .collect();
    format!("Network {}, ", all.join("\u{2013}"))
}

/// The section with the curves, and with their values in a table.
pub fn curves(ranking: &Ranking<'_>) -> String {
    let mut text = figure_of_two(
        [Room::Page, Room::Phone].map(|room| charts::error(ranking, room)),
        "Error by epoch",
        "The mean of the epoch's mini-batches. Point at the curve to read an epoch's value.",
    );
    let [page, phone] = [Room::Page, Room::Phone].map(|room| charts::accuracy(ranking, room));
    if let (Some(page), Some(phone)) = (page, phone) {
        let caption = "The axis need not begin at 0. Points are the epochs that were evaluated.";
        text.push_str(&figure_of_two([page, phone], "Accuracy by epoch", caption));
    }
    let [page, phone] = [Room::Page, Room::Phone].map(|room| charts::loss(ranking, room));
    if let (Some(page), Some(phone)) = (page, phone) {
        let caption = "The cross-entropy of the output, without the regulariser. Where it rises while the error falls, the network learns its \
                       training images by heart.";
        text.push_str(&figure_of_two(
            [page, phone],
            "Held-out loss by epoch",
            caption,
        ));
    }
    text + &values(ranking.runs[0])
}

/// The values of the curves in a table.
fn values(run: &Run) -> String {
    let evaluated = run
        .epochs
        .iter()
        .filter(|record| record.train_accuracy.or(record.heldout_accuracy).is_some())
        .count();
    let every = if evaluated == 0 {
        run.epochs.len().div_ceil(EPOCHS_IN_TABLE)
    } else {
        1
    };
    let thin = evaluated.div_ceil(MOST_EPOCHS_IN_TABLE).max(1);
    let last = run.epochs.len() - 1;
    let mut seen = 0;
    let rows: Vec<Vec<Cell>> = run
        .epochs
        .iter()
        .filter(|record| {
            let has = record.train_accuracy.or(record.heldout_accuracy).is_some();
            seen += usize::from(has);
            record.epoch == 0
                || record.epoch == last
                || if evaluated == 0 {
                    record.epoch.is_multiple_of(every)
                } else {
                    has && seen % thin == 0
                }
        })
        .map(|record| {
            vec![
                Cell::Number((record.epoch + 1).to_string(), record.epoch as f64 + 1.0),
                Cell::Number(grouped(record.error, 4), record.error),
                Cell::share(record.train_accuracy),
                Cell::share(record.heldout_accuracy),
                maybe(record.heldout_loss, 4),
                Cell::Number(format!("{} s", grouped(record.seconds, 2)), record.seconds),
                plain(record.learning_rate),
                maybe(record.gradient_norm, 3),
                maybe(record.images_per_second, 0),
            ]
        })
        .collect();
    let caption = format!("Epochs of {}", run.name());
    let heads = [
        "epoch", "error", "training", "held out", "loss", "time", "rate", "gradient", "images/s",
    ];
    let values = table("epochs", &caption, &heads, &rows);
    format!("<details><summary>The values as a table</summary>\n{values}</details>\n")
}

/// A figure that there may be, with so many decimals.
fn maybe(figure: Option<f64>, decimals: usize) -> Cell {
    figure.map_or(Cell::Empty, |figure| {
        Cell::Number(grouped(figure, decimals), figure)
    })
}

/// The same in the fewest digits that tell it from others in 32 bits.
fn plain(figure: Option<f64>) -> Cell {
    figure.map_or(Cell::Empty, |figure| {
        let narrow = figure as f32;
        let text = if narrow != 0.0 && narrow.abs() < 1e-3 {
            format!("{narrow:.3e}")
        } else {
            narrow.to_string()
        };
        Cell::Number(text, figure)
    })
}

/// The section with every setting, as the configuration file spells it.
pub fn settings(run: &Run) -> String {
    let rows = run
        .settings
        .iter()
        .map(|(key, value)| vec![Cell::text(key.as_str()), Cell::Code(value.to_string())]);
    let rows: Vec<Vec<Cell>> = rows.collect();
    table(
        "setting-values",
        "As config.toml spells them; train --config repeats the run",
        &["setting", "value"],
        &rows,
    )
}

/// The section about the machine and the seconds that the run took.
pub fn machine(run: &Run) -> String {
    let Some(finish) = &run.finish else {
        return paragraph("The run has left no summary.");
    };
    let seconds = |value: f64| Cell::Number(format!("{} s", grouped(value, 2)), value);
    let epoch_ms = finish.train_seconds / run.epochs.len() as f64 * 1e3;
    let mut machine = vec![
        (
            "engine",
            Cell::text(format!("{} {}", finish.engine, finish.dtype)),
        ),
        ("instructions", Cell::text(finish.level.as_ref())),
        (
            "threads",
            Cell::Number(finish.threads.to_string(), finish.threads as f64),
        ),
        (
            "products",
            Cell::text(format!(
                "{} {}, core {}",
                finish.blas.name, finish.blas.version, finish.blas.core
            )),
        ),
        (
            "peak memory",
            finish.peak_rss_bytes.map_or(Cell::Empty, |bytes| {
                Cell::Number(
                    format!("{} MB", grouped(bytes as f64 / 1e6, 0)),
                    bytes as f64,
                )
            }),
        ),
        (
            "version",
            Cell::text(format!(
                "gingham {} (commit {})",
                finish.version, finish.commit
            )),
        ),
    ];
    if let Some(note) = &finish.engine_note {
        machine.insert(1, ("why not another", Cell::text(note.as_ref())));
    }
    if let Some(cpu) = &finish.cpu {
        machine.insert(0, ("CPU", Cell::text(cpu.as_str())));
    }
    let timings = vec![
        ("in all", seconds(finish.total_seconds)),
        ("epochs", seconds(finish.train_seconds)),
        (
            "an epoch",
            Cell::Number(format!("{} ms", grouped(epoch_ms, 2)), epoch_ms),
        ),
        ("preparations", seconds(finish.prepare_seconds)),
        ("evaluations", seconds(finish.evaluation_seconds)),
        (
            "training images",
            Cell::Number(
                format!("{} a second", grouped(finish.images_per_second, 0)),
                finish.images_per_second,
            ),
        ),
    ];
    facts("machine-facts", "What computed", machine) + &facts("timings", "Time", timings)
}

/// The section about the data set: its folder, and the checksums of its files.
pub fn data(run: &Run, details: Option<&Details>) -> String {
    let mut rows = Vec::new();
    for (path, digest) in details.iter().flat_map(|details| &details.checksums) {
        let name = path
            .file_name()
            .map_or_else(String::new, |name| quote::text(Path::new(name)));
        rows.push(vec![Cell::text(name), Cell::Code(digest.clone())]);
    }
    let mut text = format!(
        "<p>Folder at the time of the run: <code>{}</code></p>\n",
        escape(&quote::text(&run.options.data))
    );
    if let Some(finish) = &run.finish {
        rows.push(vec![
            Cell::text("training labels of the run"),
            Cell::Code(finish.labels_sha256.clone()),
        ]);
    }
    for (what, digest) in [
        (
            "validation images of the run",
            &run.options.validation_images_sha256,
        ),
        (
            "validation labels of the run",
            &run.options.validation_labels_sha256,
        ),
    ] {
        rows.extend(
            digest
                .iter()
                .map(|digest| vec![Cell::text(what), Cell::Code(digest.clone())]),
        );
    }
    if !rows.is_empty() {
        text.push_str(&table(
            "checksums",
            "SHA-256 of the files (decoded)",
            &["file", "SHA-256"],
            &rows,
        ));
    }
    text
}
