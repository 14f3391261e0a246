//! Known answers: `data/mtl.json`, as its `meta` describes it.

use cognate::mtl::Kind;
use cognate::mtl::linear::prox::{
    Dirty, Elastic, L1, L21, Norm, TaskGroup, TaskTree, Trace, TreeLasso,
};
use cognate::mtl::linear::{FitSettings, Fitted, LinearMethod};
use serde_json::Value;

use crate::floats::floats;
use crate::problem::{Problem, apart, name, transposed};

/// The stated tolerances.
const PROX: f64 = 1e-10;
const COEFFICIENTS: f64 = 1e-6;
const OBJECTIVE: f64 = 1e-9;

fn file() -> Value {
    let file: Value = serde_json::from_str(include_str!("../data/mtl.json")).unwrap();
    file["structural"].clone()
}

/// To the last digits, and as the file's losses: without an intercept.
pub fn exact() -> FitSettings {
    FitSettings::default()
        .with_intercept(false)
        .with_tol(1e-15)
        .with_max_iter(100_000)
}

/// The three tasks on rows of their own.
fn problem(file: &Value) -> Problem {
    let tasks = &file["problem"];
    let (x, y) = (
        tasks["X"].as_array().unwrap(),
        tasks["y"].as_array().unwrap(),
    );
    let pairs: Vec<_> = x
        .iter()
        .zip(y)
        .map(|(x, y)| (floats(x), floats(y)))
        .collect();
    Problem::own(5, Kind::Number, &pairs)
}

/// The fit has the weights `w: d x T` and the objective of the file.
fn check(what: &str, fitted: &Fitted, answer: &Value) {
    let wanted = floats(&answer["W"]);
    let wanted = transposed(&wanted, fitted.model.len());
    let found = fitted.model.coef();
    let found = found.as_slice().unwrap();
    let difference = apart(found, &wanted);
    assert!(
        difference <= COEFFICIENTS,
        "{what}: {difference:e} in {found:?}, {fitted:?}"
    );
    let objective = answer["objective"].as_f64().unwrap();
    assert!(
        (fitted.objective - objective).abs() <= OBJECTIVE * objective,
        "{what}: {} not {objective}, {fitted:?}",
        fitted.objective
    );
}

#[test]
fn proximal_steps() {
    let file = file();
    let prox = &file["prox"];
    let (input, step) = (floats(&prox["input_V"]), prox["step"].as_f64().unwrap());
    let group = |group: &Value| {
        let tasks = floats(&group["tasks"]);
        let tasks: Vec<usize> = tasks.iter().map(|&t| t as usize).collect();
        (tasks, group["weight"].as_f64().unwrap())
    };
    let groups = prox["tree_groups"].as_array().unwrap();
    let tree = TaskTree::new(groups.iter().map(group).collect()).unwrap();
    let cases = [
        ("l1", Norm::Entries),
        ("l21_rows", Norm::Rows),
        ("nuclear", Norm::Nuclear),
        ("l1_inf_rows", Norm::RowMaxima),
        ("tree_rows_leaf_to_root_composition", Norm::Tree(tree)),
    ];
    for (key, norm) in cases {
        let mut w = input.clone();
        let value = norm.prox(step, &mut w, 3);
        let wanted = floats(&prox[key]);
        assert!(apart(&w, &wanted) <= PROX, "{key}: {w:?}, not {wanted:?}");
        assert!(
            (value - norm.value(&wanted, 3)).abs() <= PROX,
            "{key}: {value}"
        );
    }
}

