//! What every relation promises: its limits, and that rows, tasks and weights are what they are however they are written down.

use cognate::MatRef;
use cognate::mtl::linear::{
    FitSettings, Fitted, Icm, Independent, LinearMethod, MeanRegularised, Mtrl, Pooled,
    SharedSpecific, Tree, TreeNode,
};
use cognate::mtl::{Kind, Summaries, Task, TaskSet};

use super::problems::{Long, assert_near, names};
use super::random::Random;

const KINDS: [Kind; 3] = [Kind::Number, Kind::Classes(2), Kind::Classes(3)];

fn settings() -> FitSettings {
    FitSettings::default().with_tol(1e-14)
}

fn mean(lambda: f64) -> MeanRegularised {
    MeanRegularised::default()
        .with_lambda(lambda)
        .with_eps(0.3)
        .with_settings(settings())
}

/// Coefficients and intercepts of every task.
fn all(fitted: &Fitted) -> Vec<f64> {
    let numbers = (0..fitted.model.len()).flat_map(|t| {
        let task = fitted.model.task(t);
        let coef = (0..task.coef.rows()).flat_map(move |l| task.coef.row(l).to_vec());
        coef.chain(task.intercept.to_vec()).collect::<Vec<f64>>()
    });
    numbers.collect()
}

#[track_caller]
fn assert_same(a: &Fitted, b: &Fitted, tol: f64, what: &str) {
    assert_near(&all(a), &all(b), tol, what);
}

/// `1 / lambda` away from the pooled fit, `lambda` away from the independent ones: 1e-8 and 1e8 leave 1e-7 with these losses.
#[test]
fn limits_are_independent_and_pooled_fits() {
    for kind in KINDS {
        let problem = Long::random(13, [12, 9, 15], 3, kind);
        let ridge = Independent::default()
            .with_lambda(0.3)
            .with_settings(settings());
        let pooled = Pooled::default().with_lambda(0.3).with_settings(settings());
        let (alone, one) = (problem.fit(&ridge), problem.fit(&pooled));
        assert_same(&problem.fit(&mean(0.0)), &alone, 1e-7, "rho = 0");
        assert_same(&problem.fit(&mean(1e-9)), &alone, 1e-6, "rho to 0");
        assert_same(&problem.fit(&mean(1e9)), &one, 1e-6, "rho to infinity");
        assert_same(
            &problem.fit(&mean(1e15)),
            &one,
            1e-7,
            "rho beyond all digits",
        );
        let shared = SharedSpecific::default().with_settings(settings());
        let stiff = shared.with_lambda(1e9).with_mu(0.9);
        assert_same(&problem.fit(&stiff), &one, 1e-6, "nu to infinity");
    }
}

/// Without intercepts the shared part vanishes as mu goes to infinity.
#[test]
fn without_a_shared_part_tasks_are_independent() {
    let problem = Long::random(14, [12, 9, 15], 3, Kind::Number);
    let bare = settings().with_intercept(false);
    let alone = Independent::default().with_lambda(0.7).with_settings(bare);
    let shared = SharedSpecific::default()
        .with_lambda(0.7)
        .with_mu(1e10)
        .with_settings(bare);
    assert_same(
        &problem.fit(&shared),
        &problem.fit(&alone),
        1e-8,
        "mu to infinity",
    );
}

/// A tree of one level is the shared part and the specific ones; so is the covariance that they come to.
#[test]
fn one_relation_has_many_forms() {
    let (mu, nu) = (0.4, 1.3);
    for kind in KINDS {
        let problem = Long::random(15, [12, 9, 15], 3, kind);
        let shared = SharedSpecific::default().with_lambda(nu).with_mu(mu);
        let shared = problem.fit(&shared.with_settings(settings()));
        let names = names(3);
        let below = names.iter().map(|name| TreeNode::below("all", name, nu));
        let nodes = below.chain([TreeNode::root("all", mu)]).collect();
        let tree = problem.fit(&Tree::new(nodes).with_settings(settings()));
        assert_same(&tree, &shared, 1e-8, "a tree");
        assert_eq!(
            tree.model.unseen().is_some(),
            shared.model.unseen().is_some()
        );
        let k = (0..9).map(|i| 1.0 / mu + if i / 3 == i % 3 { 1.0 / nu } else { 0.0 });
        let icm = Icm::new(names, k.collect()).with_settings(settings());
        // Intercepts have the same springs in both forms: a free level and 1 / nu about it.
        assert_same(&problem.fit(&icm), &shared, 1e-7, "a covariance");
    }
}

