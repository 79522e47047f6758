//! The report and its figures: that they say what `evaluate` says, need nothing else, and are written only where they may be.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::util::{Outcome, PROGRAM, Scratch, optimised, skipped};

/// What stands between `before` and `after`, wherever that occurs.
pub fn between<'a>(text: &'a str, before: &str, after: &str) -> Vec<&'a str> {
    text.split(before)
        .skip(1)
        .filter_map(|rest| rest.split_once(after).map(|(inside, _)| inside))
        .collect()
}

/// All digits of the numbers that the page shows in a piece of it.
fn numbers(page: &str) -> Vec<f64> {
    between(page, "<data value=\"", "\"")
        .iter()
        .map(|value| value.parse().expect("a number"))
        .collect()
}

pub fn section<'a>(page: &'a str, id: &str) -> &'a str {
    between(page, &format!("<section id=\"{id}\""), "</section>")[0]
}

#[test]
fn the_numbers_are_those_of_evaluate() {
    let scratch = Scratch::with_data();
    for (run, settings) in [
        ("sigmoid", "--hidden 8"),
        (
            "wide",
            "--preset wide --hidden 12,7 --batch-size 16 --dtype f64",
        ),
    ] {
        scratch.done(&format!(
            "train -q --data data --out {run} --epochs 3 {settings} --report"
        ));
        let page = scratch.text(format!("{run}/report.html"));
        let command = format!("evaluate --model {run}/model.safetensors --data data --json");
        let evaluation = scratch.done(&command).json();
        let shown = numbers(section(&page, "classes"));
        let number = |value: &Value| value.as_f64().expect("a number");
        let mut expected = vec![
            number(&evaluation["images"]),
            number(&evaluation["accuracy"]),
            number(&evaluation["loss"]),
        ];
        let of_all = [
            "top2_accuracy",
            "balanced_accuracy",
            "macro_f1",
            "weighted_f1",
            "auc",
            "log_loss",
        ];
        // A figure that there is not is an empty cell.
        expected.extend(of_all.iter().filter_map(|name| evaluation[name].as_f64()));
        for class in evaluation["classes"].as_array().expect("a list") {
            for figure in ["precision", "recall", "f1", "images"] {
                expected.push(number(&class[figure]));
            }
        }
        assert_eq!(shown, expected, "every digit of them, in this order");
        let confusion: Vec<f64> = evaluation["confusion"]
            .as_array()
            .expect("rows")
            .iter()
            .flat_map(|row| row.as_array().expect("a row"))
            .map(number)
            .collect();
        let cells: Vec<f64> = between(section(&page, "classes"), ", answered ", " images,")
            .iter()
            .map(|cell| {
                let (_, images) = cell.rsplit_once(": ").expect("a count");
                images.parse().expect("a count")
            })
            .collect();
        assert_eq!(cells, confusion);
        let summary: Value =
            serde_json::from_str(&scratch.text(format!("{run}/summary.json"))).expect("a summary");
        let head = between(&page, "<dl class=\"key\">", "</dl>")[0];
        let head = numbers(head);
        for share in ["test_accuracy", "heldout_accuracy", "train_accuracy"] {
            assert!(head.contains(&number(&summary[share])), "{share}: {head:?}");
        }
        // The same page from the same run.
        scratch.done(&format!("report -q {run} --out again.html"));
        assert_eq!(scratch.text("again.html"), page);
        fs::remove_file(scratch.join("again.html")).expect("a file");
    }
}

#[test]
fn the_page_needs_nothing_else_and_every_figure_is_in_words_too() {
    let scratch = Scratch::with_model();
    scratch.done("train -q --data data --out other --epochs 3 --hidden 8 --eval-every 1");
    scratch.done("report -q run other --out page.html");
    let page = scratch.text("page.html");
    assert!(page.len() < 2_000_000);
    assert!(!page.contains("<script") && !page.contains("@import") && !page.contains("url("));
    for attribute in ["href=\"", "src=\"", "srcset=\"", "action=\""] {
        for target in between(&page, attribute, "\"") {
            let own = target.starts_with('#') || target.starts_with("data:");
            assert!(own, "{attribute}{target}");
        }
    }
    let figures = between(&page, "<svg ", "</svg>");
    assert!(figures.len() >= 5 + 15, "{}", figures.len());
    for figure in figures {
        for needed in ["role=\"img\"", "width=\"", "height=\"", "viewBox=\""] {
            assert!(figure.contains(needed), "{needed} in {figure:.200}");
        }
        for words in ["title", "desc"] {
            let words = between(figure, &format!("<{words}>"), "<")[0];
            assert!(words.len() > 4, "{words}");
        }
    }
    // Every place that the list of contents names is there, and every name is given once.
    let mut ids = between(&page, " id=\"", "\"");
    for target in between(&page, "href=\"#", "\"") {
        assert!(ids.contains(&target), "#{target}");
    }
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all, "{ids:?}");
    assert!(
        section(&page, "runs").contains("other"),
        "both are compared"
    );
}

