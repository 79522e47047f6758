//! The plan of a sweep: what each text means, written out by hand.

use gingham::rng::{Purpose, Stream};
use gingham::sweep::{Assignment, Space};
use toml::Value;

fn runs(space: &Space) -> Vec<String> {
    space.runs().map(|run| run.to_string()).collect()
}

/// The values of a grid of one axis.
fn values(text: &str) -> Vec<Value> {
    let space = Space::grid(text).unwrap();
    let keys: Vec<String> = space.keys().into_iter().map(str::to_owned).collect();
    assert_eq!(keys.len(), 1, "{text}");
    let value = |run: Assignment| run.get(&keys[0]).cloned().unwrap();
    space.runs().map(value).collect()
}

fn widths(widths: &[i64]) -> Value {
    Value::Array(widths.iter().map(|&width| Value::Integer(width)).collect())
}

#[test]
fn a_grid_is_the_product_with_the_last_axis_fastest() {
    let space = Space::grid(" learning-rate = 0.0003, 0.001 ;; hidden=50,512-256;seed=1..2; ");
    let space = space.unwrap();
    assert_eq!(space.keys(), ["learning_rate", "hidden", "seed"]);
    assert_eq!(space.count(), 8);
    assert_eq!(
        runs(&space),
        [
            "learning-rate=0.0003 hidden=50 seed=1",
            "learning-rate=0.0003 hidden=50 seed=2",
            "learning-rate=0.0003 hidden=512-256 seed=1",
            "learning-rate=0.0003 hidden=512-256 seed=2",
            "learning-rate=0.001 hidden=50 seed=1",
            "learning-rate=0.001 hidden=50 seed=2",
            "learning-rate=0.001 hidden=512-256 seed=1",
            "learning-rate=0.001 hidden=512-256 seed=2",
        ]
    );
    assert_eq!(space.run(7).map(|run| run.to_string()), runs(&space).pop());
    assert_eq!(space.run(8), None);
    assert_eq!(space.runs().size_hint(), (8, Some(8)));
}

#[test]
fn values_have_the_types_of_settings() {
    let float = Value::Float;
    let whole = Value::Integer;
    let word = |word: &str| Value::String(word.to_owned());
    for (text, expected) in [
        (
            "l2=0,0.5,1e-5,+3,-2.5",
            vec![whole(0), float(0.5), float(1e-5), whole(3), float(-2.5)],
        ),
        ("activation=relu,tanh", vec![word("relu"), word("tanh")]),
        ("dtype=f32", vec![word("f32")]),
        (
            "bias=on,off",
            vec![Value::Boolean(true), Value::Boolean(false)],
        ),
        ("engine=on", vec![word("on")]),
        (
            "hidden=none,50,512-256",
            vec![widths(&[]), widths(&[50]), widths(&[512, 256])],
        ),
        (
            "hidden=1..3",
            vec![widths(&[1]), widths(&[2]), widths(&[3])],
        ),
        ("seed=1..3,7", vec![whole(1), whole(2), whole(3), whole(7)]),
        ("seed=-1 .. 1", vec![whole(-1), whole(0), whole(1)]),
        ("seed=5..5", vec![whole(5)]),
        ("memory=1000,2G", vec![word("1000"), word("2G")]),
        (
            "data=../mnist,2024/a",
            vec![word("../mnist"), word("2024/a")],
        ),
        (
            "learning-rate=log(0.0001,0.1,4)",
            vec![float(0.0001), float(0.001), float(0.01), float(0.1)],
        ),
        // The ends keep more digits than the number between, whose square is their product.
        (
            "l1=log(1.2345678, 2.4691356, 3),9",
            vec![float(1.2345678), float(1.74594), float(2.4691356), whole(9)],
        ),
        (
            "batch-size=log(16,256,3)",
            vec![whole(16), whole(64), whole(256)],
        ),
        ("hidden=log(16,64,2)", vec![widths(&[16]), widths(&[64])]),
    ] {
        assert_eq!(values(text), expected, "{text}");
    }
    let million = Space::grid("seed=1..1000000").unwrap();
    assert_eq!(million.count(), 1_000_000);
    assert_eq!(million.run(999_999).unwrap().to_string(), "seed=1000000");
}

