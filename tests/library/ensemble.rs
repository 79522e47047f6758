//! Models of several networks: their file, their answers, and what does not go together.

use gingham::data::Dataset;
use gingham::engine::EngineKind;
use gingham::evaluate::{Predictor, Tta};
use gingham::model::AnyModel;
use gingham::scalar::Dtype;
use gingham::train::{NoObserver, Plan, Preset, Start, TrainOptions, train};

use crate::support::{garments, machine};

fn trained(data: &Dataset, change: impl Fn(&mut TrainOptions)) -> AnyModel {
    let mut options = TrainOptions {
        hidden: vec![12],
        epochs: 2,
        split_seed: Some(1),
        engine: EngineKind::Blas,
        ..TrainOptions::of(Preset::Plain)
    };
    change(&mut options);
    let machine = machine(2);
    let plan = Plan::new(&options, data, &machine).unwrap();
    train(&plan, &mut NoObserver).unwrap().model
}

fn three(data: &Dataset, dtype: Dtype) -> Vec<AnyModel> {
    let hidden: [&[usize]; 3] = [&[12], &[9, 7], &[]];
    let seeded = (1..).zip(hidden);
    let models = seeded.map(|(seed, hidden)| {
        trained(data, |options| {
            (options.seed, options.dtype) = (seed, dtype);
            options.hidden = hidden.to_vec();
        })
    });
    models.collect()
}

#[test]
fn an_ensemble_answers_with_the_mean_of_its_networks() {
    let data = garments(120, 30, 5);
    let machine = machine(2);
    for dtype in [Dtype::F32, Dtype::F64] {
        let models = three(&data, dtype);
        let ensemble = AnyModel::ensemble(models.clone()).unwrap();
        assert_eq!(ensemble.networks(), 3);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("three.safetensors");
        ensemble.save(&path).unwrap();
        let read = AnyModel::open(&path).unwrap();
        assert!(read == ensemble, "what is written is read back");
        let test = data.test.as_ref().unwrap();
        for tta in [None, Some(Tta::Flip)] {
            let ask = |model: &AnyModel| {
                let mut asked = Predictor::new(&machine, model).with_tta(tta);
                asked.probabilities(&test.images).unwrap()
            };
            let each: Vec<Vec<f64>> = models.iter().map(ask).collect();
            let found = ask(&read);
            for (place, found) in found.iter().enumerate() {
                let mean = each.iter().map(|one| one[place]).sum::<f64>() / 3.0;
                assert!((found - mean).abs() < 1e-14, "{dtype:?} {tta:?} {place}");
            }
            let mut asked = Predictor::new(&machine, &read).with_tta(tta);
            let classes = asked.predict(&test.images).unwrap();
            for (class, row) in classes.iter().zip(found.chunks_exact(10)) {
                assert!(row.iter().all(|share| *share <= row[*class]));
            }
            // The loss is that of the mean output of the right class.
            let indices: Vec<u32> = (0..30).collect();
            let evaluation = asked.evaluation(test, &indices).unwrap();
            let rows = found.chunks_exact(10).zip(&test.labels);
            let loss: f64 = rows
                .map(|(row, &label)| -row[usize::from(label)].ln())
                .sum();
            // In f32, probabilities and sums are rounded each by itself.
            assert!((evaluation.loss - loss / 30.0).abs() < 1e-6, "{tta:?}");
        }
        let refused = Start::open(&path).unwrap_err().to_string();
        assert!(refused.contains("an ensemble of 3"), "{refused}");
    }
}

#[test]
fn what_does_not_go_together_is_named() {
    let data = garments(120, 30, 5);
    let first = trained(&data, |_| ());
    let joined = |change: &dyn Fn(&mut TrainOptions)| {
        let other = trained(&data, change);
        AnyModel::ensemble(vec![first.clone(), first.clone(), other]).unwrap_err()
    };
    for (change, what) in [
        (
            &(|options: &mut TrainOptions| options.dtype = Dtype::F64)
                as &dyn Fn(&mut TrainOptions),
            "type of numbers",
        ),
        (
            &|options| options.activation = gingham::model::Activation::Tanh,
            "activation",
        ),
        (&|options| options.split_seed = Some(2), "split"),
        (&|options| options.holdout = 0.5, "split"),
        (
            &|options| options.scale = gingham::model::Scale::Global,
            "scale",
        ),
    ] {
        assert_eq!(joined(change), (2, what));
    }
    let other = garments(121, 30, 5);
    let other = trained(&other, |_| ());
    let refused = AnyModel::ensemble(vec![first, other]);
    assert_eq!(refused.unwrap_err(), (1, "data"));
}
