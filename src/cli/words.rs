//! What scikit-learn, PyTorch and Keras call things that have another name here, and what they have that is not here.

use clap::Command;
use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use gingham::quote;

use super::near;

/// What to say to somebody who used a word of another program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hint {
    /// The name of the flag that was meant, without its dashes.
    Flag(&'static str),
    /// A whole sentence.
    Words(&'static str),
}

/// Their words, and our flags.
const FLAGS: [(&str, &str); 105] = [
    ("act", "activation"),
    ("activation-function", "activation"),
    ("alpha", "l2"),
    ("averaging", "ema"),
    ("batch", "batch-size"),
    ("batch-norm", "norm"),
    ("batchnorm", "norm"),
    ("beta-1", "beta1"),
    ("beta-2", "beta2"),
    ("bs", "batch-size"),
    ("checkpoint", "model"),
    ("class-weights", "class-weight"),
    ("clip", "clip-norm"),
    ("clipnorm", "clip-norm"),
    ("criterion", "output"),
    ("cross-validation", "folds"),
    ("cutout", "erase"),
    ("cv", "folds"),
    ("data-dir", "data"),
    ("data-seed", "order-seed"),
    ("dataset", "data"),
    ("drop", "dropout"),
    ("dropout-rate", "dropout"),
    ("ema-decay", "ema"),
    ("eps", "epsilon"),
    ("eta", "learning-rate"),
    ("eta-min", "final-rate"),
    ("eta0", "learning-rate"),
    ("fine-tune", "from"),
    ("finetune", "from"),
    ("grad-clip", "clip-norm"),
    ("gradient-clip-val", "clip-norm"),
    ("hflip", "flip"),
    ("hidden-dim", "hidden"),
    ("hidden-layer-sizes", "hidden"),
    ("hidden-layers", "hidden"),
    ("hidden-size", "hidden"),
    ("hidden-sizes", "hidden"),
    ("hidden-units", "hidden"),
    ("horizontal-flip", "flip"),
    ("init-from", "from"),
    ("initial-weights", "from"),
    ("initializer", "init"),
    ("iterations", "epochs"),
    ("jobs", "threads"),
    ("k-fold", "folds"),
    ("kernel-initializer", "init"),
    ("kfold", "folds"),
    ("layers", "hidden"),
    ("learning-rate-init", "learning-rate"),
    ("loss", "output"),
    ("lr", "learning-rate"),
    ("lr-schedule", "schedule"),
    ("lr-scheduler", "schedule"),
    ("manual-seed", "seed"),
    ("max-epochs", "epochs"),
    ("max-grad-norm", "clip-norm"),
    ("max-iter", "epochs"),
    ("min-lr", "final-rate"),
    ("model-ema", "ema"),
    ("monitor", "metric"),
    ("n-epochs", "epochs"),
    ("n-estimators", "ensemble"),
    ("n-folds", "folds"),
    ("n-jobs", "threads"),
    ("n-splits", "folds"),
    ("normalization", "norm"),
    ("normalize", "scale"),
    ("num-epochs", "epochs"),
    ("num-folds", "folds"),
    ("num-models", "ensemble"),
    ("num-workers", "threads"),
    ("optim", "optimizer"),
    ("output-dir", "out"),
    ("output-file", "out"),
    ("overwrite", "force"),
    ("patience", "early-stopping"),
    ("pos-weight", "class-weight"),
    ("precision", "dtype"),
    ("pretrained", "from"),
    ("random-erasing", "erase"),
    ("random-seed", "seed"),
    ("random-state", "seed"),
    ("save-dir", "out"),
    ("scheduler", "schedule"),
    ("shuffle-seed", "order-seed"),
    ("smoothing", "label-smoothing"),
    ("solver", "optimizer"),
    ("standardize", "scale"),
    ("stratified", "stratify"),
    ("time-limit", "max-time"),
    ("translate", "shift"),
    ("use-bias", "bias"),
    ("val-data", "validation"),
    ("val-split", "holdout"),
    ("valid-data", "validation"),
    ("validation-data", "validation"),
    ("validation-fraction", "holdout"),
    ("validation-split", "holdout"),
    ("warm-start", "from"),
    ("warmup-ratio", "warmup"),
    ("warmup-share", "warmup"),
    ("wd", "weight-decay"),
    ("weights", "from"),
    ("workers", "threads"),
];

/// Their words for what is not here, and what to say.
const ABSENT: [(&str, &str); 3] = [("cuda", CPU), ("device", CPU), ("gpu", CPU)];
const CPU: &str = "gingham runs on the CPU alone";

/// What to say about a word that names no flag or setting here; `known` tells which flags there are.
pub fn hint(word: &str, known: impl Fn(&str) -> bool) -> Option<Hint> {
    let word = word.to_lowercase().replace('_', "-");
    let flag = FLAGS.iter().find(|(theirs, _)| *theirs == word);
    let flag = flag.filter(|(_, flag)| known(flag));
    let absent = || ABSENT.iter().find(|(theirs, _)| *theirs == word);
    flag.map(|(_, flag)| Hint::Flag(flag)).or_else(|| {
        known("epochs")
            .then(absent)?
            .map(|(_, words)| Hint::Words(words))
    })
}

/// Makes the tips below clap's message about an unknown flag: one for a word of another program, none for a flag whose name is
/// not near (clap takes `--color` for near to `--solver`).
pub fn explain(mut error: clap::Error, command: &Command) -> clap::Error {
    let typed = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(typed)) if error.kind() == ErrorKind::UnknownArgument => {
            typed.clone()
        }
        _ => return error,
    };
    let Some(word) = typed.strip_prefix("--") else {
        return error;
    };
    let word = word.split('=').next().unwrap_or(word);
    let known = |flag: &str| {
        command
            .get_arguments()
            .any(|arg| arg.get_long() == Some(flag))
    };
    if let Some(hint) = hint(word, known) {
        forget_suggestion(&mut error, command);
        let words = match hint {
            Hint::Flag(flag) => format!("it is called '--{flag}' here"),
            Hint::Words(words) => words.to_owned(),
        };
        let tip = ContextValue::StyledStrs(vec![StyledStr::from(words)]);
        error.insert(ContextKind::Suggested, tip);
        return error;
    }
    let far = match error.get(ContextKind::SuggestedArg) {
        Some(ContextValue::String(flag)) => {
            let flag = flag.trim_start_matches('-');
            near::edits(word, flag).is_none() && !flag.starts_with(word)
        }
        _ => false,
    };
    if far {
        forget_suggestion(&mut error, command);
    }
    error
}

