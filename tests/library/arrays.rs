//! Data sets made from arrays in memory.

use gingham::data::{Dataset, Features, Images, Labelled, LabelledFeatures};
use gingham::error::Error;
use ndarray::{Array2, Array3, ArrayView2, ArrayView3, Axis, s};

use crate::support::labelled;

const LABELS: [u8; 6] = [0, 2, 1, 2, 0, 1];

/// Six images of 4 x 3 pixels, all of which differ.
fn array() -> Array3<u8> {
    let mut next = 0;
    Array3::from_shape_simple_fn((6, 4, 3), || {
        next += 3;
        next
    })
}

/// Whether the images are those of the array, pixel by pixel.
fn are(images: &Images, array: ArrayView3<'_, u8>) -> bool {
    let (count, rows, columns) = array.dim();
    let pixels = |image: ArrayView2<'_, u8>| -> Vec<u8> {
        let places = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
        places.map(|place| image[place]).collect()
    };
    (images.count(), images.rows(), images.columns()) == (count, rows, columns)
        && (0..count)
            .all(|index| images.image(index) == pixels(array.index_axis(Axis(0), index)))
}

#[test]
fn images_are_read_in_the_order_of_the_view() {
    let array = array();
    let views = [
        ("as it lies", array.view()),
        ("reversed", array.slice(s![..;-1, .., ..;-1])),
        ("upside down", array.slice(s![.., ..;-1, ..])),
        ("every second", array.slice(s![..;2, 1.., ..])),
        ("transposed", array.view().permuted_axes([0, 2, 1])),
        ("pixels first", array.view().permuted_axes([2, 0, 1])),
        ("repeated", array.slice(s![..1, .., ..])),
    ];
    for (what, view) in views {
        assert!(are(&Images::from_array(view).unwrap(), view), "{what}");
        let labels = &LABELS[..view.dim().0];
        let labelled = Labelled::from_arrays(view, labels).unwrap();
        assert!(are(&labelled.images, view), "{what}");
        assert_eq!(labelled.labels, labels);
    }
    let one = array.slice(s![..1, .., ..]);
    let broadcast = one.broadcast((6, 4, 3)).unwrap();
    assert!(are(&Images::from_array(broadcast).unwrap(), broadcast));
}

#[test]
fn labels_from_memory_have_the_digest_of_their_file() {
    // As in tests/library/data.rs, where they come from a file.
    let digest = "79533d497dbf726e36152730ef52dcfbccf8392f4f6a854d3e69bd30d95c42f2";
    let labelled = Labelled::from_arrays(array().view(), &LABELS).unwrap();
    assert_eq!(labelled.labels_sha256, digest);
    assert_eq!(labelled.images.path().as_os_str(), "");
    assert_eq!(labelled.labels_path().as_os_str(), "");
    let features = Array2::<f32>::zeros((6, 2));
    let features = LabelledFeatures::from_arrays(features.view(), &LABELS).unwrap();
    assert_eq!(features.labels_sha256, digest);
    assert_eq!(features.labels, LABELS);
}

#[test]
fn features_are_read_in_the_order_of_the_view() {
    let mut next = 0.0;
    let array = Array2::from_shape_simple_fn((5, 3), || {
        next += 0.5_f32;
        next
    });
    for (what, view) in [
        ("as it lies", array.view()),
        ("reversed", array.slice(s![..;-1, ..;-1])),
        ("transposed", array.t()),
        ("every second", array.slice(s![1..;2, ..])),
    ] {
        let features = Features::from_array(view).unwrap();
        assert_eq!(
            (features.count(), features.per_sample()),
            view.dim(),
            "{what}"
        );
        for (index, row) in view.rows().into_iter().enumerate() {
            assert_eq!(features.sample(index), row.to_vec(), "{what}");
        }
    }
}

/// What is said of an array.
fn refused<T>(result: Result<T, Error>) -> (&'static str, String, String) {
    match result {
        Err(Error::Array {
            array,
            expected,
            found,
        }) => (array, expected, found),
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("an array that is not sound was taken"),
    }
}

