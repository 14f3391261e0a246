//! Comparing methods: the statistics against their formulas, folds, and cells as pure functions of the plan.

use cognate::compare::{Body, Cell, LEVEL, Metric, Plan, Set, p_value, standard_error};
use cognate::data::encode::EncoderConfig;
use cognate::data::levels::Levels;
use cognate::data::table::{Column, Table};
use cognate::pipeline::tasks::{Form, Response, Task};
use cognate::rng::rng;

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|n| n.to_string()).collect()
}

fn clock() -> u64 {
    0
}

/// `rows` rows of two features and the tasks given.
fn set(rows: usize, tasks: Vec<Task>) -> Set {
    let mut stream = rng(7, "compare", 0);
    let mut column = |name| Column::numbers(name, (0..rows).map(|_| stream.normal()).collect());
    Set {
        name: "made".to_owned(),
        table: Table::new(vec![column("a"), column("b")]).unwrap(),
        features: names(&["a", "b"]),
        encoder: EncoderConfig::default(),
        form: Form::Wide,
        tasks,
        groups: None,
        weights: None,
        relation: None,
    }
}

fn task(name: &str, response: &Response, rows: Vec<usize>, label: impl Fn(usize) -> f64) -> Task {
    Task {
        name: name.to_owned(),
        response: response.clone(),
        labels: rows.iter().map(|&row| label(row)).collect(),
        rows,
    }
}

fn classes(n: usize) -> Response {
    let names = (0..n).map(|i| format!("c{i}")).collect();
    Response::Classes(Levels::from_names(names).unwrap())
}

/// Runs the cells of one method alone.
fn run(plan: &Plan<'_>, method: usize) -> Vec<Cell> {
    let cells = (0..plan.folds.len()).map(|fold| plan.run(method, fold, &clock));
    cells.collect::<cognate::Result<_>>().unwrap()
}

#[test]
fn the_corrected_t_test_is_its_formula() {
    // 2.7764451051977987 is the 97.5 % quantile of t with 4 degrees of freedom (any table has 2.776).
    let ratio = 0.25;
    let deviations = [-2.0, -1.0, 0.0, 1.0, 2.0_f64];
    let s = (10.0_f64 / 4.0).sqrt();
    let error = s * (0.2_f64 + ratio).sqrt();
    let shifted = deviations.map(|d| d + 2.776_445_105_197_798_7 * error);
    assert!((standard_error(&shifted, ratio) - error).abs() < 1e-15 * 10.0);
    assert!((p_value(&shifted, ratio) - 0.05).abs() < 1e-12);
    assert!((p_value(&shifted.map(|d| -d), ratio) - 0.05).abs() < 1e-12);
    assert_eq!(p_value(&[0.0; 5], ratio), 1.0);
    assert_eq!(p_value(&[0.3; 5], ratio), 0.0);
    assert!(p_value(&[f64::NAN; 5], ratio).is_nan());
}

#[test]
fn folds_cover_the_labelled_rows_once() {
    // Every third row has no label.
    let rows: Vec<usize> = (0..60).filter(|row| row % 3 != 0).collect();
    let lone = set(
        60,
        vec![task("t", &classes(2), rows.clone(), |row| (row % 2) as f64)],
    );
    let plan = Plan::new(&lone, 4, 1).unwrap();
    let mut tested: Vec<usize> = plan.folds.iter().flat_map(|f| f.test.clone()).collect();
    tested.sort_unstable();
    assert_eq!(tested, rows);
    for fold in &plan.folds {
        let odd = fold.test.iter().filter(|row| *row % 2 == 1).count();
        assert_eq!((fold.test.len(), odd), (10, 5), "each class has its share");
        assert!(fold.train.iter().all(|row| !fold.test.contains(row)));
    }
    let mut grouped = lone.clone();
    grouped.groups = Some((0..60).map(|row| row / 6).collect());
    for fold in Plan::new(&grouped, 5, 1).unwrap().folds {
        assert!(
            fold.train
                .iter()
                .all(|a| fold.test.iter().all(|b| a / 6 != b / 6))
        );
    }
    assert!(matches!(
        Plan::new(&lone, 21, 1),
        Err(cognate::Error::FewRows {
            found: 20,
            needed: 21,
            ..
        })
    ));
}

