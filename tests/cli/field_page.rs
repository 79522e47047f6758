//! Pages and figures of many runs, of many classes and of long names: the best first, every entry told from the others, nothing cut.

use std::fs;

use serde_json::Value;

use crate::report::{between, browsed, has_browser, section};
use crate::util::{Scratch, idx};

/// Ten runs in `runs/`, the first of which is the worst, with the names of their folders.
fn with_runs() -> Scratch {
    let scratch = Scratch::with_data();
    for (number, rate) in ["1e-9", "0.0001", "0.001", "0.003", "0.01"]
        .iter()
        .enumerate()
    {
        for seed in 1..=2 {
            scratch.done(&format!(
                "train -q --data data --out runs/r{number}{seed} --preset wide --hidden 6 --epochs 2 --batch-size 20 \
                 --learning-rate {rate} --seed {seed}"
            ));
        }
    }
    scratch
}

fn heldout(scratch: &Scratch, run: &str) -> f64 {
    let summary = scratch.text(format!("runs/{run}/summary.json"));
    let summary: Value = serde_json::from_str(&summary).expect("a summary");
    summary["heldout_accuracy"].as_f64().expect("a share")
}

/// The texts of a figure that are not slanted: where they stand, how they are anchored, what they say.
fn texts(svg: &str) -> Vec<(f64, f64, String, String)> {
    let number = |text: &str, name: &str| {
        let value = between(text, &format!("{name}=\""), "\"")[0];
        value.parse().expect("a number")
    };
    let all = between(svg, "<text x=", "</text>").into_iter();
    // The halo of a text is drawn below it, in the colour of the paper; hints are shown one at a time.
    let all = all.filter(|text| !text.contains("class=\"paper") && !text.contains("class=\"hint"));
    all.map(|text| {
        let (tag, words) = text.split_once('>').expect("a tag");
        let tag = format!(" x={tag}");
        let anchor = between(&tag, "text-anchor=\"", "\"");
        let anchor = anchor.first().copied().unwrap_or("start").to_owned();
        (
            number(&tag, " x"),
            number(&tag, " y"),
            anchor,
            words.to_owned(),
        )
    })
    .collect()
}

/// Every text lies within its figure and not on another, if a letter takes no more than this.
pub fn nothing_is_cut(name: &str, svg: &str) {
    const LETTER: f64 = 6.0;
    let width: f64 = between(svg, "viewBox=\"0 0 ", " ")[0]
        .parse()
        .expect("a width");
    let mut boxes: Vec<[f64; 3]> = Vec::new();
    for (x, y, anchor, words) in texts(svg) {
        let length = LETTER * words.chars().count() as f64;
        let left = match &*anchor {
            "end" => x - length,
            "middle" => x - length / 2.0,
            _ => x,
        };
        assert!(
            left > -8.0 && left + length < width + 12.0,
            "{name}: {words} is cut"
        );
        let covered = boxes.iter().any(|&[from, to, other]| {
            (y - other).abs() < 4.0 && left < to - 12.0 && from < left + length - 12.0
        });
        assert!(!covered, "{name}: {words} lies on another text");
        boxes.push([left, left + length, y]);
    }
}

