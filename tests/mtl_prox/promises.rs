//! What holds whatever the data: zeros at and above `lambda_max`, tasks in any order, labels dropped or rows deleted, weights or copies.

use cognate::mtl::Kind;
use cognate::mtl::linear::prox::{
    Common, Dirty, Elastic, L1, L21, Robust, RowSize, TaskGroup, Trace, TreeLasso,
};
use cognate::mtl::linear::{FitSettings, Fitted, LinearMethod};

use crate::Random;
use crate::known::exact;
use crate::problem::{Problem, apart, kind, name};
use crate::proximal::random_task;

/// Two ways to the same optimum, both to a gap of 1e-15 of an objective of some tens: W is good to about its root.
pub const SAME: f64 = 1e-6;

pub fn tight() -> FitSettings {
    exact().with_intercept(true)
}

/// Tasks with the same or other rows.
pub fn random_problem(
    seed: u64,
    classes: &[usize],
    rows: usize,
    features: usize,
    shared: bool,
) -> Problem {
    let mut random = Random::new(seed);
    let tasks: Vec<_> = classes
        .iter()
        .map(|&c| random_task(&mut random, rows, features, c))
        .collect();
    if shared {
        let kinds: Vec<Kind> = classes.iter().map(|&c| kind(c)).collect();
        let labels = (0..rows).flat_map(|i| tasks.iter().map(move |task| task.y[i]));
        let y: Vec<f64> = labels.collect();
        return Problem::shared(features, &kinds, &tasks[0].x.concat(), &y);
    }
    let pairs: Vec<_> = tasks.iter().map(|t| (t.x.concat(), t.y.clone())).collect();
    let mut problem = Problem::own(features, Kind::Number, &pairs);
    for (task, &c) in problem.tasks.iter_mut().zip(classes) {
        task.kind = kind(c);
    }
    problem
}

pub fn all(settings: FitSettings, tasks: usize) -> Vec<Box<dyn LinearMethod>> {
    vec![
        Box::new(L21::default().with_settings(settings)),
        Box::new(L1::default().with_settings(settings)),
        Box::new(Elastic::default().with_settings(settings)),
        Box::new(Trace::default().with_settings(settings)),
        Box::new(Dirty::default().with_settings(settings)),
        Box::new(
            Dirty::default()
                .with_size(RowSize::Largest)
                .with_settings(settings),
        ),
        Box::new(Robust::default().with_settings(settings)),
        Box::new(
            Robust::default()
                .with_common(Common::Features)
                .with_settings(settings),
        ),
        Box::new(tree(tasks, |t| t / 2).with_settings(settings)),
    ]
}

/// All tasks in one group, and groups by `of`.
pub fn tree(tasks: usize, of: impl Fn(usize) -> usize) -> TreeLasso {
    let group = |members: &mut dyn Iterator<Item = usize>, weight| TaskGroup {
        tasks: members.map(name).collect(),
        weight,
    };
    let mut groups = vec![group(&mut (0..tasks), 0.6)];
    for g in 0..tasks {
        let mut members = (0..tasks).filter(|&t| of(t) == g).peekable();
        if members.peek().is_some() {
            groups.push(group(&mut members, 0.5));
        }
    }
    TreeLasso::new(groups)
}

pub fn coef(fitted: &Fitted) -> &[f64] {
    fitted.model.coef().as_slice().unwrap()
}

/// Both have the same weights, intercepts and objective.
pub fn same(what: &str, a: &Fitted, b: &Fitted) {
    assert!(
        a.converged || a.certificate.value() <= 1e-13 * a.objective,
        "{what}: {a:?}"
    );
    assert!(apart(coef(a), coef(b)) <= SAME, "{what}: {a:?}, {b:?}");
    let (bias, other) = (a.model.intercept(), b.model.intercept());
    assert!(apart(bias, other) <= SAME, "{what}: {a:?}, {b:?}");
    let off = (a.objective - b.objective).abs();
    assert!(off <= 1e-11 * a.objective, "{what}: {off:e}");
}