/// Quotes what was typed where a terminal would obey it or break its lines, and drops the tips that repeat it.
pub fn quoted(mut error: clap::Error) -> clap::Error {
    let shown = |value: &ContextValue| match value {
        ContextValue::String(typed) => Some(quote::name(typed)).filter(|shown| shown != typed),
        _ => None,
    };
    let odd: Vec<(ContextKind, String)> = error
        .context()
        .filter_map(|(kind, value)| Some((kind, shown(value)?)))
        .collect();
    if !odd.is_empty() {
        error.remove(ContextKind::Suggested);
    }
    for (kind, shown) in odd {
        error.insert(kind, ContextValue::String(shown));
    }
    error
}

/// Takes a suggested flag away, and the usage of the command that is made with it.
fn forget_suggestion(error: &mut clap::Error, command: &Command) {
    if error.remove(ContextKind::SuggestedArg).is_some() {
        let name = format!("gingham {}", command.get_name());
        let usage = command.clone().bin_name(name).render_usage();
        error.insert(ContextKind::Usage, ContextValue::StyledStr(usage));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_other_programs() {
        let all = |_: &str| true;
        assert_eq!(hint("max_iter", all), Some(Hint::Flag("epochs")));
        assert_eq!(hint("Min_LR", all), Some(Hint::Flag("final-rate")));
        assert_eq!(hint("solver", all), Some(Hint::Flag("optimizer")));
        assert_eq!(hint("gpu", all), Some(Hint::Words(CPU)));
        assert_eq!(hint("hidden", all), None);
        assert_eq!(
            hint("max-iter", |flag| flag == "seed"),
            None,
            "no such flag there"
        );
        assert_eq!(
            hint("gpu", |flag| flag == "model"),
            None,
            "nothing is trained"
        );
        assert!(FLAGS.is_sorted() && ABSENT.iter().map(|(word, _)| word).is_sorted());
    }
}