#[test]
fn the_best_of_many_runs_stands_first_and_all_are_told_apart() {
    let scratch = with_runs();
    let names: Vec<String> = (0..5)
        .flat_map(|number| (1..=2).map(move |seed| format!("r{number}{seed}")))
        .collect();
    let paths: Vec<String> = names.iter().map(|name| format!("runs/{name}")).collect();
    scratch.done(&format!("report -q {} --out page.html", paths.join(" ")));
    let page = scratch.text("page.html");
    let best = names
        .iter()
        .map(|name| heldout(&scratch, name))
        .fold(0.0, f64::max);
    let shown = between(&page, "<h1>", " and 9 more</h1>")[0];
    assert_eq!(
        heldout(&scratch, shown),
        best,
        "the headline is the best run's"
    );
    assert!(page.contains("The best of 10 runs by held-out accuracy."));

    let table = between(&page, "<table id=\"comparison\">", "</table>")[0];
    let head = between(table, "<thead>", "</thead>")[0].replace("<wbr>", "");
    for column in ["rank", "run", "held out", "learning_rate", "seed"] {
        assert!(
            head.contains(&format!(">{column}</th>")),
            "{column} in {head}"
        );
    }
    assert!(!head.contains("momentum"), "the same in all: {head}");
    let rows = between(table, "<tr><th scope=\"row\">", "</tr>");
    let ranked: Vec<f64> = rows
        .iter()
        .map(|row| heldout(&scratch, between(row, "<td>", "</td>")[0]))
        .collect();
    assert_eq!(rows.len(), 10);
    assert!(ranked.is_sorted_by(|one, other| one >= other), "{ranked:?}");
    assert!(rows[9].contains("r0"), "the worst stands last: {}", rows[9]);

    for kind in ["error", "accuracy"] {
        scratch.done(&format!(
            "plot {} --kind {kind} --out {kind}.svg",
            paths.join(" ")
        ));
        let svg = scratch.text(format!("{kind}.svg"));
        nothing_is_cut(kind, &svg);
        let mut strokes = between(&svg, "\" class=\"line line", "\"");
        strokes.sort_unstable();
        // A polyline and an entry of the legend for each of the eight best.
        assert_eq!(strokes.len(), 16, "{strokes:?}");
        strokes.dedup();
        assert_eq!(
            strokes.len(),
            8,
            "no colour stands for two runs: {strokes:?}"
        );
        assert!(svg.contains(">the 2 other runs<"));
        let legend: Vec<String> = texts(&svg).into_iter().map(|text| text.3).collect();
        let first = legend
            .iter()
            .find(|text| text.starts_with("1: learning_rate"));
        let setting = first.expect("the settings of the best");
        assert!(setting.contains(", seed "), "{setting}");
    }
}

#[test]
fn what_cannot_be_shown_among_others_gets_a_note() {
    let scratch = Scratch::with_model();
    scratch.write("notes.txt", "mine");
    fs::create_dir(scratch.join("empty")).expect("a folder");
    // Stopped in its first epoch, and stopped in a later one.
    for (folder, metrics) in [
        ("early", String::new()),
        ("late", scratch.text("run/metrics.jsonl")),
    ] {
        fs::create_dir(scratch.join(folder)).expect("a folder");
        scratch.write(
            format!("{folder}/config.toml"),
            scratch.read("run/config.toml"),
        );
        scratch.write(format!("{folder}/metrics.jsonl"), metrics);
    }
    for (command, out) in [("report", "page.html"), ("plot --kind error", "error.svg")] {
        let runs = "notes.txt early empty late run nowhere";
        let outcome = scratch.done(&format!("{command} {runs} --out {out}"));
        for name in ["notes.txt", "early", "empty", "nowhere", "late"] {
            let notes = outcome.stderr.lines();
            let about = notes.filter(|line| line.starts_with("note: ") && line.contains(name));
            assert_eq!(about.count(), 1, "{name}: {outcome}");
        }
        assert_eq!(outcome.stderr.lines().count(), 5, "{outcome}");
    }
    let page = scratch.text("page.html");
    assert!(
        page.contains("<h1>run and 1 more</h1>"),
        "what is whole comes first"
    );
    assert!(page.contains("not finished"));
    // A run is also named by the model that it left.
    let outcome = scratch.done("report -q run/model.safetensors");
    assert_eq!(outcome.stdout, "run/report.html\n");
    fs::remove_file(scratch.join("run/report.html")).expect("a file");
    // Where the first run cannot be shown, the page goes to the first that can.
    let outcome = scratch.done("report -q early run");
    assert_eq!(outcome.stdout, "run/report.html\n");
    scratch.refuses(
        3,
        "report notes.txt empty",
        &["none of the 2 runs", "notes.txt"],
    );
    scratch.refuses(
        3,
        "plot notes.txt empty --kind error",
        &["none of the 2 runs"],
    );
}

#[test]
fn the_ending_decides_what_is_written() {
    let scratch = Scratch::with_model();
    let plot = |rest: &str| format!("plot -q run --kind error {rest}");
    for (name, png) in [
        ("a.png", true),
        ("b.PNG", true),
        ("c.svg", false),
        ("d", false),
    ] {
        scratch.done(&plot(&format!("--out {name}")));
        assert_eq!(scratch.read(name).starts_with(b"\x89PNG"), png, "{name}");
    }
    scratch.done(&plot("--format png --out lr=0.1"));
    assert!(scratch.read("lr=0.1").starts_with(b"\x89PNG"));
    scratch.refuses(
        2,
        &plot("--format svg --out x.png"),
        &["format", "x.png", "--format png"],
    );
    scratch.refuses(
        2,
        &plot("--format png --out x.svg"),
        &["format", "x.svg", "--format svg"],
    );
    scratch.refuses(2, &plot("--out x.pdf"), &["format", "svg|png", "x.pdf"]);
    scratch.refuses(2, "report run --out x.png", &["out", ".html", "x.png"]);
}

