//! The plan of a sweep: what is said of each mistake in it.

use gingham::sweep::Space;

fn said(space: gingham::error::Result<Space>) -> String {
    match space {
        Ok(space) => panic!("expected a refusal, found {space:?}"),
        Err(error) => error.to_string(),
    }
}

/// Texts of a grid, and what is said of each.
const OF_A_GRID: &[(&str, &str)] = &[
    ("", "column 1: expected name=values, found nothing"),
    (" ; ;", "column 1: expected name=values, found '; ;'"),
    (
        "seed=1; epochs",
        "column 9: expected name=values, found 'epochs'",
    ),
    (
        "=1",
        "column 1: expected the name of a setting, of letters, digits, '-' and '_', found nothing",
    ),
    (
        "\u{e9}=1",
        "column 1: expected the name of a setting, of letters, digits, '-' and '_', found '\u{e9}'",
    ),
    (
        "l-r=1;l_r=2",
        "column 7: l_r: expected each setting once, found it again",
    ),
    ("seed=", "column 6: seed: expected a value, found nothing"),
    ("seed=1,", "column 8: seed: expected a value, found nothing"),
    (
        "seed=1,,2",
        "column 8: seed: expected a value, found nothing",
    ),
    (
        "engine=\u{e9}, a b",
        "column 11: engine: expected a number or a word, found 'a b'",
    ),
    (
        "engine='x'",
        "column 8: engine: expected a number or a word, found ''x''",
    ),
    (
        "engine=-relu",
        "column 8: engine: expected a number or a word, found '-relu'",
    ),
    (
        "engine=x\u{202e}y",
        "column 8: engine: expected a number or a word, found '$'x\\u202ey''",
    ),
    (
        "learning-rate=0.1.2",
        "column 15: learning-rate: expected a number, found '0.1.2'",
    ),
    ("l2=1e", "column 4: l2: expected a number, found '1e'"),
    ("l2=2G", "column 4: l2: expected a number, found '2G'"),
    (
        "l2=nan",
        "column 4: l2: expected a finite number, found 'nan'",
    ),
    (
        "l2=0,-Inf",
        "column 6: l2: expected a finite number, found '-Inf'",
    ),
    (
        "l2=1e999",
        "column 4: l2: expected a finite number, found '1e999'",
    ),
    (
        "seed=9223372036854775808",
        "column 6: seed: expected a whole number of at most 64 bits, found '9223372036854775808'",
    ),
    (
        "bias=true",
        "column 6: bias: expected on or off, found 'true'",
    ),
    (
        "bias=0..1",
        "column 6: bias: expected on or off, found '0..1'",
    ),
    (
        "hidden=50-",
        "column 8: hidden: expected widths such as 512-256, or none, found '50-'",
    ),
    (
        "hidden=relu",
        "column 8: hidden: expected widths such as 512-256, or none, found 'relu'",
    ),
    (
        "hidden=-1..2",
        "column 8: hidden: expected widths such as 512-256, or none, found '-1..2'",
    ),
    ("data=a(b)", "column 6: data: expected a word, found 'a(b)'"),
    (
        "seed=5..1",
        "column 6: seed: expected a range that goes up, found '5..1'",
    ),
    (
        "l2=0.1..0.5",
        "column 4: l2: expected a range of whole numbers such as 1..5, found '0.1..0.5'",
    ),
    (
        "seed=1..",
        "column 6: seed: expected a range of whole numbers such as 1..5, found '1..'",
    ),
    (
        "seed=a..b",
        "column 6: seed: expected a range of whole numbers such as 1..5, found 'a..b'",
    ),
    (
        "seed=1..1000001",
        "column 6: seed: expected a range of at most 1000000 numbers, found '1..1000001'",
    ),
    (
        "x=-9223372036854775808..9223372036854775807",
        "column 3: x: expected a range of at most 1000000 numbers, found '-9223372036854775808..9223372036854775807'",
    ),
    (
        "a=1..1000000;b=1",
        "column 16: b: expected at most 1000000 values of all settings, found more",
    ),
    (
        "l2=0,0.5,0.50",
        "column 10: l2: expected each value once, found 0.5 again",
    ),
    (
        "l2=1,1.0",
        "column 6: l2: expected each value once, found 1.0 again",
    ),
    (
        "seed=1..5,3",
        "column 11: seed: expected each value once, found 3 again",
    ),
    (
        "hidden=50,50-1,50",
        "column 16: hidden: expected each value once, found 50 again",
    ),
    (
        "l2=log(1,1.0000001,9)",
        "column 4: l2: expected each value once, found 1.0 again",
    ),
    (
        "l2=log(0,1,3)",
        "column 8: l2: expected a number above 0, found '0'",
    ),
    (
        "l2=log(-1,1,3)",
        "column 8: l2: expected a number above 0, found '-1'",
    ),
    (
        "l2=log(1,-1,3)",
        "column 10: l2: expected a number above 0, found '-1'",
    ),
    (
        "l2=log(1,1,3)",
        "column 10: l2: expected a number above 1, found '1'",
    ),
    (
        "l2=log(1,x,3)",
        "column 10: l2: expected a number, found 'x'",
    ),
    (
        "l2=log(1,inf,3)",
        "column 10: l2: expected a finite number, found 'inf'",
    ),
    (
        "l2=log(1,2,1)",
        "column 12: l2: expected a whole number from 2 to 10000, found '1'",
    ),
    (
        "l2=log(1,2,10001)",
        "column 12: l2: expected a whole number from 2 to 10000, found '10001'",
    ),
    (
        "l2=log(1,2,2.5)",
        "column 12: l2: expected a whole number from 2 to 10000, found '2.5'",
    ),
    (
        "l2=log(1,2)",
        "column 4: l2: expected log(low, high, count), found 'log(1,2)'",
    ),
    (
        "l2=log(1,2,3)4",
        "column 14: l2: expected nothing behind ')', found '4'",
    ),
    (
        "l2=exp(1,2,3)",
        "column 4: l2: expected log(low, high, count), found 'exp'",
    ),
    (
        "l2=uniform(0,1)",
        "column 4: l2: expected log(low, high, count), found 'uniform'",
    ),
    (
        "l2=log(1,2,3;seed=1",
        "column 7: l2: expected ')' behind '(', found none",
    ),
    (
        "l2=1),2",
        "column 5: l2: expected '(' before ')', found none",
    ),
    ("l2=1=2", "column 4: l2: expected a number, found '1=2'"),
];

