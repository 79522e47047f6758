//! `train --from`: runs that start from the network of another one, or from a network that was trained elsewhere.

use std::fs;

use serde_json::Value;

use crate::util::{PROGRAM, Scratch};

fn config(scratch: &Scratch, run: &str) -> toml::Table {
    let text = scratch.text(format!("{run}/config.toml"));
    text.parse().expect("TOML")
}

/// A network of 4 ReLUs as PyTorch leaves it, in `net.safetensors`.
fn network(scratch: &Scratch) {
    let numbers: Vec<u8> = (0..4 * 784 + 4 * 10)
        .flat_map(|place| ((place * 7919 % 2003) as f32 / 2e4 - 0.05).to_le_bytes())
        .collect();
    let border = 4 * 784 * 4;
    let header = format!(
        r#"{{"0.weight":{{"dtype":"F32","shape":[4,784],"data_offsets":[0,{border}]}},"2.weight":{{"dtype":"F32","shape":[10,4],"data_offsets":[{border},{}]}}}}"#,
        numbers.len()
    );
    let length = (header.len() as u64).to_le_bytes();
    scratch.write(
        "net.safetensors",
        [&length[..], header.as_bytes(), &numbers].concat(),
    );
}

#[test]
fn a_run_starts_from_another_and_can_be_repeated_without_it() {
    let scratch = Scratch::with_data();
    let train = "train -q --data data --hidden 8";
    scratch.done(&format!("{train} --epochs 3 --out three"));
    scratch.done(&format!("{train} --epochs 2 --out two"));
    // The network's form is known; the folder will do for its file.
    let first = scratch.done("train --data data --epochs 1 --from two --json --out one");
    assert!(!first.stderr.contains("note: "), "{first}");
    let model = |run: &str| scratch.read(format!("{run}/model.safetensors"));
    assert!(model("one") == model("three"), "two epochs and one");
    assert!(scratch.read("one/start.safetensors") == model("two"));
    let summary = first.json();
    let config = config(&scratch, "one");
    let (from, digest) = (&config["from"], &config["from_sha256"]);
    let file = scratch.join("two/model.safetensors");
    let file = file.canonicalize().expect("a file");
    assert_eq!(from.as_str(), file.to_str());
    assert_eq!(summary["settings"]["from"].as_str(), from.as_str());
    assert_eq!(summary["settings"]["from_sha256"].as_str(), digest.as_str());
    for key in ["from", "from_sha256"] {
        let fresh = scratch.text("two/config.toml");
        assert!(!fresh.contains(key), "{fresh}");
    }
    scratch.done("report one --out one.html");

    // The file is gone, and the run's folder has a copy; it is moved, and still has it.
    fs::remove_dir_all(scratch.join("two")).expect("a run");
    fs::rename(scratch.join("one"), scratch.join("moved")).expect("a rename");
    scratch.done("train -q --config moved --out again");
    scratch.done("train -q --config moved/config.toml --out again2");
    assert!(model("again") == model("three") && model("again2") == model("three"));
    let whole = scratch.done("train --resume moved");
    assert!(whole.stderr.contains("this run is whole"), "{whole}");

    // Another network in its place is not the run's.
    fs::copy(
        scratch.join("three/model.safetensors"),
        scratch.join("moved/start.safetensors"),
    )
    .expect("a copy");
    let says = [
        "from_sha256: expected the model with the SHA-256",
        "start.safetensors",
    ];
    scratch.refuses(2, "train --config moved --out other", &says);
    fs::remove_file(scratch.join("moved/start.safetensors")).expect("a file");
    let says = ["two/model.safetensors: cannot be read"];
    scratch.refuses(3, "train --config moved --out other", &says);
    // A flag names another.
    scratch.done("train -q --config moved --from three --out other");
    assert!(scratch.read("other/start.safetensors") == model("three"));
}

#[test]
fn a_network_that_was_trained_with_norms_is_trained_on_with_them() {
    let scratch = Scratch::new();
    scratch.synth("data", 600, 100);
    let train = "train -q --data data --json --threads 1";
    let first = scratch.done(&format!(
        "{train} --preset fast --hidden 20 --batch-size 50 --epochs 4 --out first"
    ));
    let more = format!("{train} --from first --preset fast --batch-size 50 --epochs 4 --out more");
    let more = scratch.done(&more);
    assert_eq!(more.json()["settings"]["norm"], "batch");
    let error = |run: &crate::util::Outcome| run.json()["final_error"].as_f64().expect("a number");
    let (before, after) = (error(&first), error(&more));
    assert!(after < 0.9 * before, "{before} {after}");
    // A plan with several runs shares what it starts from.
    let sweep = "sweep -q --data data --from first --preset fast --batch-size 50 --epochs 4 --threads 1 --grid learning-rate=0.05,0.1 --out both";
    scratch.done(sweep);
    let model = |run: &str| scratch.read(format!("{run}/model.safetensors"));
    assert!(
        model("both/runs/00002") == model("more"),
        "0.1 is fast's own rate"
    );
}

