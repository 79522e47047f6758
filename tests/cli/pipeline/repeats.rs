//! Where settings come from, and that the same ones make the same run on any number of threads.

use std::fs;

use super::*;
use crate::util::{PROGRAM, Scratch};

#[test]
fn a_configuration_repeats_its_run() {
    let scratch = scratch_with_settings();
    let runs = [
        "--hidden 8 --epochs 3".to_owned(),
        "--config modern.toml --epochs 3 --seed 7 --dtype f64 --holdout 0.25 --eval-every 2 --threads 1".to_owned(),
        "--preset wide --hidden none --activation tanh --init xavier --l1 0.01 --l1-form sign --epochs 2 --engine naive \
         --scale none --learning-rate 1e-5 --batches 7"
            .to_owned(),
        "--config modern.toml --epochs 2 --seed 7 --split-seed 5 --order-seed 4294967295".to_owned(),
    ];
    for (number, settings) in runs.iter().enumerate() {
        let (first, again) = (format!("first{number}"), format!("again{number}"));
        scratch.done(&format!("train -q --data data --out {first} {settings}"));
        scratch.done(&format!(
            "train -q --config {first}/config.toml --out {again}"
        ));
        assert!(
            repeatable(&scratch, &first) == repeatable(&scratch, &again),
            "{settings}"
        );
        let text = |run: &str| scratch.text(format!("{run}/config.toml"));
        assert_eq!(text(&first), text(&again));
        // Every setting is there, resolved.
        let config = config(&scratch, &first);
        assert_ne!(config["engine"].as_str(), Some("auto"));
        assert!(config.contains_key("eval_every"));
        assert!(config.contains_key("batches") != config.contains_key("batch_size"));
    }
    // From any folder.
    fs::create_dir(scratch.join("elsewhere")).expect("a folder");
    let elsewhere = scratch
        .run("sh")
        .args(["-c", "cd elsewhere && exec \"$0\" \"$@\"", PROGRAM])
        .args("train -q --config ../first0/config.toml --out ../moved".split(' '));
    elsewhere.outcome().succeeded();
    assert!(repeatable(&scratch, "first0") == repeatable(&scratch, "moved"));
    // A setting that is changed makes another run.
    scratch.done("train -q --config first0/config.toml --seed 43 --out other");
    assert!(repeatable(&scratch, "first0") != repeatable(&scratch, "other"));
}

/// A data set for each place that can name one, and a configuration file without and with settings.
fn scratch_of_four_folders() -> Scratch {
    let scratch = Scratch::new();
    for name in ["by-flag", "by-variable", "by-file", "data/fashion-mnist"] {
        scratch.synth(name, 60, 20);
    }
    scratch.write("empty.toml", "");
    scratch.write(
        "full.toml",
        "data = \"by-file\"\nepochs = 2\nhidden = [5]\npreset = \"wide\"\nbatches = 3\n",
    );
    scratch
}

/// The settings of a run with these arguments, and with this folder in the environment.
fn resolved(scratch: &Scratch, run: &str, arguments: &str, variable: Option<&str>) -> toml::Table {
    let mut command = scratch.gingham(&format!("train -q --out {run} {arguments}"));
    if let Some(folder) = variable {
        command = command.env("GINGHAM_DATA", folder);
    }
    command.outcome().succeeded();
    config(scratch, run)
}

/// In rising order: preset, configuration file, environment, flag.
#[test]
fn the_folder_of_the_data_is_the_flags_the_environments_the_files_or_the_presets() {
    let scratch = scratch_of_four_folders();
    let mut number = 0;
    let mut resolved = |arguments: &str, variable: Option<&str>| {
        number += 1;
        resolved(&scratch, &format!("run{number}"), arguments, variable)
    };
    let small = "--epochs 1 --hidden 4";
    for (arguments, variable, expected) in [
        (small.to_owned(), None, "data/fashion-mnist"),
        (
            format!("{small} --config empty.toml"),
            None,
            "data/fashion-mnist",
        ),
        (small.to_owned(), Some(""), "data/fashion-mnist"),
        (small.to_owned(), Some("by-variable"), "by-variable"),
        ("--config full.toml".to_owned(), None, "by-file"),
        ("--config full.toml".to_owned(), Some(""), "by-file"),
        (
            "--config full.toml".to_owned(),
            Some("by-variable"),
            "by-variable",
        ),
        (
            format!("{small} --data by-flag"),
            Some("by-variable"),
            "by-flag",
        ),
        (
            "--config full.toml --data by-flag".to_owned(),
            Some("by-variable"),
            "by-flag",
        ),
        (
            "--config full.toml --data by-flag".to_owned(),
            None,
            "by-flag",
        ),
    ] {
        let config = resolved(&arguments, variable);
        let data = config["data"].as_str().expect("text");
        let absolute = scratch.join(expected).canonicalize().expect("a folder");
        assert_eq!(
            data,
            absolute.to_str().expect("text"),
            "{arguments} {variable:?}"
        );
    }
}