#[test]
fn optima_of_one_norm() {
    let file = file();
    let problem = problem(&file);
    let methods: [(&str, Box<dyn LinearMethod>); 3] = [
        ("l21", Box::new(L21::default().with_settings(exact()))),
        ("l1", Box::new(L1::default().with_settings(exact()))),
        ("nuclear", Box::new(Trace::default().with_settings(exact()))),
    ];
    for (key, method) in methods {
        let answer = &file["solutions_squared_loss"][key];
        let lambda_max = answer["lambda_max"].as_f64().unwrap();
        let grid = method.grid(&problem.set()).unwrap();
        assert!(
            (grid[0] - lambda_max).abs() <= OBJECTIVE * lambda_max,
            "{key}: {}",
            grid[0]
        );
        let solutions = answer["solutions"].as_array().unwrap();
        assert!(!solutions.is_empty());
        for solution in solutions {
            let lambda = solution["lam"].as_f64().unwrap();
            let fitted = method.at(lambda).fit(&problem.set()).unwrap();
            check(&format!("{key} at {lambda}"), &fitted, solution);
        }
    }
}

#[test]
fn dirty() {
    let file = file();
    let answer = &file["solutions_squared_loss"]["dirty_l21_variant"];
    let (l1, l2) = (
        answer["l1"].as_f64().unwrap(),
        answer["l2"].as_f64().unwrap(),
    );
    let method = Dirty::default().with_lambda(l1).with_shared(l2 / l1);
    let fitted = method
        .with_settings(exact())
        .fit(&problem(&file).set())
        .unwrap();
    check("dirty", &fitted, answer);
}

#[test]
fn multi_task_lasso() {
    let file = file();
    let answer = &file["sklearn_multitasklasso"];
    let (x, y) = (floats(&answer["X"]), floats(&answer["Y"]));
    let n = x.len() as f64 / 5.0;
    let problem = Problem::shared(5, &[Kind::Number; 3], &x, &y);
    let lambda = |key: &str| answer[key].as_f64().unwrap() * n;
    let wanted = transposed(&floats(&answer["W"]), 3);
    let method = L21::default().with_settings(exact());
    assert!((method.grid(&problem.set()).unwrap()[0] / lambda("alpha_max") - 1.0).abs() <= 1e-12);
    let tree = TreeLasso::new(vec![TaskGroup::new(&[&name(0), &name(1), &name(2)], 1.0)]);
    let methods: [Box<dyn LinearMethod>; 3] = [
        Box::new(method),
        Box::new(Elastic::default().with_l1_ratio(1.0).with_settings(exact())),
        Box::new(tree.with_settings(exact())),
    ];
    for method in methods {
        let fitted = method.at(lambda("alpha")).fit(&problem.set()).unwrap();
        let difference = apart(fitted.model.coef().as_slice().unwrap(), &wanted);
        assert!(
            difference <= COEFFICIENTS,
            "{}: {difference:e}",
            method.name()
        );
    }
}

/// scikit-learn's multi-task lasso and elastic net, and its lasso with weights, to the promised objective and coefficients.
#[test]
fn scikit_learn() {
    let file: Value = serde_json::from_str(include_str!("../data/mtl/lasso.json")).unwrap();
    let cases = file["cases"].as_array().unwrap();
    assert!(!cases.is_empty());
    for case in cases {
        let coef = case["coef"].as_array().unwrap();
        let kinds = vec![Kind::Number; coef.len()];
        let features = case["features"].as_u64().unwrap() as usize;
        let (x, y) = (floats(&case["x"]), floats(&case["y"]));
        let mut problem = Problem::shared(features, &kinds, &x, &y);
        let weights = &case["sample_weight"];
        problem.weights = (!weights.is_null()).then(|| floats(weights));
        let settings = exact().with_intercept(case["intercept"].as_bool().unwrap());
        let number = |key: &str| case[key].as_f64().unwrap();
        let elastic = Elastic::default().with_l1_ratio(number("l1_ratio"));
        let elastic = elastic
            .with_lambda(number("lambda"))
            .with_settings(settings);
        let fitted = elastic.fit(&problem.set()).unwrap();
        let objective = number("objective");
        assert!(
            (fitted.objective / objective - 1.0).abs() <= 1e-8,
            "{case}: {fitted:?}"
        );
        let found = fitted.model.coef();
        assert!(
            apart(found.as_slice().unwrap(), &floats(&case["coef"])) <= 1e-5,
            "{case}"
        );
        assert!(
            apart(fitted.model.intercept(), &floats(&case["bias"])) <= 1e-5,
            "{case}"
        );
    }
}