#[test]
fn no_product_is_too_large() {
    let axis = |number: usize| format!("a{number}=1..1000;");
    let text: String = (0..100).map(axis).collect();
    let space = Space::grid(&text).unwrap();
    assert_eq!(space.count(), u64::MAX);
    let second = space.runs().nth(1).unwrap();
    assert_eq!(second.get("a98"), Some(&Value::Integer(1)));
    assert_eq!(second.get("a99"), Some(&Value::Integer(2)));
    // 18 axes of 10 are 10^18 runs; a run's number is its digits.
    let axis = |number: usize| format!("a{number}=0..9;");
    let text: String = (0..18).map(axis).collect();
    let run = Space::grid(&text).unwrap().run(123_456_789_012_345_678);
    let digits: Vec<i64> = run
        .unwrap()
        .iter()
        .filter_map(|(_, value)| value.as_integer())
        .collect();
    assert_eq!(
        digits,
        [1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8]
    );
}

#[test]
fn an_assignment_is_text_and_a_table() {
    let text = "learning-rate=1e-5 l2=1.0 hidden=512-256 bias=off activation=relu seed=3 memory=2G";
    let read: Assignment = text.parse().unwrap();
    assert_eq!(read.to_string(), text);
    let table: toml::Table = "learning_rate = 1e-5\nl2 = 1.0\nhidden = [512, 256]\nbias = false\n\
                              activation = \"relu\"\nseed = 3\nmemory = \"2G\""
        .parse()
        .unwrap();
    assert_eq!(read.to_table(), table);
    assert_eq!(toml::Table::from(read), table);
    assert_eq!("".parse::<Assignment>().unwrap(), Assignment::default());
    let error = "a=1 b".parse::<Assignment>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "assignment: column 5: expected name=value, found 'b'"
    );
    let error = "seed=1..2".parse::<Assignment>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "assignment: column 6: seed: expected a number, found '1..2'"
    );
}

/// What is printed is read as the same values, alone and as a grid of one run.
fn comes_back(run: &Assignment) {
    let text = run.to_string();
    assert_eq!(text.parse::<Assignment>().unwrap(), *run, "{text}");
    let grid = Space::grid(&text.replace(' ', ";")).unwrap();
    assert_eq!(grid.count(), 1, "{text}");
    assert_eq!(grid.run(0).as_ref(), Some(run), "{text}");
}

#[test]
fn what_is_printed_is_read_as_the_same_values() {
    let grid = Space::grid(
        "learning-rate=1e-300,0.1,1e22,-0.0,123456.789; x=9223372036854775807,-9223372036854775808,1.0;\
         hidden=none,0,7-8-9; bias=on,off; y=on,a.b/c~d,\u{e9}t\u{e9}; memory=007,-1; l2=log(0.001,7,5)",
    );
    let grid = grid.unwrap();
    assert_eq!(grid.count(), 5 * 3 * 3 * 2 * 3 * 2 * 5);
    grid.runs().for_each(|run| comes_back(&run));
    let random = "a=uniform(-1e300,1e300); b=log(1e-300,1e300); epochs=uniform(1,50); hidden=log(8,512); c=x,2,3.0";
    let random = Space::random(random, 200, 1).unwrap();
    random.runs().for_each(|run| comes_back(&run));
}

#[test]
fn draws_are_fixed_by_seed_run_and_axis() {
    let text = "learning-rate=log(0.0001,0.1); momentum=uniform(0.5,0.99); hidden=choice(50,100,512-256); seed=1..5";
    let space = Space::random(text, 3, 7).unwrap();
    // Written down on 2026-11-26 from a ChaCha8 of a few lines in Python. They must never change.
    assert_eq!(
        runs(&space),
        [
            "learning-rate=0.054819 momentum=0.854085 hidden=50 seed=3",
            "learning-rate=0.000148957 momentum=0.564002 hidden=50 seed=4",
            "learning-rate=0.0140549 momentum=0.979805 hidden=512-256 seed=2",
        ]
    );
    assert_eq!(space.count(), 3);
    // More runs, or another axis at the end, change nothing of what was there; the seed changes all.
    let longer = Space::random(&format!("{text}; l2=0,1"), 100, 7).unwrap();
    for (short, long) in space.runs().zip(&longer) {
        assert!(
            long.to_string().starts_with(&format!("{short} l2=")),
            "{long}"
        );
    }
    assert_eq!(longer.runs().count(), 100);
    assert_eq!(longer.run(100), None);
    let other = Space::random(text, 3, 8).unwrap();
    assert!(space.runs().zip(&other).all(|(one, other)| one != other));
    let first = Stream::new(7, Purpose::Sweep, 0).unit();
    assert_ne!(first, Stream::new(7, Purpose::Shuffle, 0).unit());
}