#[test]
fn arrays_without_numbers_are_refused() {
    for shape in [(2, 0, 3), (2, 3, 0), (0, 0, 0)] {
        let (array, expected, found) = refused(Images::from_array(Array3::zeros(shape).view()));
        assert_eq!(array, "images");
        assert!(expected.contains("at least one row and one column"));
        assert_eq!(found, format!("[{}, {}, {}]", shape.0, shape.1, shape.2));
    }
    let none = Array2::<f32>::zeros((4, 0));
    let (array, expected, found) = refused(Features::from_array(none.view()));
    assert_eq!(array, "features");
    assert!(expected.contains("at least one feature"));
    assert_eq!(found, "[4, 0]");
    // No image at all is no defect of an array.
    assert_eq!(labelled(2, 3, &[], &[]).images.count(), 0);
    let none = Array2::<f32>::zeros((0, 4));
    assert_eq!(Features::from_array(none.view()).unwrap().count(), 0);
}

#[test]
fn more_samples_than_an_index_can_name_are_refused() {
    // One pixel, shown 2³² times: refused before anything is copied.
    let most = 1_usize << 32;
    let one = Array3::<u8>::zeros((1, 1, 1));
    let many = one.broadcast((most, 1, 1)).unwrap();
    let (array, _, found) = refused(Images::from_array(many));
    assert_eq!((array, found), ("images", format!("[{most}, 1, 1]")));
    let one = Array2::<f32>::zeros((1, 1));
    let many = one.broadcast((most, 1)).unwrap();
    let (array, _, found) = refused(Features::from_array(many));
    assert_eq!((array, found), ("features", format!("[{most}, 1]")));
}

#[test]
fn features_that_are_not_finite_are_refused_by_their_place() {
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut array = Array2::<f32>::zeros((4, 3));
        array[[1, 2]] = bad;
        let (array_name, expected, found) = refused(Features::from_array(array.view()));
        assert_eq!((array_name, &*expected), ("features", "finite numbers"));
        assert_eq!(found, format!("{bad} at [1, 2]"));
        // The place is that of the view.
        let (_, _, found) = refused(Features::from_array(array.t()));
        assert_eq!(found, format!("{bad} at [2, 1]"));
        let labels = [0; 4];
        let (_, _, found) = refused(LabelledFeatures::from_arrays(array.view(), &labels));
        assert_eq!(found, format!("{bad} at [1, 2]"));
    }
}

#[test]
fn labels_must_be_as_many_as_samples() {
    let images = array();
    let features = Array2::<f32>::zeros((6, 2));
    for labels in [&LABELS[..5], &[0; 7], &[]] {
        let count = labels.len().to_string();
        let (array, expected, found) = refused(Labelled::from_arrays(images.view(), labels));
        assert_eq!((array, &found), ("labels", &count));
        assert_eq!(expected, "6, one for each image");
        let features = LabelledFeatures::from_arrays(features.view(), labels);
        let (array, expected, found) = refused(features);
        assert_eq!((array, &found), ("labels", &count));
        assert_eq!(expected, "6, one for each sample");
    }
}

/// What is said of parts that do not belong together.
fn mismatch(result: Result<Dataset, Error>) -> (String, String) {
    match result {
        Err(Error::Mismatch {
            expected, found, ..
        }) => (expected, found),
        other => panic!("{other:?}"),
    }
}

#[test]
fn parts_of_a_data_set_must_belong_together() {
    let train = || labelled(4, 3, &[7; 72], &LABELS);
    let data = Dataset::new(train(), Some(labelled(4, 3, &[7; 24], &[1, 2]))).unwrap();
    assert_eq!(data.classes, ["0", "1", "2"]);
    assert_eq!(data.test.as_ref().unwrap().labels, [1, 2]);
    let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    let named = data.with_classes(names(&["cup", "pot", "pan", "jug"]));
    let named = named.unwrap();
    assert_eq!(named.classes, ["cup", "pot", "pan", "jug"]);
    assert!(named.test.is_some());
    let (expected, found) = mismatch(named.with_classes(names(&["cup", "pot"])));
    assert!(expected.starts_with("labels 0 to 1"), "{expected}");
    assert_eq!(found, "label 2 at image 1");
    let turned = labelled(3, 4, &[7; 24], &[1, 2]);
    let (expected, found) = mismatch(Dataset::new(train(), Some(turned)));
    assert!(expected.starts_with("images of 4 x 3 pixels"), "{expected}");
    assert_eq!(found, "3 x 4");
    let beyond = labelled(4, 3, &[7; 24], &[1, 3]);
    let (_, found) = mismatch(Dataset::new(train(), Some(beyond)));
    assert_eq!(found, "label 3 at image 1");
}
