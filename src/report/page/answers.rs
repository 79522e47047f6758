//! The sections about the network's answers: classes, predictions, mistakes, calibration, and its first layer.

use super::html::{Cell, facts, figure, figure_of_two, number, paragraph, table};
use crate::evaluate::{Evaluation, Part};
use crate::figures::axes::grouped;
use crate::figures::svg::escape;
use crate::model::{AnyModel, Output, Probability};
use crate::report::charts::{self, Room, percent};
use crate::report::{Details, Run, Shown};

/// The name of the images of a part.
pub(super) fn images_of(part: Part) -> &'static str {
    match part {
        Part::Train => "training images",
        Part::Heldout => "held-out images",
        Part::Test => "official test images",
    }
}

/// The section with the confusion matrix and the metrics of each class.
pub fn classes(details: &Details) -> String {
    let evaluation = &details.evaluation;
    let mut text = format!(
        "<p>Of {} {} the network gets {} right; the mean loss (cross-entropy, natural logarithm) is {}.</p>\n",
        number(
            &grouped(evaluation.images as f64, 0),
            evaluation.images as f64
        ),
        images_of(details.part),
        number(&percent(evaluation.accuracy), evaluation.accuracy),
        number(&format!("{:.6}", evaluation.loss), evaluation.loss),
    );
    text.push_str(&remarks(details));
    text.push_str(&figures(evaluation));
    let matrix = |room| charts::confusion(evaluation, &details.classes, room);
    text.push_str(&figure_of_two(
        [Room::Page, Room::Phone].map(matrix),
        "Confusion matrix",
        "Rows are the images' classes, columns the network's answers. Classes have the numbers of the table below.",
    ));
    let rows: Vec<Vec<Cell>> = details
        .classes
        .iter()
        .zip(&evaluation.classes)
        .enumerate()
        .map(|(number, (name, class))| {
            let share = |share: f64| Cell::Number(format!("{share:.4}"), share);
            let images = Cell::Number(grouped(class.images as f64, 0), class.images as f64);
            vec![
                Cell::Text(charts::numbered(number, name)),
                share(class.precision),
                share(class.recall),
                share(class.f1),
                images,
            ]
        })
        .collect();
    let heads = ["class", "precision", "recall", "F1", "support"];
    text + &table("per-class", "Per class", &heads, &rows)
}

/// The figures of all classes together.
fn figures(evaluation: &Evaluation) -> String {
    let number = |figure: Option<f64>, decimals: usize| {
        figure.map_or(Cell::Empty, |figure| {
            Cell::Number(format!("{figure:.decimals$}"), figure)
        })
    };
    let rows = vec![
        ("top-2 accuracy", Cell::share(evaluation.top2_accuracy)),
        (
            "balanced accuracy",
            Cell::share(Some(evaluation.balanced_accuracy)),
        ),
        ("macro F1", number(Some(evaluation.macro_f1), 4)),
        ("weighted F1", number(Some(evaluation.weighted_f1), 4)),
        ("AUC (one against the rest)", number(evaluation.auc, 4)),
        ("log loss", number(evaluation.log_loss, 6)),
    ];
    facts("evaluation", "All classes together", rows)
}

/// What is odd about single classes.
fn remarks(details: &Details) -> String {
    let remarks = details
        .evaluation
        .remarks(&details.classes, &details.training_images);
    let remark = |text: &String| format!("<p class=\"note\">{}</p>\n", escape(text));
    remarks.iter().map(remark).collect()
}

fn cells(details: &Details, shown: &[Shown]) -> String {
    let scale = charts::scale(shown);
    let cells: String = shown
        .iter()
        .map(|shown| {
            format!(
                "<li>{}</li>\n",
                charts::cell(shown, details.shape, &details.classes, scale).inline()
            )
        })
        .collect();
    let bars = format!(
        "Bars are the probabilities of the classes; one of {:.0} % is as high as the image. Blue is the true class, red a wrong answer.",
        scale * 100.0
    );
    format!("{}<ul class=\"cells\">\n{cells}</ul>\n", paragraph(&bars))
}

/// A note on the bounds of probabilities that are the softmax of sigmoids.
fn bound(run: &Run, details: &Details) -> String {
    if (run.options.output, run.options.probability) != (Output::Sigmoid, Probability::Softmax) {
        return String::new();
    }
    let others = details.classes.len() as f64 - 1.0;
    let most = 1_f64.exp() / (1_f64.exp() + others);
    paragraph(&format!(
        "Probabilities are the softmax of outputs that are between 0 and 1 already, as in the article: none can be above {}.",
        percent(most)
    ))
}

/// The section with the first images of the part.
pub fn predictions(run: &Run, details: &Details) -> String {
    let which = format!(
        "The first {} {}.",
        details.predictions.len(),
        images_of(details.part)
    );
    paragraph(&which) + &bound(run, details) + &cells(details, &details.predictions)
}

/// The section with the mistakes of highest probability.
pub fn mistakes(details: &Details) -> String {
    let wrong = details.evaluation.images as f64 * (1.0 - details.evaluation.accuracy);
    if details.mistakes.is_empty() {
        return paragraph("There is none: every answer is right.");
    }
    let which = match details.mistakes.len() {
        1 => "The only wrong answer.".to_owned(),
        shown => format!(
            "Of {} wrong answers the {shown} that the network was surest of.",
            grouped(wrong, 0)
        ),
    };
    paragraph(&which) + &cells(details, &details.mistakes)
}

/// The section with the reliability diagram and the source of its definition.
pub fn calibration(run: &Run, details: &Details) -> String {
    let diagram = charts::reliability(&details.bins, details.calibration_error);
    let text = format!(
        "<p>Whether the network is right as often as its probabilities say. The expected calibration error is {}: the mean \
         distance of a bin from the diagonal, weighted by its images, over {} bins of equal width (Guo, Pleiss, Sun, Weinberger: On \
         Calibration of Modern Neural Networks, ICML 2017).</p>\n",
        number(
            &percent(details.calibration_error),
            details.calibration_error
        ),
        details.bins.len()
    );
    let text = text + &bound(run, details);
    let rows: Vec<Vec<Cell>> = details
        .bins
        .iter()
        .filter(|bin| bin.images > 0)
        .map(|bin| {
            vec![
                Cell::text(format!(
                    "{:.0} to {:.0} %",
                    bin.low * 100.0,
                    bin.high * 100.0
                )),
                Cell::Number(grouped(bin.images as f64, 0), bin.images as f64),
                Cell::share(Some(bin.confidence)),
                Cell::share(Some(bin.accuracy)),
            ]
        })
        .collect();
    let caption = "Bars: the share of right answers in a bin. The line from each point shows how far that is from the mean \
                   confidence; on the dashed diagonal both agree. On top: images in each bin.";
    let heads = ["confidence", "images", "mean confidence", "right"];
    let values = table("bins", "Bins that hold images", &heads, &rows);
    format!(
        "{text}{}<details><summary>The values as a table</summary>\n{values}</details>\n",
        figure(&diagram, "Calibration", false, caption)
    )
}

/// The section with the first layer's weights.
pub fn weights(model: &AnyModel) -> String {
    let caption = "Each image is a unit: the weights of its pixels (standardised, where the network scales them). Blue is below 0, \
                   orange above; the colours end where all but half a per cent of the weights lie within.";
    figure(
        &charts::weights(model),
        "Weights of the first layer",
        true,
        caption,
    )
}

/// The text that stands where a section cannot be shown.
pub fn missing(why: &str) -> String {
    paragraph(&format!(
        "Confusion matrix, predictions and calibration need the images. {why}"
    ))
}