#[test]
fn names_from_files_stay_text() {
    let scratch = Scratch::with_data();
    scratch.write(
        "data/classes.txt",
        "<script>alert(1)</script>\n\"a\"&b\n</svg>\n4\n5\n6\n7\n8\n9\n10\n",
    );
    scratch.done("train -q --data data --out run --epochs 2 --hidden 8");
    fs::rename(scratch.join("run"), scratch.join("<b>&amp;'\"")).expect("a folder");
    scratch.done("report -q <b>&amp;'\" --out page.html");
    let page = scratch.text("page.html");
    assert!(!page.contains("<script") && !page.contains("<b>"));
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert!(page.contains("&lt;b&gt;&amp;amp;&#39;&quot;"));
}

#[test]
fn what_is_missing_is_said() {
    let scratch = Scratch::with_model();
    // A run that has not ended: its last line is cut, it has no summary and no model.
    fs::create_dir(scratch.join("half")).expect("a folder");
    scratch.write("half/config.toml", scratch.read("run/config.toml"));
    let metrics = scratch.read("run/metrics.jsonl");
    scratch.write("half/metrics.jsonl", &metrics[..metrics.len() - 9]);
    let outcome = scratch.done("report half");
    assert_eq!(outcome.stdout, "half/report.html\n");
    assert!(
        outcome.stderr.contains("not finished") && outcome.stderr.contains("no model"),
        "{outcome}"
    );
    let page = scratch.text("half/report.html");
    assert!(page.contains("This run is not finished") && page.contains("up to epoch 1"));
    scratch.refuses(
        3,
        "plot half --kind weights",
        &["expected a run with its model"],
    );
    // Data that are gone: said, unless they were asked for by name.
    fs::rename(scratch.join("data"), scratch.join("moved")).expect("a folder");
    let outcome = scratch.done("report run --out gone.html");
    assert!(outcome.stderr.contains("cannot be used"), "{outcome}");
    let page = scratch.text("gone.html");
    assert!(page.contains("need the images") && page.contains("id=\"weights\""));
    scratch.refuses(3, "report run --data nowhere --out x.html", &["nowhere"]);
    scratch.refuses(3, "plot run --kind confusion", &["cannot be used"]);
    scratch.done("plot -q run --kind confusion --data moved --out confusion.svg");
    // Other data than the run's.
    scratch.synth("data", 200, 60);
    fs::remove_file(scratch.join("data/t10k-images-idx3-ubyte")).expect("a file");
    fs::remove_file(scratch.join("data/t10k-labels-idx1-ubyte")).expect("a file");
    let outcome = scratch.done("report run --out other.html");
    assert!(
        outcome.stderr.contains("that the model was trained with"),
        "{outcome}"
    );
}

#[test]
fn figures_are_to_be_had_alone() {
    let scratch = Scratch::with_model();
    for kind in [
        "error",
        "accuracy",
        "confusion",
        "predictions",
        "mistakes",
        "calibration",
        "weights",
    ] {
        let outcome = scratch.done(&format!("plot run --kind {kind}"));
        assert_eq!(outcome.stdout, format!("run/{kind}.svg\n"));
        assert!(scratch.text(format!("run/{kind}.svg")).starts_with("<svg "));
        scratch.done(&format!(
            "plot run --kind {kind} --format png --out {kind}.png"
        ));
        let decoder = png::Decoder::new(std::io::Cursor::new(scratch.read(format!("{kind}.png"))));
        let reader = decoder.read_info().expect("a PNG");
        assert!(reader.info().width > 300, "{kind}");
    }
    scratch.done("plot run run --kind error --out both.svg");
}