#[test]
fn a_cell_is_a_function_of_its_place() {
    let rows: Vec<usize> = (0..40).collect();
    let made = set(
        40,
        vec![task("t", &Response::Number, rows, |row| row as f64)],
    );
    let plan = Plan::new(&made, 4, 9).unwrap();
    let forwards: Vec<Cell> = plan
        .cells()
        .map(|(m, f)| plan.run(m, f, &clock).unwrap())
        .collect();
    let places: Vec<(usize, usize)> = plan.cells().collect();
    for (place, expected) in places.iter().zip(&forwards).rev() {
        assert_eq!(&plan.run(place.0, place.1, &clock).unwrap(), expected);
    }
    let report = plan.reduce(&forwards);
    assert_eq!(report.metric, Metric::Mse);
    assert_eq!(report.methods.len(), plan.methods.len());
}

/// With labels that are a line of the features the linear method wins, and the constant, which is simpler, is worse.
#[test]
fn a_clear_winner() {
    let rows: Vec<usize> = (0..80).collect();
    let mut made = set(80, Vec::new());
    let a = made
        .table
        .column("a")
        .unwrap()
        .as_numbers()
        .unwrap()
        .to_vec();
    made.tasks
        .push(task("t", &Response::Number, rows, |row| 3.0 * a[row] + 1.0));
    let plan = Plan::new(&made, 5, 0).unwrap();
    let cells: Vec<Cell> = plan
        .cells()
        .map(|(m, f)| plan.run(m, f, &clock).unwrap())
        .collect();
    let report = plan.reduce(&cells);
    assert_eq!(report.verdict.winner, "ridge");
    assert_eq!(report.verdict.simplest_as_good, "ridge");
    assert!(report.verdict.text.contains("optimistic"));
    assert_eq!(report.tasks[0].gain, 0.0);
    let differences = |i: usize, j: usize| -> Vec<f64> {
        let pairs = report.methods[i].folds.iter().zip(&report.methods[j].folds);
        pairs.map(|(a, b)| a - b).collect()
    };
    assert!(p_value(&differences(0, 1), 0.25) < LEVEL);
}

/// Labels that have nothing to do with the features: no method is shown to beat the constant.
#[test]
fn no_winner() {
    let rows: Vec<usize> = (0..80).collect();
    let mut stream = rng(3, "labels", 0);
    let labels: Vec<f64> = rows.iter().map(|_| stream.below(2) as f64).collect();
    let made = set(80, vec![task("t", &classes(2), rows, |row| labels[row])]);
    let plan = Plan::new(&made, 5, 0).unwrap();
    let cells: Vec<Cell> = plan
        .cells()
        .map(|(m, f)| plan.run(m, f, &clock).unwrap())
        .collect();
    assert_eq!(plan.reduce(&cells).verdict.simplest_as_good, "majority");
}