/// K = 11' / lambda is singular: all that is left is what tasks share.
#[test]
fn a_singular_covariance_pools() {
    for kind in KINDS {
        let problem = Long::random(16, [12, 9, 15], 3, kind);
        let icm = Icm::new(names(3), vec![1.0 / 0.9; 9]).with_settings(settings());
        let pooled = Pooled::default().with_lambda(0.3).with_settings(settings());
        assert_same(&problem.fit(&icm), &problem.fit(&pooled), 1e-7, "K = 11'");
    }
}

#[test]
fn the_order_of_tasks_does_not_matter() {
    for kind in KINDS {
        let problem = Long::random(17, [12, 9, 15], 3, kind);
        let turned = Long {
            task: problem.task.iter().map(|t| (t + 1) % 3).collect(),
            ..problem.clone()
        };
        let methods: [Box<dyn LinearMethod>; 3] = [
            Box::new(mean(2.0)),
            Box::new(SharedSpecific::default().with_settings(settings())),
            Box::new(Mtrl::default().with_settings(settings().with_tol(1e-12))),
        ];
        for method in methods {
            let (a, b) = (problem.fit(&*method), turned.fit(&*method));
            for t in 0..3u32 {
                let (a, b) = (a.model.task(t as usize), b.model.task((t as usize + 1) % 3));
                for l in 0..a.coef.rows() {
                    assert_near(a.coef.row(l), b.coef.row(l), 1e-5, method.name());
                }
            }
        }
    }
}

/// What two gaps of 1e-14 of an objective of about 25 leave of coefficients whose ridge is 0.3: `2 sqrt(2 gap / ridge)`.
const CERTIFIED: f64 = 3e-6;

/// A task twice, each time with half its ridge, is the task once; weights are repeated rows, and a task's weight is its rows'.
#[test]
fn weights_are_repetitions() {
    for kind in KINDS {
        let once = Long::random(18, [12, 9], 3, kind);
        let ones = Long {
            weights: Some(vec![1.0; once.y.len()]),
            ..once.clone()
        };
        let twice = Long {
            x: [&once.x[..], &once.x].concat(),
            y: [&once.y[..], &once.y].concat(),
            task: [&once.task[..], &once.task].concat(),
            weights: None,
            ..once.clone()
        };
        let doubled = Long {
            weights: Some(vec![2.0; once.y.len()]),
            ..once.clone()
        };
        let method = mean(1.5);
        assert_same(
            &twice.fit(&method),
            &doubled.fit(&method),
            CERTIFIED,
            "rows twice",
        );
        let by_task = ones.with(|tasks| {
            let double = |task: &Task| Task {
                weight: 2.0,
                ..task.clone()
            };
            let tasks = tasks.tasks().iter().map(double).collect();
            let x = MatRef::new(&once.x, once.y.len(), 3).unwrap();
            method.fit(&TaskSet::new(x, None, tasks).unwrap()).unwrap()
        });
        assert_same(
            &by_task,
            &doubled.fit(&method),
            CERTIFIED,
            "tasks of weight 2",
        );
    }
}