#[test]
fn a_run_that_started_from_a_network_is_killed_and_goes_on_to_the_same_bits() {
    let scratch = Scratch::new();
    scratch.synth("data", 300, 20);
    scratch.synth("others", 280, 20);
    scratch.done("train -q --data data --preset plain --hidden 12 --epochs 2 --out first");
    let train = "train -q --data others --preset plain --batch-size 40 --epochs 12 --from first --checkpoint-every 1";
    scratch.done(&format!("{train} --out whole"));
    let mut killed = 0;
    // Each time a little later, until a run has begun.
    for milliseconds in (20_u32..).step_by(20) {
        let seconds = format!("{:.3}", f64::from(milliseconds) / 1e3);
        let outcome = scratch
            .run("timeout")
            .args(["-s", "KILL", &seconds, PROGRAM])
            .args(train.split_whitespace())
            .args("--out run --resume auto".split_whitespace())
            .outcome();
        let is_done = outcome.code() == Some(0);
        killed += usize::from(!is_done);
        if is_done || scratch.join("run/checkpoint.safetensors").is_file() {
            break;
        }
    }
    assert!(killed > 0, "no kill came in time");
    let changed = train.replace("--from first", "--from whole");
    let changed = format!("{changed} --out run --resume auto");
    let says = ["another model to start from (SHA-256)"];
    scratch.gingham(&changed).outcome().is_refusal(2, &says);
    // What it started from has gone in the meantime.
    fs::remove_dir_all(scratch.join("first")).expect("a run");
    // The copy stands for it, and the run's own data for those of the environment.
    let again = format!("{train} --out run --resume auto --threads 3");
    scratch.gingham(&again).outcome().succeeded();
    scratch.synth("other", 40, 10);
    let resume = scratch.gingham("train -q --resume run");
    resume.env("GINGHAM_DATA", "other").outcome().succeeded();
    for name in ["model", "best", "start"] {
        let name = format!("{name}.safetensors");
        let [found, expected] = ["run", "whole"].map(|run| scratch.read(format!("{run}/{name}")));
        assert!(found == expected, "{name}");
    }
    let rows = |run: &str| -> Vec<String> {
        let text = scratch.text(format!("{run}/metrics.csv"));
        let rows = text
            .lines()
            .map(|line| line.rsplit_once(',').expect("a row").0.to_owned());
        rows.collect()
    };
    assert_eq!(rows("run"), rows("whole"));
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn what_is_not_the_networks_is_refused() {
    let scratch = Scratch::with_model();
    let small = crate::util::idx(&[4, 2, 2], &[9; 16]);
    fs::create_dir(scratch.join("small")).expect("a folder");
    scratch.write("small/train-images-idx3-ubyte", small);
    scratch.write(
        "small/train-labels-idx1-ubyte",
        crate::util::idx(&[4], &[0, 1, 0, 1]),
    );
    scratch.write("wide.toml", "hidden = [9]\n");
    scratch.write(
        "lone.toml",
        format!("from_sha256 = \"{}\"\n", "0".repeat(64)),
    );
    scratch.write(
        "other.toml",
        format!("from = \"run\"\nfrom_sha256 = \"{}\"\n", "0".repeat(64)),
    );
    scratch.write("empty.toml", "from = \"\"\n");
    for (code, arguments, says) in [
        (
            2,
            "--from run --hidden 9",
            "hidden: expected [8], as the model that the run starts from has it, found [9]",
        ),
        (2, "--from run --hidden none", "found []"),
        (
            2,
            "--from run --activation relu",
            "activation: expected \"sigmoid\"",
        ),
        (
            2,
            "--from run --output softmax",
            "output: expected \"sigmoid\"",
        ),
        (2, "--from run --bias on", "bias: expected false"),
        (2, "--from run --scale none", "scale: expected \"standard\""),
        (
            2,
            "--from run --init he",
            "init: expected none beside a model to start from",
        ),
        (
            2,
            "--from run --preset wide --learning-rate 0",
            "learning_rate: expected",
        ),
        (2, "--from run --config wide.toml", "found [9]"),
        (
            2,
            "--config lone.toml",
            "lone.toml: line 1: from_sha256: expected the setting `from`",
        ),
        (
            2,
            "--config other.toml",
            "other.toml: line 2: from_sha256: expected the model with the SHA-256 0000",
        ),
        (
            2,
            "--config empty.toml",
            "from: expected the name of a model file in quotes",
        ),
        (2, "--from - --config -", "expected to be read once"),
        (
            2,
            "--from run --dtype f64 --engine fixed",
            "expected dtype f32 with the engine fixed",
        ),
        (3, "--from nowhere", "nowhere: cannot be read"),
        (3, "--from data", "data/model.safetensors: cannot be read"),
        (
            3,
            "--from run/config.toml",
            "config.toml: not a gingham model",
        ),
        (
            2,
            "--from run --data small",
            "from: expected a model for 4 numbers a sample (pixels), as the data set has, found one for 784",
        ),
    ] {
        let train = format!("train -q --data data --epochs 1 --out new {arguments}");
        scratch.refuses(code, &train, &[says]);
    }
}

#[test]
fn the_settings_that_are_not_given_go_with_the_network() {
    let scratch = Scratch::with_model();
    network(&scratch);
    scratch.done("import net.safetensors -q --activation relu --scale unit --out net.model");
    scratch.done("import net.safetensors -q --activation relu --scale none --out raw.model");
    for (number, (arguments, preset, says)) in [
        ("--from run", "article", ""),
        (
            "--from run --reduction mean",
            "plain",
            "note: preset plain: reduction",
        ),
        (
            "--from run --activation sigmoid --output sigmoid",
            "article",
            "",
        ),
        (
            "--from net.model",
            "plain",
            "note: preset plain: the model's hidden layers and outputs are no sigmoids",
        ),
        ("--from net.model --preset wide", "wide", ""),
        (
            "--from net.model --config run/config.toml --hidden 4",
            "",
            "activation: expected \"relu\"",
        ),
        (
            "--from raw.model",
            "",
            "give --learning-rate, such as 1e-5 too",
        ),
        (
            "--from raw.model --learning-rate 1e-5",
            "plain",
            "note: preset plain",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let run = format!("run{number}");
        let train = format!("train --progress none --data data --epochs 2 --out {run} {arguments}");
        let outcome = scratch.gingham(&train).outcome();
        assert!(outcome.stderr.contains(says), "{outcome}");
        if preset.is_empty() {
            outcome.has_code(2);
            continue;
        }
        let outcome = outcome.succeeded();
        assert_eq!(
            outcome.stderr.contains("note: preset"),
            !says.is_empty(),
            "{outcome}"
        );
        assert!(!outcome.stderr.contains("--init he"), "{outcome}");
        let config = config(&scratch, &run);
        assert_eq!(config["preset"].as_str(), Some(preset), "{arguments}");
        scratch.done(&format!(
            "evaluate --data data --model {run} --split heldout"
        ));
    }
}

#[test]
fn what_changes_no_weight_may_be_asked_for() {
    let scratch = Scratch::with_model();
    let train = "train -q --data data --epochs 1 --from run";
    scratch.done(&format!(
        "{train} --probability output --heldout-scale train --out own"
    ));
    let told = scratch.done("train --data data --epochs 1 --from run --dtype f64 --out wide");
    let says =
        "note: the f32 parameters of the model that the run starts from are taken over into f64";
    assert!(told.stderr.contains(says), "{told}");
    for (run, again) in [("own", "own2"), ("wide", "wide2")] {
        scratch.done(&format!("train -q --config {run} --out {again}"));
        let model = |run: &str| scratch.read(format!("{run}/model.safetensors"));
        assert!(model(run) == model(again), "{run}");
    }
    let of_own = config(&scratch, "own2");
    assert_eq!(of_own["probability"].as_str(), Some("output"));
    assert_eq!(of_own["heldout_scale"].as_str(), Some("train"));
}

#[test]
fn standard_input_is_a_model_as_any() {
    let scratch = Scratch::with_model();
    let model = fs::File::open(scratch.join("run/model.safetensors")).expect("a file");
    let piped = std::process::Command::new(PROGRAM)
        .args("train -q --json --data data --epochs 1 --from - --out piped".split_whitespace())
        .current_dir(scratch.path())
        .env_remove("GINGHAM_DATA")
        .stdin(model)
        .output()
        .expect("a program that starts");
    assert!(piped.status.success(), "{piped:?}");
    let summary: Value = serde_json::from_slice(&piped.stdout).expect("JSON");
    assert_eq!(summary["settings"]["from"], "/dev/stdin");
    scratch.done("train -q --config piped --out piped2");
}
