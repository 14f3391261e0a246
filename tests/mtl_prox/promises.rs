//! What holds whatever the data: zeros at and above `lambda_max`, tasks in any order, labels dropped or rows deleted, weights or copies,
//! methods that become each other, closed forms.

use cognate::mtl::linear::prox::{
    Common, Dirty, Elastic, L1, L21, Norm, Robust, RowSize, Settings, TaskGroup, TaskTree, Trace,
    TreeLasso,
};
use cognate::mtl::linear::{Fitted, LinearMethod, Summarised, TreeNode};
use cognate::mtl::{Kind, Summaries};

use crate::Random;
use crate::known::exact;
use crate::problem::{Problem, apart, kind, name, transposed};
use crate::proximal::random_task;

/// Two ways to the same optimum, both to a gap of 1e-15 of an objective of some tens: W is good to about its root.
const SAME: f64 = 1e-6;

fn tight() -> Settings {
    exact().with_intercept(true)
}

/// Tasks with the same or other rows.
fn random_problem(
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

fn all(settings: Settings, tasks: usize) -> Vec<Box<dyn LinearMethod>> {
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
fn tree(tasks: usize, of: impl Fn(usize) -> usize) -> TreeLasso {
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

fn coef(fitted: &Fitted) -> &[f64] {
    fitted.model.coef().as_slice().unwrap()
}

/// Both have the same weights, intercepts and objective.
fn same(what: &str, a: &Fitted, b: &Fitted) {
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
        for method in all(Settings::default(), 3) {
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
fn fit(method: &dyn LinearMethod, problem: &Problem) -> Fitted {
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
fn a_method_with_a_part_off_is_another() {
    for classes in [[0, 0, 0, 0], [2, 2, 2, 2]] {
        let problem = random_problem(17, &classes, 15, 4, false);
        let set = problem.set();
        let lambda = 0.2 * L1::default().grid(&set).unwrap()[0];
        let fit = |method: &dyn LinearMethod| method.at(lambda).fit(&set).unwrap();
        let l1 = fit(&L1::default().with_settings(tight()));
        let l21 = fit(&L21::default().with_settings(tight()));
        let trace = fit(&Trace::default().with_settings(tight()));
        let dirty = Dirty::default().with_settings(tight());
        same("no shared part", &fit(&dirty.with_shared(2.0)), &l1);
        same("no single part", &fit(&dirty.with_shared(1.0)), &l21);
        let largest = dirty.with_size(RowSize::Largest);
        same("no shared part", &fit(&largest.with_shared(4.0)), &l1);
        let robust = Robust::default().with_settings(tight());
        same("no outliers", &fit(&robust.with_outlier(1.0)), &trace);
        let rows = robust.with_common(Common::Features);
        same("no outliers", &fit(&rows.with_outlier(1e3)), &l21);
        let elastic = Elastic::default().with_l1_ratio(1.0);
        same("no square", &fit(&elastic.with_settings(tight())), &l21);
        let single = (0..4).map(|t| TaskGroup::new(&[&name(t)], 1.0)).collect();
        same(
            "leaves",
            &fit(&TreeLasso::new(single).with_settings(tight())),
            &l1,
        );
        let names: Vec<String> = (0..4).map(name).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let root = TreeLasso::new(vec![TaskGroup::new(&names, 1.0)]);
        same("root", &fit(&root.with_settings(tight())), &l21);
    }
}

/// From summaries of the rows as from the rows: to 1e-9 of the objective and the largest weight, up to condition numbers of 1e6.
#[test]
fn summaries_will_do() {
    let mut problem = random_problem(47, &[0, 0, 0], 20, 4, false);
    problem.tasks[1].weight = 2.0;
    problem.weights = Some((0..60).map(|i| f64::from(i % 4)).collect());
    for condition in [1.0, 1e3] {
        // Squared in X'X. The last feature is nearly the first.
        for row in problem.x.chunks_exact_mut(4) {
            row[3] = row[0] + (row[3] - row[0]) / condition;
            row[1] += 30.0;
        }
        let set = problem.set();
        let names: Vec<String> = (0..3).map(name).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let summaries = Summaries::of(&set, 1).unwrap();
        for settings in [tight(), exact()] {
            for method in all(settings, 3) {
                let most = method.grid(&set).unwrap()[0];
                let lambdas = [0.5 * most, 0.1 * most];
                let rows = method.path(&set, &lambdas).unwrap();
                let summarised = method.summarised().unwrap();
                let sums = summarised
                    .path_of_summaries(&names, &summaries, &lambdas)
                    .unwrap();
                for (a, b) in rows.iter().zip(&sums) {
                    let off = (a.objective - b.objective).abs();
                    assert!(off <= 1e-9 * a.objective, "{}: {off:e}", method.name());
                    assert!(
                        apart(coef(a), coef(b)) <= SAME,
                        "{}: {a:?}, {b:?}",
                        method.name()
                    );
                }
            }
        }
        assert!(
            L21::default()
                .path_of_summaries(&names[1..], &summaries, &[1.0])
                .is_err()
        );
    }
}

#[test]
fn a_tree_is_its_groups() {
    let problem = random_problem(19, &[0, 0, 0], 12, 4, false);
    let node = |name: &str, parent: Option<&str>, lambda: f64| TreeNode {
        name: name.into(),
        parent: parent.map(Into::into),
        lambda,
    };
    let nodes = [
        node("task 0", Some("pair"), 0.5),
        node("all", None, 0.7),
        node("task 1", Some("pair"), 0.6),
        node("pair", Some("all"), 0.4),
        node("task 2", Some("all"), 0.8),
    ];
    let groups = [
        (&["task 0"][..], 0.5),
        (&["task 1"], 0.6),
        (&["task 2"], 0.8),
        (&["task 0", "task 1"], 0.4),
        (&["task 0", "task 1", "task 2"], 0.7),
    ];
    let groups = groups
        .iter()
        .map(|(tasks, weight)| TaskGroup::new(tasks, *weight));
    let by_groups = TreeLasso::new(groups.collect()).with_settings(tight());
    let by_nodes = TreeLasso::of_tree(&nodes).with_settings(tight());
    same(
        "tree",
        &fit(&by_nodes, &problem),
        &fit(&by_groups, &problem),
    );
    let circle = [node("a", Some("b"), 1.0), node("b", Some("a"), 1.0)];
    assert!(TreeLasso::of_tree(&circle).fit(&problem.set()).is_err());
}

#[test]
fn one_task_alone() {
    let problem = random_problem(23, &[0], 20, 6, false);
    let l21 = fit(&L21::default().with_settings(tight()), &problem);
    let l1 = fit(&L1::default().with_settings(tight()), &problem);
    same("one task", &l21, &l1);
}

/// With `X = I` the optimum is one proximal step from Y.
#[test]
fn the_identity() {
    let mut random = Random::new(29);
    let (d, tasks) = (5, 3);
    let x: Vec<f64> = (0..d * d).map(|e| f64::from(e % (d + 1) == 0)).collect();
    let y = random.numbers(d * tasks);
    let problem = Problem::shared(d, &[Kind::Number; 3], &x, &y);
    let settings = exact();
    let groups = vec![(vec![0, 1, 2], 0.6), (vec![0, 1], 0.5), (vec![2], 0.5)];
    let cases: [(Box<dyn LinearMethod>, Norm); 4] = [
        (Box::new(L21::default().with_settings(settings)), Norm::Rows),
        (
            Box::new(L1::default().with_settings(settings)),
            Norm::Entries,
        ),
        (
            Box::new(Trace::default().with_settings(settings)),
            Norm::Nuclear,
        ),
        (
            Box::new(tree(3, |t| t / 2).with_settings(settings)),
            Norm::Tree(TaskTree::new(groups).unwrap()),
        ),
    ];
    for (method, norm) in cases {
        let fitted = method.at(0.4).fit(&problem.set()).unwrap();
        let mut wanted = y.clone();
        norm.prox(0.4, &mut wanted, tasks);
        let wanted = transposed(&wanted, tasks);
        assert!(apart(coef(&fitted), &wanted) <= 1e-10, "{}", method.name());
    }
}

/// Rows kept or summed up are the same problem: 8 rows a feature and more are summed up.
#[test]
fn many_rows_or_few() {
    let problem = random_problem(31, &[0, 0], 40, 4, true);
    let mut copies = problem.clone();
    copies.x = problem.x.repeat(2);
    for task in &mut copies.tasks {
        task.rows = (0..80).collect();
        task.labels = task.labels.repeat(2);
        task.weight = 0.5;
    }
    for method in all(tight(), 2) {
        let lambda = 0.1 * method.grid(&problem.set()).unwrap()[0];
        let few = method.at(lambda).fit(&problem.set()).unwrap();
        let many = method.at(lambda).fit(&copies.set()).unwrap();
        same(method.name(), &few, &many);
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
    for method in all(Settings::default().with_max_iter(50), 2) {
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
    for method in all(Settings::default(), 3) {
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
        &Trace::default().with_settings(Settings::default().with_tol(-1.0)),
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
    let free = L21::default().with_settings(Settings::default().with_intercept(false));
    assert!(fit(&free, &one_class).converged);
}