#[test]
fn a_task_twice_is_the_task_with_twice_the_weight() {
    for kind in KINDS {
        let one = Long {
            weights: None,
            ..Long::random(19, [14], 3, kind)
        };
        let n = one.y.len();
        let two = Long {
            x: [&one.x[..], &one.x].concat(),
            y: [&one.y[..], &one.y].concat(),
            task: [vec![0; n], vec![1; n]].concat(),
            tasks: 2,
            ..one.clone()
        };
        let alone = Long {
            weights: Some(vec![2.0; n]),
            ..one
        };
        let ridge = |ridge: f64| {
            Pooled::default()
                .with_lambda(ridge)
                .with_settings(settings())
        };
        let (a, b) = (two.fit(&mean(4.0)), alone.fit(&ridge(0.6)));
        for t in 0..2 {
            let (a, b) = (a.model.task(t), b.model.task(0));
            (0..a.coef.rows())
                .for_each(|l| assert_near(a.coef.row(l), b.coef.row(l), 1e-7, "coefficients"));
            assert_near(a.intercept, b.intercept, 1e-7, "intercepts");
        }
    }
}

/// A label that is missing is a row that is not there, also where tasks share their rows.
#[test]
fn missing_labels_are_rows_left_out() {
    let mut stream = Random::new(20);
    let (n, d) = (20, 3);
    let x = stream.numbers(n * d);
    let y: Vec<f64> = (0..2 * n)
        .map(|_| {
            if stream.one_in(3) {
                f64::NAN
            } else {
                stream.number()
            }
        })
        .collect();
    let matrix = MatRef::new(&x, n, d).unwrap();
    let kinds = [("t0", Kind::Number), ("t1", Kind::Number)];
    let wide = TaskSet::wide(matrix, MatRef::new(&y, n, 2).unwrap(), &kinds, None).unwrap();
    let present = || (0..2 * n).filter(|&i| !y[i].is_nan());
    let long = Long {
        d,
        x: present()
            .flat_map(|i| x[i / 2 * d..][..d].to_vec())
            .collect(),
        task: present().map(|i| i as u32 % 2).collect(),
        y: present().map(|i| y[i]).collect(),
        weights: None,
        tasks: 2,
        kind: Kind::Number,
    };
    let fitted = mean(1.0).fit(&wide).unwrap();
    assert!(fitted.converged && long.y.len() < 2 * n);
    assert_same(&fitted, &long.fit(&mean(1.0)), 1e-12, "missing labels");
}

/// A task alone is a ridge, whatever it might share; a task without rows has what the others share.
#[test]
fn few_tasks_and_no_rows() {
    for kind in KINDS {
        let alone = Long::random(22, [15], 3, kind);
        let ridge = alone.fit(
            &Independent::default()
                .with_lambda(0.3)
                .with_settings(settings()),
        );
        assert_same(&alone.fit(&mean(5.0)), &ridge, 1e-7, "one task");
        let empty = Long {
            tasks: 4,
            ..Long::random(23, [15, 8, 9], 3, kind)
        };
        let fitted = empty.fit(&SharedSpecific::default().with_settings(settings()));
        let (shared, task) = (fitted.model.unseen().unwrap(), fitted.model.task(3));
        for l in 0..task.coef.rows() {
            assert_near(task.coef.row(l), shared.coef.row(l), 1e-12, "phi");
        }
        assert_near(task.intercept, shared.intercept, 1e-12, "phi's intercept");
        let fitted = empty.fit(&Independent::default());
        assert!(
            all(&fitted)[all(&fitted).len() - 3..]
                .iter()
                .all(|&v| v == 0.0)
        );
    }
}

/// Where a task has one class only, its intercept has no optimum of its own, and a ridge then; the fit is finite and certified.
#[test]
fn one_class_alone() {
    let mut problem = Long::random(24, [15, 8], 3, Kind::Classes(2));
    let labels = problem.y.iter_mut().zip(&problem.task);
    labels.filter(|(_, t)| **t == 1).for_each(|(y, _)| *y = 1.0);
    let fitted = problem.fit(&Independent::default());
    assert!(fitted.model.task(1).intercept[0] > 0.0);
    problem.fit(&mean(1.0));
}