#[test]
fn mistakes_of_a_grid_are_told_with_their_column() {
    for &(text, says) in OF_A_GRID {
        assert_eq!(said(Space::grid(text)), format!("grid: {says}"), "{text}");
    }
    let long = said(Space::grid(&format!("seed={}", "x y".repeat(100_000))));
    assert!(long.chars().count() < 250, "{long}");
}

#[test]
fn mistakes_of_a_random_plan_are_told_with_their_column() {
    for (text, says) in [
        (
            "a=uniform(1,1)",
            "column 13: a: expected a number above 1, found '1'",
        ),
        (
            "a=uniform(2,1)",
            "column 13: a: expected a number above 2, found '1'",
        ),
        (
            "a=uniform(0,nan)",
            "column 13: a: expected a finite number, found 'nan'",
        ),
        (
            "a=log(0,1)",
            "column 7: a: expected a number above 0, found '0'",
        ),
        (
            "a=log(2,1)",
            "column 9: a: expected a number above 2, found '1'",
        ),
        (
            "a=choice()",
            "column 10: a: expected a value, found nothing",
        ),
        (
            "a=choice(1,1)",
            "column 12: a: expected each value once, found 1 again",
        ),
        (
            "a=choice(1,log(1,2))",
            "column 12: a: expected a value, as functions stand alone, found 'log(1,2)'",
        ),
        (
            "a=1,uniform(1,2)",
            "column 5: a: expected a value, as functions stand alone, found 'uniform(1,2)'",
        ),
        (
            "a=5..1",
            "column 3: a: expected a range that goes up, found '5..1'",
        ),
        (
            "bias=uniform(0,1)",
            "column 6: bias: expected choice(a, b, ..) or a list, found 'uniform(0,1)'",
        ),
    ] {
        assert_eq!(
            said(Space::random(text, 1, 1)),
            format!("random: {says}"),
            "{text}"
        );
    }
    for call in ["normal(0,1)", "log(1,2,3)", "uniform(1)", "(1,2)"] {
        let says =
            "column 3: a: expected uniform(low, high), log(low, high) or choice(a, b, ..), found";
        let said = said(Space::random(&format!("a={call}"), 1, 1));
        assert_eq!(said, format!("random: {says} '{call}'"));
    }
    let none = said(Space::random("a=1", 0, 1));
    assert_eq!(
        none,
        "random: runs: expected a whole number from 1, found 0"
    );
}