#[test]
fn draws_cover_their_ranges() {
    let text = "a=uniform(-2,6); b=log(0.01,100); c=choice(x,y,3); d=1..4; epochs=uniform(1,3)";
    let space = Space::random(text, 4000, 1).unwrap();
    let (mut above, mut over_one, mut counts, mut numbers) = (0, 0, [0; 3], [0; 4]);
    for run in &space {
        let a = run.get("a").unwrap().as_float().unwrap();
        let b = run.get("b").unwrap().as_float().unwrap();
        assert!(
            (-2.0..=6.0).contains(&a) && (0.01..=100.0).contains(&b),
            "{run}"
        );
        for number in [a, b] {
            let rounded: f64 = format!("{number:.5e}").parse().unwrap();
            assert_eq!(number, rounded);
        }
        above += u32::from(a > 2.0);
        over_one += u32::from(b > 1.0);
        let word = run.get("c").unwrap().to_string();
        counts[["\"x\"", "\"y\"", "3"]
            .iter()
            .position(|&one| one == word)
            .unwrap()] += 1;
        numbers[run.get("d").unwrap().as_integer().unwrap() as usize - 1] += 1;
        assert!((1..=3).contains(&run.get("epochs").unwrap().as_integer().unwrap()));
    }
    // Half of 4,000, and a third and a fourth, each by more than five standard deviations.
    assert!((1800..2200).contains(&above) && (1800..2200).contains(&over_one));
    assert!(
        counts.iter().all(|count| (1150..1520).contains(count)),
        "{counts:?}"
    );
    assert!(
        numbers.iter().all(|count| (850..1150).contains(count)),
        "{numbers:?}"
    );
}

#[test]
fn a_file_is_a_grid_or_a_random_plan() {
    let grid = "# a plan\n[grid]\nlearning-rate = [0.0003, 1]\nhidden = [[50], [512, 256], []]\nseed = \"1..2,7\"\n\
                bias = [true, \"off\"]\nactivation = \"relu\"\nl2 = 0.5\n";
    let text = "learning-rate=0.0003,1; hidden=50,512-256,none; seed=1,2,7; bias=on,off; activation=relu; l2=0.5";
    assert_eq!(Space::of_toml(grid).unwrap(), Space::grid(text).unwrap());
    let random = "[random]\nseed = 7\nz = \"uniform(0, 1)\"\na = [1, 2.5, \"x\"]\nhidden = [[50], [512, 256]]\nruns = 0x14\n";
    let text = "z=uniform(0,1); a=choice(1,2.5,x); hidden=50,512-256";
    assert_eq!(
        Space::of_toml(random).unwrap(),
        Space::random(text, 20, 7).unwrap()
    );
    let unseeded = Space::of_toml("random = { runs = 2, a = \"1..3\" }").unwrap();
    assert_eq!(unseeded, Space::random("a=1..3", 2, 0).unwrap());
}

#[test]
fn no_text_makes_the_reader_panic() {
    const PARTS: [&str; 44] = [
        "=",
        ";",
        ",",
        "(",
        ")",
        "..",
        ".",
        "-",
        "_",
        "+",
        " ",
        "0",
        "1",
        "9",
        "1e",
        "1e400",
        "5..1",
        "seed",
        "seed=",
        "hidden=",
        "bias=",
        "memory=",
        "a=",
        "b=",
        "l2=",
        "on",
        "off",
        "none",
        "relu",
        "nan",
        "inf",
        "log(",
        "uniform(",
        "choice(",
        "log(1,2,3)",
        "\u{e9}",
        "\u{202e}",
        "\n",
        "\t",
        "\u{1f600}",
        "[grid]\n",
        "[random]\nruns=1\n",
        "\"",
        "[",
    ];
    let mut stream = Stream::new(1, Purpose::Bench, 0);
    let (mut grids, mut randoms) = (0, 0);
    for _ in 0..20_000 {
        let parts = 1 + stream.below(12);
        let part = |_| PARTS[stream.below(PARTS.len() as u32) as usize];
        let text: String = (0..parts).map(part).collect();
        if let Ok(space) = Space::grid(&text) {
            grids += 1;
            space.runs().take(3).for_each(|run| comes_back(&run));
        }
        if let Ok(space) = Space::random(&text, 2, 1) {
            randoms += 1;
            space.runs().for_each(|run| comes_back(&run));
        }
        for text in [
            text.clone(),
            format!("[grid]\n{text}"),
            format!("[grid]\na=\"{text}\""),
        ] {
            if let Ok(space) = Space::of_toml(&text) {
                space.runs().take(3).for_each(|run| comes_back(&run));
            }
        }
        let _ = text.parse::<Assignment>();
    }
    assert!(grids > 20 && randoms > 20, "{grids} {randoms}");
}