#[test]
fn refusals() {
    let scratch = Scratch::with_model();
    for file in ["page.html", "figure.svg"] {
        scratch.write(file, "mine");
    }
    scratch.refuses(2, "report run --out page.html", &["page.html", "exists"]);
    scratch.refuses(
        2,
        "plot run --kind error --out figure.svg",
        &["figure.svg", "exists"],
    );
    scratch.refuses(
        1,
        "report run --out nowhere/page.html",
        &["cannot be written"],
    );
    scratch.refuses(2, "plot run run --kind weights", &["expected one run"]);
    scratch.refuses(
        2,
        "plot run --kind error --format png --scale 0",
        &["scale"],
    );
    scratch.refuses(
        2,
        "plot run --kind error --format png --scale 1e9",
        &["scale"],
    );
    scratch.refuses(3, "report nothing", &["nothing", "cannot be read"]);
    scratch.refuses(3, "report page.html", &["page.html", "cannot be read"]);
    scratch.refuses(3, "report data", &["the folder of a run", "no config.toml"]);
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn runs_with_damaged_files_are_refused() {
    let scratch = Scratch::with_model();
    let good = [
        "config.toml",
        "metrics.jsonl",
        "summary.json",
        "model.safetensors",
    ]
    .map(|name| (name, scratch.read(Path::new("run").join(name))));
    let mut number = 0;
    let mut broken = |code: i32, file: &str, bytes: Option<&[u8]>, says: &[&str]| {
        number += 1;
        let run = format!("broken{number}");
        fs::create_dir(scratch.join(&run)).expect("a folder");
        for (name, good) in &good {
            let bytes = if *name == file {
                bytes
            } else {
                Some(good.as_slice())
            };
            if let Some(bytes) = bytes {
                scratch.write(Path::new(&run).join(name), bytes);
            }
        }
        scratch.refuses(code, &format!("report {run}"), says);
        scratch.refuses(code, &format!("plot {run} --kind error"), says);
        // The others are shown, and a note says in the same words why this one is not.
        let both = scratch.done(&format!("report {run} run --out both{number}.html"));
        assert!(both.stderr.contains("note: left out: "), "{both}");
        for says in says {
            assert!(both.stderr.contains(says), "{both}");
        }
        for jargon in [
            "missing field",
            "invalid type",
            "TOML parse error",
            "at line",
        ] {
            assert!(!both.stderr.contains(jargon), "{both}");
        }
    };
    broken(3, "config.toml", None, &["no config.toml"]);
    broken(3, "metrics.jsonl", None, &["no metrics.jsonl"]);
    broken(
        3,
        "metrics.jsonl",
        Some(b""),
        &["metrics.jsonl", "at least one epoch"],
    );
    broken(
        3,
        "metrics.jsonl",
        Some(b"\xff\0"),
        &["metrics.jsonl", "line 1"],
    );
    broken(
        3,
        "metrics.jsonl",
        Some(b"{\"epoch\":0}\n"),
        &["line 1", "error"],
    );
    broken(
        2,
        "config.toml",
        Some(b"epochs = 'many'"),
        &[
            "config.toml: line 1: epochs: expected a whole number",
            "found \"many\"",
        ],
    );
    broken(2, "config.toml", Some(b"\xff"), &["config.toml: line 1"]);
    broken(
        2,
        "config.toml",
        Some(b"epochs = 1"),
        &["config.toml: expected every setting, found no `activation`"],
    );
    broken(
        2,
        "config.toml",
        Some(b"timetable = 1"),
        &["line 1: unknown setting `timetable`"],
    );
    broken(
        3,
        "summary.json",
        Some(b"{}"),
        &[
            "summary.json",
            "the summary of a run, with a text for `preset`, found none",
        ],
    );
    broken(
        3,
        "summary.json",
        Some(b"{\"preset\": \"article\",\n\"seed\": \"one\"}"),
        &["with a whole number from 0 for `seed` in line 2, found \"one\""],
    );
    broken(
        3,
        "summary.json",
        Some(b"{\"preset\": 1,\n"),
        &["summary of a run, in JSON, found its beginning alone"],
    );
    broken(
        3,
        "metrics.jsonl",
        Some(b"{\"epoch\":0,\"error\":\"x\",\"seconds\":1}\n"),
        &[
            "the record of an epoch in line 1, with a number for `error`",
            "found \"x\"",
        ],
    );
    broken(
        3,
        "metrics.jsonl",
        Some(b"epoch,error\n"),
        &["in line 1, in JSON, found something else in column 1"],
    );
    broken(
        3,
        "model.safetensors",
        Some(b"model"),
        &["model.safetensors"],
    );
}

/// What a page is asked in a browser: it tells its findings to the page that frames it, because a browser's own window cannot
/// be as narrow as a phone.
const QUESTIONS: &str = "<script>addEventListener('load',()=>{
const box=e=>e.getBoundingClientRect(),chosen=e=>getComputedStyle(e).display!='none';
const all=[...document.querySelectorAll('svg.figure')].filter(chosen);
const loaded=performance.getEntriesByType('resource').map(e=>e.name).filter(n=>!n.startsWith('data:'));
const focusable=[...document.querySelectorAll('a[href],summary,[tabindex=\"0\"]')].length;
parent.postMessage(JSON.stringify({figures:all.length,
 flat:all.filter(e=>!e.closest('details')&&(box(e).width<50||box(e).height<50)).length,
 nameless:all.filter(e=>!e.querySelector(':scope>title')?.textContent||!e.querySelector(':scope>desc')?.textContent).length,
 width:innerWidth,page:document.documentElement.scrollWidth,loaded,focusable,
 broken:[...document.querySelectorAll('svg image')].filter(e=>box(e).width<1).length}),'*');
});</script></head>";