/// Files, and what is said of each.
const OF_A_FILE: &[(&str, &str)] = &[
    (
        "",
        "plan: line 1: expected [grid] or [random], found nothing",
    ),
    (
        "\ngrid = 1",
        "plan: line 2: expected [grid] or [random], found 'grid'",
    ),
    (
        "seed = 1",
        "plan: line 1: expected [grid] or [random], found 'seed'",
    ),
    (
        "[grid]\na = 1\n[random]\na = 1",
        "plan: line 3: expected [grid] or [random], found 'random' beside 'grid'",
    ),
    ("[grid]\n", "grid: line 1: expected settings, found none"),
    (
        "[random]\nruns = 1\n",
        "random: line 1: expected settings, found none",
    ),
    (
        "[random]\na = 1",
        "random: line 1: runs: expected a whole number from 1, found nothing",
    ),
    (
        "[random]\na = 1\nruns = 0",
        "random: line 3: runs: expected a whole number from 1 to 4294967295, found '0'",
    ),
    (
        "[random]\nruns = 1\nseed = \"1..5\"",
        "random: line 3: seed: expected a whole number from 0 to 4294967295, found '\"1..5\"'",
    ),
    (
        "[grid]\na = []",
        "grid: line 2: a: expected a list of values, found an empty one",
    ),
    (
        "[grid]\na = [1,\n  1.0]",
        "grid: line 3: a: expected each value once, found 1.0 again",
    ),
    (
        "[grid]\na-b = 1\na_b = 2",
        "grid: line 3: a_b: expected each setting once, found it again",
    ),
    (
        "[grid]\n\"\" = 1",
        "grid: line 2: expected the name of a setting, of letters, digits, '-' and '_', found nothing",
    ),
    (
        "[grid]\nseed = \"1..5,\"",
        "grid: line 2: seed: expected a value, found nothing",
    ),
    (
        "[grid]\nseed = [\"1..5\"]",
        "grid: line 2: seed: expected a number, found '1..5'",
    ),
    (
        "[grid]\na = [1, inf]",
        "grid: line 2: a: expected a finite number, found 'inf'",
    ),
    (
        "[grid]\na = [9223372036854775808]",
        "grid: line 2: a: expected a whole number of at most 64 bits, found '9223372036854775808'",
    ),
    (
        "[grid]\na = [true]",
        "grid: line 2: a: expected a number or a word in quotes, found 'true'",
    ),
    (
        "[grid]\na = 2026-11-26",
        "grid: line 2: a: expected a number or a word in quotes, found '2026-11-26'",
    ),
    (
        "[grid]\na = [[1]]",
        "grid: line 2: a: expected a number or a word in quotes, found '[1]'",
    ),
    (
        "[grid]\nbias = [1]",
        "grid: line 2: bias: expected true or false, found '1'",
    ),
    (
        "[grid]\nmemory = [1000]",
        "grid: line 2: memory: expected a text in quotes, found '1000'",
    ),
    (
        "[grid]\nhidden = [512, 256]",
        "grid: line 2: hidden: expected a list of widths such as [512, 256], found '512'",
    ),
    (
        "[grid]\nhidden = [[-1]]",
        "grid: line 2: hidden: expected a list of widths such as [512, 256], found '[-1]'",
    ),
    (
        "[random]\nruns = 1\na = \"uniform(2,1)\"",
        "random: line 3: a: expected a number above 2, found '1'",
    ),
];

#[test]
fn mistakes_of_a_file_are_told_with_their_line() {
    for &(text, says) in OF_A_FILE {
        assert_eq!(said(Space::of_toml(text)), says, "{text}");
    }
    let syntax = said(Space::of_toml("[grid]\na = [1"));
    assert!(syntax.starts_with("plan: line 2: "), "{syntax}");
}