/// In rising order: preset, configuration file, flag.
#[test]
fn flags_cover_the_file_covers_the_preset() {
    let scratch = scratch_of_four_folders();
    let file = resolved(&scratch, "by-the-file", "--config full.toml", None);
    assert_eq!(
        (file["epochs"].as_integer(), file["batches"].as_integer()),
        (Some(2), Some(3))
    );
    assert_eq!(file["hidden"].as_array().map(Vec::len), Some(1));
    assert_eq!(file["preset"].as_str(), Some("wide"));
    assert_eq!(
        file["output"].as_str(),
        Some("softmax"),
        "what the file leaves open is its preset's"
    );
    assert!(
        !file.contains_key("batch_size"),
        "the preset's batch size gives way to the file's batches"
    );

    let flags = resolved(
        &scratch,
        "by-flags",
        "--config full.toml --epochs 1 --hidden 3,2 --batch-size 9 --preset article",
        None,
    );
    assert_eq!(flags["epochs"].as_integer(), Some(1));
    assert_eq!(flags["hidden"].as_array().map(Vec::len), Some(2));
    assert_eq!(flags["batch_size"].as_integer(), Some(9));
    assert!(
        !flags.contains_key("batches"),
        "the file's batches give way to the flag's batch size"
    );
    assert_eq!(
        flags["output"].as_str(),
        Some("sigmoid"),
        "the preset is the flag's"
    );
}

/// No result depends on the number of threads.
#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let scratch = Scratch::new();
    scratch.write("modern.toml", MODERN);
    scratch.synth("data", 900, 100);
    let nets = [
        ("article", "--hidden 50 --batches 3".to_owned()),
        (
            "modern",
            "--config modern.toml --hidden 70,20 --batch-size 130 --l1 0.001 --l1-form sign"
                .to_owned(),
        ),
    ];
    for engine in ["naive", "blas", "simd", "fixed"] {
        for dtype in ["f32", "f64"] {
            if matches!((engine, dtype), ("simd" | "fixed", "f64")) {
                continue; // refused
            }
            for (net, settings) in &nets {
                let mut expected = None;
                for threads in [1, 2, 3, 5, 8, 16] {
                    let run = format!("{engine}-{dtype}-{net}-{threads}");
                    scratch.done(&format!(
                        "train -q --data data {settings} --epochs 2 --engine {engine} --dtype {dtype} --threads {threads} --out {run}"
                    ));
                    let found = repeatable(&scratch, &run);
                    assert!(
                        *expected.get_or_insert_with(|| found.clone()) == found,
                        "{run}"
                    );
                }
            }
        }
    }
    // A layer that is cut into several blocks.
    let wide = |threads: usize| {
        let run = format!("wide-{threads}");
        scratch.done(&format!("train -q --data data --preset wide --hidden 600 --epochs 1 --threads {threads} --out {run}"));
        let model = format!("{run}/model.safetensors");
        let evaluate = format!("evaluate --data data --model {model} --json --threads {threads}");
        let predict =
            format!("predict --idx data/{TEST_IMAGES} --model {model} --proba --threads {threads}");
        (
            repeatable(&scratch, &run),
            scratch.done(&evaluate).stdout,
            scratch.done(&predict).stdout,
        )
    };
    let expected = wide(1);
    for threads in [2, 3, 8] {
        assert!(wide(threads) == expected, "{threads} threads");
    }
}

#[test]
fn runs_are_the_same_at_every_level_of_instructions() {
    let scratch = Scratch::with_data();
    let left = |level: &str, settings: &str, out: &str| {
        let command = format!("train -q --json --data data --epochs 2 {settings} --out {out}");
        let run = scratch.gingham(&command).env("GINGHAM_LEVEL", level);
        let engine = run.outcome().succeeded().json()["engine"].clone();
        (engine, repeatable(&scratch, out))
    };
    for (number, settings) in [
        "--engine fixed",
        "--engine fixed --preset wide --shuffle off",
        "--engine simd",
        "--engine simd --preset wide",
    ]
    .into_iter()
    .enumerate()
    {
        let expected = left("", settings, &format!("highest-{number}"));
        for level in ["portable", "avx2", "avx512"] {
            let found = left(level, settings, &format!("{level}-{number}"));
            assert!(found == expected, "{level}, {settings}");
        }
    }
    // Without instructions for it the integer engine is not worth choosing.
    assert_eq!(left("portable", "", "chosen").0, "blas");
}