#[test]
fn a_browser_finds_nothing_wrong_with_it() {
    if has_browser("the report in a browser") {
        opens_well(&Scratch::with_model());
    }
}

#[test]
fn nor_with_the_articles_run() {
    let what = "the report of the article's run in a browser";
    let Some(data) = std::env::var_os("GINGHAM_DATA").filter(|folder| !folder.is_empty()) else {
        skipped(what, "GINGHAM_DATA names no folder");
        return;
    };
    if !has_browser(what) {
        return;
    }
    let data = fs::canonicalize(data).expect("GINGHAM_DATA names a folder that is there");
    let scratch = Scratch::new();
    scratch
        .run(optimised().unwrap_or_else(|| PROGRAM.into()))
        .args(["train", "-q", "--seed", "42", "--epochs", "300"])
        .args(["--out", "run", "--data"])
        .arg(data)
        .deadline(600)
        .outcome()
        .succeeded();
    opens_well(&scratch);
}

pub fn has_browser(what: &str) -> bool {
    let there = Command::new("chromium")
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !there {
        skipped(what, "no chromium is installed");
    }
    there
}

/// Opens the report of the run in `run`, wide and narrow, light and dark.
fn opens_well(scratch: &Scratch) {
    scratch.done("report -q run --out page.html");
    // As it is, with its policy: whatever it asked for from outside would be refused on the console.
    let outcome = browse(scratch, "page.html", (1280, 1));
    assert!(!outcome.stderr.contains("CONSOLE"), "{outcome}");
    for (width, scheme) in [(1280, 0), (390, 1)] {
        let found = browsed(scratch, "page.html", QUESTIONS, (width, scheme));
        assert_eq!(found["width"], width, "{found}");
        assert!(found["figures"].as_u64() >= Some(20), "{found}");
        for none in ["flat", "nameless", "broken"] {
            assert_eq!(found[none], 0, "{found}");
        }
        assert_eq!(found["loaded"], Value::Array(Vec::new()), "{found}");
        assert!(found["page"].as_u64() <= Some(u64::from(width)), "{found}");
        assert!(found["focusable"].as_u64() > Some(10), "{found}");
    }
}

/// Asks a page questions in a browser, at a width and in a scheme: 0 is dark, 1 is light.
pub fn browsed(
    scratch: &Scratch,
    page: &str,
    questions: &str,
    (width, scheme): (u32, u32),
) -> Value {
    let page = scratch.text(page);
    let policy = between(&page, "<meta http-equiv=", ">\n")[0];
    assert!(policy.contains("default-src 'none'"), "{policy}");
    let asked = page
        .replace(&format!("<meta http-equiv={policy}>\n"), "")
        .replacen("</head>", questions, 1);
    scratch.write("asked.html", asked);
    let frame = format!(
        "<title></title><script>addEventListener('message',e=>document.title=e.data)</script>\
         <iframe src=\"asked.html\" style=\"width:{width}px;height:900px;border:0\"></iframe>"
    );
    scratch.write("frame.html", frame);
    let outcome = browse(scratch, "frame.html", (1400, scheme));
    assert!(!outcome.stderr.contains("CONSOLE"), "{}", outcome.stderr);
    let title = between(&outcome.stdout, "<title>", "</title>")[0];
    serde_json::from_str(title).expect("findings")
}

/// Opens a file in a browser, whose outcome has the document.
fn browse(scratch: &Scratch, file: &str, (width, scheme): (u32, u32)) -> Outcome {
    let url = format!("file://{}", scratch.join(file).display());
    let profile = format!("--user-data-dir={}", scratch.join("profile").display());
    scratch
        .run("chromium")
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--enable-logging=stderr",
        ])
        .arg(profile)
        .arg(format!("--window-size={width},900"))
        .arg(format!("--blink-settings=preferredColorScheme={scheme}"))
        .args([
            "--hide-scrollbars",
            "--virtual-time-budget=2000",
            "--dump-dom",
        ])
        .arg(url)
        .outcome()
        .succeeded()
}