#[test]
fn small_tasks_have_rules() {
    let response = classes(3);
    let tasks = vec![
        task("plenty", &response, (0..30).collect(), |row| {
            (row % 3) as f64
        }),
        // Its two rows are in one fold or in two; once there is no training row, or one class alone.
        task("two rows", &response, vec![30, 31], |row| (row % 2) as f64),
        task("one row", &response, vec![32], |_| 2.0),
        // The class 2 has one row: where that is tested, training has never seen it.
        task("rare class", &response, (33..40).collect(), |row| {
            if row == 33 { 2.0 } else { (row % 2) as f64 }
        }),
    ];
    let made = set(40, tasks);
    let plan = Plan::new(&made, 5, 2).unwrap();
    for (method, it) in plan.methods.iter().enumerate() {
        let cells = run(&plan, method);
        let weight = |task: usize| cells.iter().map(|c| c.tasks[task].weight).sum::<f64>();
        assert_eq!(
            [0, 1, 2, 3].map(weight),
            [30.0, 2.0, 1.0, 7.0],
            "{}",
            it.name
        );
        assert!(
            cells
                .iter()
                .flat_map(|c| &c.tasks)
                .all(|t| t.loss.is_finite() && t.loss >= 0.0)
        );
    }
    // A task without training rows is predicted by the constant of all others: 3 classes, 39 rows.
    let independent = plan
        .methods
        .iter()
        .position(|m| m.name == "independent")
        .unwrap();
    assert_eq!(plan.methods[independent].body, Body::Linear);
    let cells = run(&plan, independent);
    let lone = cells
        .iter()
        .find(|c| c.tasks[2].weight > 0.0)
        .unwrap()
        .tasks[2];
    let fold = plan.folds.iter().find(|f| f.test.contains(&32)).unwrap();
    let twos = made.tasks.iter().flat_map(|t| t.rows.iter().zip(&t.labels));
    let twos = twos
        .filter(|(row, label)| **label == 2.0 && fold.train.contains(row))
        .count();
    let expected = -((twos as f64 + 1.0) / (fold.train.len() as f64 + 3.0)).ln();
    assert!(
        (lone.loss - expected).abs() < 1e-12,
        "{} {expected}",
        lone.loss
    );
}

#[test]
fn different_kinds_are_compared_by_relative_loss() {
    let made = set(
        50,
        vec![
            task("number", &Response::Number, (0..50).collect(), |row| {
                (row * row) as f64
            }),
            task("class", &classes(2), (0..45).collect(), |row| {
                (row % 2) as f64
            }),
        ],
    );
    let plan = Plan::new(&made, 5, 0).unwrap();
    let names: Vec<&str> = plan.methods.iter().map(|m| m.name.as_str()).collect();
    assert!(names.iter().all(|n| !n.contains("pooled")), "{names:?}");
    let constant = run(&plan, 0);
    let cells: Vec<Cell> = plan
        .cells()
        .map(|(m, f)| plan.run(m, f, &clock).unwrap())
        .collect();
    let report = plan.reduce(&cells);
    assert_eq!(report.metric, Metric::RelativeLoss);
    let own = |cell: &Cell, task: usize| cell.tasks[task].loss / cell.tasks[task].weight;
    let first = &cells[plan.folds.len()];
    let ratio = |task: usize| own(first, task) / own(&constant[0], task);
    let expected = (ratio(0) + ratio(1)) / 2.0;
    assert!((report.methods[1].folds[0] - expected).abs() < 1e-12 * expected);
}

/// A weight of two is a row twice, except that copies stay in one fold.
#[test]
fn weights_count() {
    let rows: Vec<usize> = (0..30).collect();
    let mut weighted = set(
        30,
        vec![task("t", &Response::Number, rows, |row| (row % 7) as f64)],
    );
    weighted.groups = Some((0..30).collect());
    let once = weighted.clone();
    let plan = Plan::new(&once, 3, 0).unwrap();
    let unweighted = run(&plan, 1);
    weighted.weights = Some(vec![2.0; 30]);
    let plan = Plan::new(&weighted, 3, 0).unwrap();
    for (a, b) in run(&plan, 0)
        .iter()
        .zip(&run(&Plan::new(&once, 3, 0).unwrap(), 0))
    {
        assert!((a.tasks[0].loss - 2.0 * b.tasks[0].loss).abs() < 1e-12 * a.tasks[0].loss);
        assert_eq!(a.tasks[0].weight, 20.0);
    }
    assert_eq!(unweighted.len(), 3);
}