#[test]
fn epochs_are_whole_and_counted_from_1() {
    let scratch = Scratch::with_data();
    for epochs in [1, 2, 3] {
        scratch.done(&format!(
            "train -q --data data --out run{epochs} --epochs {epochs} --hidden 8 --report"
        ));
        for kind in ["error", "accuracy"] {
            scratch.done(&format!("plot -q run{epochs} --kind {kind}"));
            let svg = scratch.text(format!("run{epochs}/{kind}.svg"));
            let words = texts(&svg);
            let (_, below, ..) = words
                .iter()
                .find(|text| text.3 == "epoch")
                .expect("an axis");
            let ticks: Vec<&str> = words
                .iter()
                .filter(|text| (text.1 - (below - 17.0)).abs() < 0.5)
                .map(|text| &*text.3)
                .collect();
            let expected: Vec<String> = (1..=epochs).map(|epoch| epoch.to_string()).collect();
            assert_eq!(ticks, expected);
        }
        let page = scratch.text(format!("run{epochs}/report.html"));
        assert!(!page.contains("epoch 0"));
    }
}

#[test]
fn long_names_are_cut_where_they_are_alike() {
    let scratch = Scratch::new();
    scratch.synth("data", 200, 100);
    let names: Vec<String> = (0..10)
        .map(|class| {
            format!("chest x-ray, frontal view, adult patients: finding number {class} of many")
        })
        .collect();
    scratch.write("data/classes.txt", names.join("\n"));
    scratch.done("train -q --data data --out run --epochs 2 --hidden 4 --report");
    for kind in ["confusion", "predictions", "mistakes"] {
        scratch.done(&format!("plot -q run --kind {kind}"));
        let svg = scratch.text(format!("run/{kind}.svg"));
        nothing_is_cut(kind, &svg);
        let shown = texts(&svg).into_iter().map(|text| text.3);
        let mut shown: Vec<String> = shown.filter(|text| text.starts_with("chest")).collect();
        assert!(!shown.is_empty() && shown.iter().all(|name| name.contains('\u{2026}')));
        if kind == "confusion" {
            shown.sort_unstable();
            shown.dedup();
            assert_eq!(shown.len(), 10, "{shown:?}");
        }
    }
    scratch.done("explore -q --data data --figures figures --map 90 --perplexity 20 --images 0");
    for name in [
        "contact-sheet",
        "mean-images",
        "class-histogram",
        "map",
        "map-of-images",
    ] {
        nothing_is_cut(name, &scratch.text(format!("figures/{name}.svg")));
    }
}

/// A data set of 40 classes in `data`, four images of each: one pixel says which. No training image has the class `without`.
fn with_many_classes(without: u8) -> Scratch {
    let scratch = Scratch::new();
    fs::create_dir(scratch.join("data")).expect("a folder");
    for prefix in ["train", "t10k"] {
        let labels: Vec<u8> = (0..160)
            .map(|image| image % 40)
            .map(|class| {
                if prefix == "train" && class == without {
                    0
                } else {
                    class
                }
            })
            .collect();
        let pixels = |&class: &u8| {
            let mut pixels = [0; 64];
            pixels[usize::from(class)] = 255;
            pixels
        };
        let images: Vec<u8> = labels.iter().flat_map(pixels).collect();
        scratch.write(
            format!("data/{prefix}-images-idx3-ubyte"),
            idx(&[160, 8, 8], &images),
        );
        scratch.write(
            format!("data/{prefix}-labels-idx1-ubyte"),
            idx(&[160], &labels),
        );
    }
    scratch
}

#[test]
fn many_classes_have_numbers_on_both_axes() {
    let scratch = with_many_classes(17);
    scratch.done("train -q --data data --out run --preset wide --epochs 3 --hidden 8 --batch-size 20 --report");
    scratch.done("plot -q run --kind confusion");
    let svg = scratch.text("run/confusion.svg");
    nothing_is_cut("confusion", &svg);
    let numbers: Vec<(f64, f64, u32)> = texts(&svg)
        .into_iter()
        .filter_map(|(x, y, _, words)| Some((x, y, words.parse().ok()?)))
        .collect();
    let row = numbers.iter().filter(|number| number.1 == numbers[0].1);
    let row: Vec<u32> = row.map(|number| number.2).collect();
    assert!(row.len() >= 8 && row.starts_with(&[0]), "{row:?}");
    assert!(
        numbers.len() >= 2 * row.len(),
        "rows have them too: {numbers:?}"
    );
    let page = scratch.text("run/report.html");
    assert!(
        section(&page, "classes")
            .contains("without a training image, which the network cannot know: 17."),
        "a class that cannot be known is remarked upon"
    );
    let evaluate = "evaluate --model run/model.safetensors --data data";
    let outcome = scratch.done(evaluate);
    assert!(
        outcome
            .stderr
            .contains("note: Classes without a training image"),
        "{outcome}"
    );
    assert_eq!(scratch.done(&format!("{evaluate} -q")).stderr, "");
}

