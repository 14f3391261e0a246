//! The same optimum by two ways: methods that become each other, rows and what is summed up of them, closed forms.

use cognate::mtl::linear::prox::{
    Common, Dirty, Elastic, L1, L21, Norm, Robust, RowSize, TaskGroup, TaskTree, Trace, TreeLasso,
};
use cognate::mtl::linear::{LinearMethod, Summarised, TreeNode};
use cognate::mtl::{Kind, Summaries, TaskFactors};

use crate::Random;
use crate::known::exact;
use crate::problem::{Problem, apart, name, transposed};
use crate::promises::{SAME, all, coef, fit, random_problem, same, tight, tree};

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

/// From summaries of the rows, or their factors, as from the rows: to 1e-9 of the objective and the largest weight, up to condition numbers
/// of 1e6, and 1e10 for factors. Beyond 1e3 the weights of features that are all but the same are not unique to rounding.
#[test]
fn summaries_will_do() {
    for condition in [1.0, 1e3, 1e6, 1e10] {
        let problem = nearly_dependent(condition);
        let set = problem.set();
        let names: Vec<String> = (0..3).map(name).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let summaries = Summaries::of(&set, 1).unwrap();
        let factors = TaskFactors::of(&set).unwrap();
        for settings in [tight(), exact()] {
            for method in all(settings, 3) {
                let most = method.grid(&set).unwrap()[0];
                let lambdas = [0.5 * most, 0.1 * most];
                let rows = method.path(&set, &lambdas).unwrap();
                let (sums, careful) = (method.summarised().unwrap(), method.careful().unwrap());
                let mut others = vec![careful.path_of_factors(&names, &factors, &lambdas)];
                if condition <= 1e6 {
                    others.push(sums.path_of_summaries(&names, &summaries, &lambdas));
                }
                for other in others {
                    for (a, b) in rows.iter().zip(&other.unwrap()) {
                        let off = (a.objective - b.objective).abs();
                        let name = method.name();
                        assert!(off <= 1e-9 * a.objective, "{name}: {off:e}");
                        let near = condition > 1e3 || apart(coef(a), coef(b)) <= SAME;
                        assert!(near, "{name}: {a:?}, {b:?}");
                    }
                }
            }
        }
        let few = L21::default().path_of_summaries(&names[1..], &summaries, &[1.0]);
        assert!(few.is_err());
    }
}

/// Three weighted tasks far from the origin, whose last feature is the first but for `1 / condition`.
fn nearly_dependent(condition: f64) -> Problem {
    let mut problem = random_problem(47, &[0, 0, 0], 20, 4, false);
    problem.tasks[1].weight = 2.0;
    problem.weights = Some((0..60).map(|i| f64::from(i % 4)).collect());
    for row in problem.x.chunks_exact_mut(4) {
        row[3] = row[0] + (row[3] - row[0]) / condition;
        row[1] += 30.0;
    }
    problem
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