#[test]
fn nothing_from_lambda_max_on() {
    for (seed, classes) in [[0, 0, 0], [2, 2, 2], [3, 0, 2]].iter().enumerate() {
        let problem = random_problem(seed as u64, classes, 12, 4, false);
        for method in all(FitSettings::default(), 3) {
            let set = problem.set();
            let most = method.grid(&set).unwrap()[0];
            for factor in [1.0, 1.0 + 1e-12, 3.0] {
                let fitted = method.at(factor * most).fit(&set).unwrap();
                assert!(coef(&fitted).iter().all(|&w| w == 0.0), "{}", method.name());
                assert!(fitted.converged, "{}: {fitted:?}", method.name());
            }
            let fitted = method.at(0.99 * most).fit(&set).unwrap();
            assert!(coef(&fitted).iter().any(|&w| w != 0.0), "{}", method.name());
        }
    }
}

#[test]
fn grids_descend_and_paths_are_single_fits() {
    for shared in [false, true] {
        let problem = random_problem(7, &[0, 0, 0, 0], 14, 5, shared);
        for method in all(tight(), 4) {
            let grid = method.grid(&problem.set()).unwrap();
            assert!(grid.len() > 10 && grid.windows(2).all(|pair| pair[0] > pair[1]));
            let some: Vec<f64> = grid.into_iter().step_by(5).take(3).collect();
            let path = method.path(&problem.set(), &some).unwrap();
            assert_eq!(path.len(), 3);
            for (fitted, &lambda) in path.iter().zip(&some) {
                assert_eq!(fitted.lambda, lambda);
                let alone = method.at(lambda).fit(&problem.set()).unwrap();
                same(method.name(), fitted, &alone);
            }
        }
    }
}

/// At a quarter of its `lambda_max`.
pub fn fit(method: &dyn LinearMethod, problem: &Problem) -> Fitted {
    let lambda = 0.25 * method.grid(&problem.set()).unwrap()[0];
    method.at(lambda).fit(&problem.set()).unwrap()
}

#[test]
fn tasks_in_any_order() {
    let classes = [0, 2, 3, 0];
    let problem = random_problem(3, &classes, 12, 3, false);
    let mut turned = problem.clone();
    turned.tasks.reverse();
    for method in all(tight(), 4) {
        let (a, b) = (fit(&*method, &problem), fit(&*method, &turned));
        for t in 0..4 {
            let (one, other) = (a.model.task(t), b.model.task(3 - t));
            let (one, other) = (one.coef.as_slice().unwrap(), other.coef.as_slice().unwrap());
            assert!(apart(one, other) <= SAME, "{}: task {t}", method.name());
        }
    }
}

#[test]
fn missing_labels_are_deleted_rows_and_weights_are_copies() {
    for c in [0, 2] {
        let problem = random_problem(11, &[c, c, c], 16, 3, true);
        let mut random = Random::new(5);
        let mut missing = problem.clone();
        let mut own = Vec::new();
        let mut weights: Vec<f64> = (0..16).map(|i| f64::from(i % 3)).collect();
        weights[..2].fill(1.0);
        for (t, task) in missing.tasks.iter_mut().enumerate() {
            let mut keep: Vec<bool> = (0..16).map(|i| i < 2 || !random.one_in(3)).collect();
            keep[3 + t] = false;
            let kept = |i: &usize| keep[*i];
            task.labels = (0..16).filter(kept).map(|i| task.labels[i]).collect();
            task.rows = (0..16).filter(kept).map(|i| i as u32).collect();
            let (mut x, mut y) = (Vec::new(), Vec::new());
            for (&row, &label) in task.rows.iter().zip(&task.labels) {
                for _ in 0..weights[row as usize] as usize {
                    x.extend_from_slice(&problem.x[row as usize * 3..][..3]);
                    y.push(label);
                }
            }
            own.push((x, y));
        }
        missing.weights = Some(weights);
        let own = Problem::own(3, kind(c), &own);
        for method in all(tight(), 3) {
            same(
                method.name(),
                &fit(&*method, &missing),
                &fit(&*method, &own),
            );
        }
    }
}