/// Numbers and two classes have one link each, and share.
#[test]
fn mixed_kinds_share_where_links_are_alike() {
    let numbers = Long::random(25, [12, 10], 3, Kind::Number);
    numbers.with(|tasks| {
        let mixed = |kind: Kind| {
            let mut all = tasks.tasks().to_vec();
            all[1].kind = kind;
            all[1]
                .labels
                .iter_mut()
                .for_each(|y| *y = f64::from(*y > 0.0));
            TaskSet::new(tasks.x(), tasks.sample_weight(), all).unwrap()
        };
        let set = mixed(Kind::Classes(2));
        let fitted = mean(1e12).fit(&set).unwrap();
        assert!(fitted.converged && fitted.model.unseen().is_none());
        let (a, b) = (fitted.model.task(0), fitted.model.task(1));
        assert_near(a.coef.row(0), b.coef.row(0), 1e-9, "stiffly tied");
        let set = mixed(Kind::Classes(3));
        let fault = mean(1.0).fit(&set).unwrap_err().to_string();
        assert!(fault.starts_with("task \"t1\""), "{fault}");
    });
}

/// Summaries filled a block of rows at a time, in any order of the tasks, fit as the rows do.
#[test]
fn summaries_fit_as_rows_do() {
    let problem = Long::random(26, [40, 25, 33], 4, Kind::Number);
    let (n, d) = (problem.y.len(), problem.d);
    let mut summaries = Summaries::new(3, d);
    for rows in [0..17, 17..60, 60..n] {
        let x = MatRef::new(&problem.x[rows.start * d..rows.end * d], rows.len(), d).unwrap();
        let weights = &problem.weights.as_ref().unwrap()[rows.clone()];
        let (task, y) = (&problem.task[rows.clone()], &problem.y[rows]);
        summaries.add(task, x, y, Some(weights)).unwrap();
    }
    let (method, names) = (mean(2.0), names(3));
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let path = method
        .summarised()
        .unwrap()
        .path_of_summaries(&names, &summaries, &[2.0]);
    assert_same(&path.unwrap()[0], &problem.fit(&method), 1e-9, "summaries");
}

/// Tasks that share nothing may be of any kinds: each has the fit that it has alone, and objectives and gaps add up.
#[test]
fn independent_tasks_of_several_kinds() {
    let (rows, d) = (40, 3);
    let mut random = Random::new(27);
    let x = random.numbers(rows * d);
    let x = MatRef::new(&x, rows, d).unwrap();
    let tasks: Vec<Task> = KINDS
        .iter()
        .zip(names(3))
        .map(|(&kind, name)| {
            let label = |row: usize| match kind {
                Kind::Number => (row as u32, x.at(row, 0) - x.at(row, 2)),
                Kind::Classes(k) => (row as u32, (row % k) as f64),
            };
            // Labels are missing, others for each.
            let links = kind.links() + usize::from(kind == Kind::Number);
            Task::new(
                &name,
                kind,
                (0..rows).filter(|row| row % (links + 3) > 0).map(label),
            )
        })
        .collect();
    let set = TaskSet::new(x, None, tasks.clone()).unwrap();
    let method = Independent::default().with_settings(settings());
    let lambdas = [3.0, 0.5];
    let path = method.path(&set, &lambdas).unwrap();
    for (together, lambda) in path.iter().zip(lambdas) {
        let (mut objective, mut gap) = (0.0, 0.0);
        for (t, task) in tasks.iter().enumerate() {
            let own = TaskSet::new(x, None, vec![task.clone()]).unwrap();
            let alone = method.path(&own, &lambdas).unwrap();
            let alone = &alone[lambdas.iter().position(|l| *l == lambda).unwrap()];
            let (a, b) = (together.model.task(t), alone.model.task(0));
            assert_eq!(
                (a.kind, a.intercept),
                (b.kind, b.intercept),
                "{}",
                task.name
            );
            (0..a.coef.rows()).for_each(|i| assert_eq!(a.coef.row(i), b.coef.row(i)));
            objective += alone.objective;
            gap += alone.certificate.value();
        }
        assert_eq!(
            (together.objective, together.certificate.value()),
            (objective, gap)
        );
        assert!(together.converged && together.model.unseen().is_none());
    }
    assert!(method.fit(&set).is_ok());
}
