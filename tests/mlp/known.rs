//! Steps of training: scikit-learn's, from known starts.

use std::ops::ControlFlow;

use cognate::model::{
    ClassModel, LearningRate, Mlp, MlpClassifier, MlpRegressor, MlpSolver, Network,
};
use cognate::optim::Progress;
use cognate::{Activation, MatRef};
use serde_json::Value;

fn numbers(v: &Value) -> Vec<f64> {
    let one = |v: &Value| match v {
        Value::Array(_) => numbers(v),
        _ => vec![v.as_f64().expect("a number")],
    };
    v.as_array()
        .expect("an array")
        .iter()
        .flat_map(one)
        .collect()
}

/// The settings of a known case.
fn settings<K>(case: &Value) -> Mlp<K> {
    let s = &case["settings"];
    let number = |key: &str| s[key].as_f64().unwrap();
    let hidden: Vec<usize> = numbers(&s["hidden_layer_sizes"])
        .iter()
        .map(|&n| n as usize)
        .collect();
    let base = Mlp::default()
        .with_hidden_layer_sizes(&hidden)
        .with_activation(match s["activation"].as_str().unwrap() {
            "relu" => Activation::Relu,
            "tanh" => Activation::Tanh,
            "logistic" => Activation::Logistic,
            _ => Activation::Identity,
        })
        .with_solver(match s["solver"].as_str().unwrap() {
            "adam" => MlpSolver::Adam,
            "sgd" => MlpSolver::Sgd,
            _ => MlpSolver::Lbfgs,
        })
        .with_learning_rate(match s["learning_rate"].as_str().unwrap() {
            "constant" => LearningRate::Constant,
            _ => LearningRate::InvScaling,
        })
        .with_nesterovs_momentum(s["nesterovs_momentum"].as_bool().unwrap())
        .with_alpha(number("alpha"))
        .with_learning_rate_init(number("learning_rate_init"))
        .with_power_t(number("power_t"))
        .with_epsilon(number("epsilon"))
        .with_momentum(number("momentum"))
        .with_max_iter(number("max_iter") as usize)
        .with_shuffle(false)
        .with_tol(0.0);
    match s["batch_size"].as_u64() {
        Some(rows) => base.with_batch_size(rows as usize),
        None => base.with_tol(1e-10),
    }
}

/// The parameters of a case, `in x out` as memory has them, layer after layer.
fn parameters(layers: &Value, sizes: &[usize]) -> Vec<f64> {
    let mut all = Vec::new();
    for (layer, sides) in layers.as_array().unwrap().iter().zip(sizes.windows(2)) {
        let (inputs, outputs) = (sides[0], sides[1]);
        let weights = numbers(&layer[0]);
        assert_eq!(weights.len(), inputs * outputs);
        all.extend((0..inputs * outputs).map(|at| weights[at % outputs * inputs + at / outputs]));
        all.extend(numbers(&layer[1]));
    }
    all
}

fn start(case: &Value) -> Network<f64> {
    let classes = case["classes"].as_u64();
    let outputs = classes
        .map(|k| if k == 2 { 1 } else { k })
        .or(case["outputs"].as_u64());
    let mut sizes = vec![3];
    sizes.extend(
        numbers(&case["settings"]["hidden_layer_sizes"])
            .iter()
            .map(|&n| n as usize),
    );
    sizes.push(outputs.unwrap() as usize);
    let activation = match case["settings"]["activation"].as_str().unwrap() {
        "relu" => Activation::Relu,
        "tanh" => Activation::Tanh,
        "logistic" => Activation::Logistic,
        _ => Activation::Identity,
    };
    Network::new(&sizes, activation, parameters(&case["start"], &sizes)).unwrap()
}

#[test]
fn steps_are_those_of_scikit_learn() {
    let known: Value = serde_json::from_str(include_str!("../data/mlp.json")).unwrap();
    let cases = known["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 7);
    let mut ignore = |_: &Progress| ControlFlow::Continue(());
    for case in cases {
        let name = case["case"].as_str().unwrap();
        let (x, y, network) = (numbers(&case["x"]), numbers(&case["y"]), start(case));
        let x = MatRef::planned(&x, 13, 3);
        let sizes = network.sizes();
        let (end, report) = if case["classes"].is_u64() {
            let labels: Vec<u32> = y.iter().map(|&y| y as u32).collect();
            let mlp: MlpClassifier = settings(case);
            let mut training = mlp
                .start_from(&ClassModel::from_map(network).unwrap())
                .unwrap();
            let report = mlp
                .resume(&mut training, x, &labels, None, &mut ignore)
                .unwrap();
            (training.network(), report)
        } else {
            let mlp: MlpRegressor = settings(case);
            let mut training = mlp.start_from(&network).unwrap();
            let y = MatRef::planned(&y, 13, y.len() / 13);
            let report = mlp.resume(&mut training, x, y, None, &mut ignore).unwrap();
            (training.network(), report)
        };
        if name.starts_with("lbfgs") {
            // scikit-learn stops where a step gains less than a 1e-9th part.
            let loss = case["loss"].as_f64().unwrap();
            assert!((loss - 1e-9..=loss).contains(&report.value), "{report:?}");
            continue;
        }
        // 18 steps over sums of up to 20 terms of size 1, amplified by Adam's quotients of small gradients.
        let bound = 1e4 * f64::EPSILON;
        // With several outputs scikit-learn reports the loss a number, but steps on the loss a row.
        if sizes.last() == Some(&1) || case["classes"].is_u64() {
            assert_eq!(report.iterations, 6);
            for (ours, theirs) in report.history.iter().zip(numbers(&case["losses"])) {
                assert!(
                    (ours - theirs).abs() <= bound,
                    "{name}: loss {ours}, not {theirs}"
                );
            }
        }
        for (ours, theirs) in end.params().iter().zip(parameters(&case["end"], &sizes)) {
            assert!(
                (ours - theirs).abs() <= bound,
                "{name}: {ours}, not {theirs}"
            );
        }
    }
}