#[test]
fn control_characters_are_shown_and_break_nothing() {
    let scratch = Scratch::with_data();
    let names = "a\u{1b}[31mred\nb\u{202e}c\nd\u{7}\n4\n5\n6\n7\n8\n9\n10\n";
    scratch.write("data/classes.txt", names);
    let outcome = scratch
        .gingham("train -q --data data --out run --epochs 1 --hidden 8")
        .outcome();
    if outcome.code() != Some(0) {
        return; // names with control characters may be refused where they are read
    }
    fs::rename(scratch.join("run"), scratch.join("run\u{1b}\n1")).expect("a folder");
    scratch
        .gingham("report -q --out page.html")
        .arg("run\u{1b}\n1")
        .outcome()
        .succeeded();
    let page = scratch.text("page.html");
    let odd = |letter: char| (letter.is_control() && letter != '\n') || letter == '\u{202e}';
    assert!(!page.contains(odd));
    assert!(page.contains("<h1>run\\x1b\\n1</h1>"));
    assert!(page.contains("\\x1b[31mred") && page.contains("b\\u{202e}c"));
}

/// What a page is asked in a browser, with all that it hides at first opened. A hint that is covered is not the topmost element at its own place.
pub const QUESTIONS: &str = "<script>addEventListener('load',()=>{
const box=e=>e.getBoundingClientRect(),shown=e=>box(e).width>0;
document.querySelectorAll('details').forEach(d=>d.open=true);
const beyond=e=>{const s=e.closest('.scroll');return s.scrollWidth>s.clientWidth+1};
const told=e=>{e.scrollIntoView({block:'center'});const b=box(e);
 return document.elementFromPoint(b.x+b.width/2,b.y+b.height/2)===e};
const hints=[...document.querySelectorAll('.more')].filter(shown).map(e=>[beyond(e),told(e),box(e).right<=innerWidth]);
parent.postMessage(JSON.stringify({width:innerWidth,page:document.documentElement.scrollWidth,
 hints:hints.length,scrolling:hints.filter(h=>h[0]).length,wrong:hints.filter(h=>h[0]!==h[1]||!h[2]).length,
 figures:[...document.querySelectorAll('figure')].map(f=>[...f.querySelectorAll('svg')].filter(shown).length),
 cut:[...document.querySelectorAll('svg.phone,svg.page')].filter(shown).filter(e=>box(e).right>innerWidth||
  [...e.querySelectorAll('text:not(.hint)')].some(t=>box(t).right>box(e).right+1||box(t).left<box(e).left-1)).length}),'*');
});</script></head>";

#[test]
fn nothing_is_cut_in_a_browser() {
    if !has_browser("pages of many runs and classes in a browser") {
        return;
    }
    let runs = with_runs();
    let paths: Vec<String> = (0..5)
        .flat_map(|number| [1, 2].map(|seed| format!("runs/r{number}{seed}")))
        .collect();
    runs.done(&format!("report -q {} --out page.html", paths.join(" ")));
    let classes = with_many_classes(50);
    classes
        .done("train -q --data data --out run --preset wide --epochs 2 --hidden 8 --batch-size 20");
    classes.done("report -q run --out page.html");
    for scratch in [&runs, &classes] {
        for (width, scheme) in [(1280, 0), (390, 1)] {
            let found = browsed(scratch, "page.html", QUESTIONS, (width, scheme));
            assert_eq!(found["width"], width, "{found}");
            assert!(found["page"].as_u64() <= Some(u64::from(width)), "{found}");
            assert_eq!([&found["wrong"], &found["cut"]], [0, 0], "{found}");
            let figures = found["figures"].as_array().expect("a list");
            assert!(
                figures.len() >= 4 && figures.iter().all(|shown| *shown == 1),
                "{found}"
            );
            assert!(found["hints"].as_u64() > Some(5), "{found}");
            assert_eq!(
                found["scrolling"].as_u64() > Some(0),
                width == 390,
                "{found}"
            );
        }
    }
}