#[test]
fn learned_tables() {
    let problem = random_problem(37, &[0, 0, 0, 0], 20, 6, false);
    let fitted = fit(&Trace::default().with_settings(tight()), &problem);
    let [loadings, basis] = fitted.model.learned() else {
        panic!("two factors");
    };
    let rank = basis.shape.1;
    assert!(
        (1..4).contains(&rank) && loadings.shape == (4, rank),
        "{rank}"
    );
    for (e, w) in coef(&fitted).iter().enumerate() {
        let (t, j) = (e / 6, e % 6);
        let terms = (0..rank).map(|r| loadings.values[t * rank + r] * basis.values[j * rank + r]);
        assert!((terms.sum::<f64>() - w).abs() <= 1e-12);
    }
    let l21 = L21::default().with_settings(tight());
    let lambda = 0.7 * l21.grid(&problem.set()).unwrap()[0];
    let fitted = l21.with_lambda(lambda).fit(&problem.set()).unwrap();
    let support = &fitted.model.learned()[0].values;
    for j in 0..6 {
        let out = (0..4).all(|t| coef(&fitted)[t * 6 + j] == 0.0);
        assert_eq!(support[j] == 0.0, out);
    }
    assert!(support.contains(&0.0) && support.iter().any(|&s| s > 0.0));
}

/// Squares beyond the largest number are no optimum.
#[test]
fn numbers_too_large() {
    let mut problem = random_problem(53, &[0, 0], 8, 2, false);
    problem.x.iter_mut().for_each(|x| *x *= 1e200);
    for method in all(FitSettings::default().with_max_iter(50), 2) {
        let converged = method
            .at(1.0)
            .fit(&problem.set())
            .map(|fitted| fitted.converged);
        assert!(converged != Ok(true), "{}", method.name());
    }
}

#[test]
fn a_task_without_rows_and_settings_without_sense() {
    let mut problem = random_problem(41, &[0, 2, 0], 10, 3, false);
    problem.tasks[2].rows.clear();
    problem.tasks[2].labels.clear();
    for method in all(FitSettings::default(), 3) {
        let fitted = fit(&*method, &problem);
        assert!(
            coef(&fitted)[6..].iter().all(|&w| w == 0.0),
            "{}",
            method.name()
        );
    }
    let set = problem.set();
    let says = |method: &dyn LinearMethod, words: &str| {
        let error = method.fit(&set).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    };
    says(&L21::default().with_lambda(0.0), "lambda");
    says(&L21::default().with_lambda(f64::NAN), "lambda");
    says(&Elastic::default().with_l1_ratio(0.0), "l1_ratio");
    says(&Dirty::default().with_shared(-1.0), "shared");
    says(&Robust::default().with_outlier(0.0), "outlier");
    says(
        &Trace::default().with_settings(FitSettings::default().with_tol(-1.0)),
        "tol",
    );
    let some = |groups: &[&[&str]]| {
        TreeLasso::new(groups.iter().map(|g| TaskGroup::new(g, 1.0)).collect())
    };
    says(&some(&[&["task 0", "task 1"]]), "task 2");
    says(&some(&[&["task 9"]]), "task 9");
    says(
        &some(&[&["task 0", "task 1"], &["task 1", "task 2"]]),
        "overlap",
    );
    let mut one_class = random_problem(43, &[2, 2], 8, 2, false);
    one_class.tasks[1].labels.fill(1.0);
    let error = L21::default()
        .fit(&one_class.set())
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("task 1") && error.contains("class"),
        "{error}"
    );
    let free = L21::default().with_settings(FitSettings::default().with_intercept(false));
    assert!(fit(&free, &one_class).converged);
}
