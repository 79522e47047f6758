//! `train --ensemble`: what its networks and their model are, byte by byte, and what goes on.

use crate::util::Scratch;

const SETTINGS: &str =
    "--data data --preset plain --hidden 8 --batch-size 40 --epochs 3 --dropout 0.1";

fn scratch() -> Scratch {
    let scratch = Scratch::new();
    scratch.synth("data", 150, 20);
    scratch
}

#[test]
fn networks_are_runs_of_train_and_the_model_is_of_all() {
    let scratch = scratch();
    let train = format!("train {SETTINGS} --holdout 0.2 --seed 7 --ensemble 3 --out all");
    let told = scratch.done(&format!("{train} -q --json")).json();
    let networks = told["networks"].as_array().expect("networks").clone();
    assert_eq!(networks.len(), 3);
    for (number, seed) in [(1, 7), (2, 8), (3, 9)] {
        scratch.done(&format!(
            "train -q {SETTINGS} --holdout 0.2 --seed {seed} --split-seed 7 --order-seed 7 --out run{number}"
        ));
        for file in ["model.safetensors", "config.toml"] {
            assert!(
                scratch.read(format!("all/runs/{number:05}/{file}"))
                    == scratch.read(format!("run{number}/{file}")),
                "{number}: {file}"
            );
        }
    }
    scratch.done("ensemble run1 run2 run3 --out three.safetensors");
    assert!(scratch.read("all/model.safetensors") == scratch.read("three.safetensors"));
    for part in ["heldout", "test"] {
        let command = format!("evaluate --json --model all --data data --split {part}");
        let asked = scratch.done(&command).json();
        assert_eq!(
            told[format!("{part}_accuracy")],
            asked["accuracy"],
            "{part}"
        );
        assert_eq!(told[format!("{part}_loss")], asked["loss"], "{part}");
    }

    // The same command trains nothing again, and tells the same.
    let before = scratch.listing();
    assert_eq!(scratch.done(&format!("{train} -q --json")).json(), told);
    let table = scratch.done(&train);
    assert!(table.stderr.contains("3 of 3 runs have ended"), "{table}");
    assert!(table.stdout.contains("seed=8"), "{table}");
    assert!(table.stdout.contains("all/model.safetensors"), "{table}");
    assert!(before == scratch.listing());
    // A model that is lost is written again.
    std::fs::remove_file(scratch.join("all/model.safetensors")).expect("a file");
    scratch.done(&format!("{train} -q"));
    assert!(before == scratch.listing());
}

#[test]
fn what_makes_no_ensemble_is_refused() {
    let scratch = scratch();
    scratch.done(&format!("train -q {SETTINGS} --out one"));
    let before = scratch.listing();
    for (arguments, says) in [
        (
            "--ensemble 3 --holdout 0 --folds 3",
            "ensemble: expected one fold",
        ),
        (
            "--ensemble 3 --report",
            "report: expected a single network, found --ensemble",
        ),
        (
            "--ensemble 3 --seed 4294967294",
            "seed: expected at most 4294967293",
        ),
        ("--ensemble 200000", "ensemble: expected at most 100000"),
        ("--ensemble 2 --from one", "from: expected fresh weights"),
        ("--ensemble 2 --dropout 1", "dropout: "),
    ] {
        scratch.refuses(
            2,
            &format!("train -q {SETTINGS} {arguments} --out two"),
            &[says],
        );
        assert!(before == scratch.listing(), "{arguments}");
    }
}

#[test]
fn a_network_that_diverges_makes_no_model() {
    let scratch = scratch();
    let told = scratch.gingham(&format!(
        "train -q {SETTINGS} --learning-rate 1e6 --epochs 30 --ensemble 2 --out wild"
    ));
    let told = told.outcome();
    told.is_refusal(1, &["2 of 2 networks diverged (seed=42, seed=43)"]);
    assert!(!scratch.join("wild/model.safetensors").exists());
}
