//! Distributions: pure functions of a seed and the task's number, with the rows that they promise.

use std::collections::HashSet;

use cognate::loss::{Target, Targets};
use cognate::meta::episodes::{
    ClassPool, Draw, EpisodeBatch, Episodes, FnEpisodes, Shape, Sinusoids, Split, Subspace,
    TargetKind, TaskTable,
};
use cognate::{Error, MatRef};

/// The numbers of a batch: support and query, inputs and targets.
fn numbers(batch: &EpisodeBatch<f64>) -> Vec<f64> {
    let mut all = vec![];
    for rows in [batch.support(), batch.query()] {
        for i in 0..rows.x.rows() {
            all.extend_from_slice(rows.x.row(i));
        }
        match rows.y.target {
            Target::Classes(labels) => all.extend(labels.iter().map(|&l| f64::from(l))),
            Target::Values(y) => (0..y.rows()).for_each(|i| all.extend_from_slice(y.row(i))),
        }
    }
    assert!(!all.is_empty());
    all
}

/// A task is the same in any batch, on any number of threads, and another one under another number.
fn is_pure(episodes: &dyn Episodes<f64>) {
    let (mut batch, mut alone) = (EpisodeBatch::new(), EpisodeBatch::new());
    batch.draw(episodes, 3..9);
    for threads in [2, 4, 5, 6, 7, 100] {
        let mut side_by_side = EpisodeBatch::new().with_threads(threads);
        side_by_side.draw(episodes, 3..9);
        assert_eq!(numbers(&side_by_side), numbers(&batch), "{threads} threads");
        assert_eq!(side_by_side.query().ranges, batch.query().ranges);
    }
    for task in 3..9_u64 {
        alone.draw(episodes, task..task + 1);
        let (rows, range) = (
            alone.support(),
            batch.support().ranges[(task - 3) as usize].clone(),
        );
        assert_eq!(rows.x.rows(), range.len());
        for (i, j) in range.enumerate() {
            assert_eq!(rows.x.row(i), batch.support().x.row(j));
        }
        let first = numbers(&alone);
        alone.draw(episodes, 100..101);
        assert_ne!(first, numbers(&alone));
    }
}

#[test]
fn sines() {
    let split = Split {
        support: 10,
        query: 7,
    };
    for (episodes, phases) in [
        (Sinusoids::finn(split, 4), (-std::f64::consts::PI, 0.0)),
        (
            Sinusoids::reptile(split, 4),
            (0.0, 2.0 * std::f64::consts::PI),
        ),
    ] {
        is_pure(&episodes);
        let mut batch = EpisodeBatch::<f64>::new();
        for task in 0..50 {
            batch.draw(&episodes, task..task + 1);
            let [amplitude, frequency, phase] = episodes.parameters(task);
            assert!((0.1..=5.0).contains(&amplitude) && frequency == 1.0);
            assert!((phases.0..=phases.1).contains(&phase));
            let Target::Values(y) = batch.query().y.target else {
                panic!()
            };
            for i in 0..7 {
                let x = batch.query().x.at(i, 0);
                assert!(x.abs() <= 5.0);
                // The argument is rounded by up to 1e-15, the sine's polynomial by about 1e-16.
                assert!((y.at(i, 0) - amplitude * (x + phase).sin()).abs() < 2e-14);
            }
        }
    }
    let mut batch = EpisodeBatch::<f64>::new();
    let whole = Split {
        support: 30,
        query: 20,
    };
    batch.draw(&Sinusoids::reptile(whole, 0), 0..1);
    let inputs = numbers(&batch)[..30]
        .iter()
        .chain(&numbers(&batch)[60..80])
        .map(|x| x.to_bits())
        .collect::<HashSet<_>>();
    assert_eq!(inputs.len(), 50, "every point of the grid once");
}

#[test]
fn hidden_classes() {
    let episodes = Subspace::new(5, 1, 15, 2);
    is_pure(&episodes);
    let (mut batch, mut right, mut raw, mut rows) = (EpisodeBatch::<f64>::new(), 0, 0, 0);
    for task in 0..100 {
        batch.draw(&episodes, task..task + 1);
        let (support, query) = (batch.support(), batch.query());
        let Target::Classes(labels) = query.y.target else {
            panic!()
        };
        for (i, &label) in labels.iter().enumerate() {
            let nearest = |distance: &dyn Fn(&[f64], &[f64]) -> f64| {
                let all = (0..5).map(|c| (c, distance(support.x.row(c), query.x.row(i))));
                all.min_by(|a, b| a.1.total_cmp(&b.1)).unwrap().0 as u32
            };
            let apart =
                |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
            right += usize::from(
                label == nearest(&|a, b| apart(&episodes.project(a), &episodes.project(b))),
            );
            raw += usize::from(label == nearest(&apart));
            rows += 1;
        }
    }
    // METHODS' figures, 84.8 and 25.2 %, by four standard errors over tasks of about 1 %.
    let (right, raw) = (
        100.0 * right as f64 / rows as f64,
        100.0 * raw as f64 / rows as f64,
    );
    assert!(
        (right - 84.8).abs() < 4.0 && (raw - 25.2).abs() < 4.0,
        "{right} {raw}"
    );
}

#[test]
fn classes_of_a_table() {
    // Row i of class i mod 7 is (class, i).
    let y: Vec<u32> = (0..140).map(|i| i % 7).collect();
    let x: Vec<f64> = (0..140)
        .flat_map(|i| [f64::from(i % 7), f64::from(i)])
        .collect();
    let x = MatRef::new(&x, 140, 2).unwrap();
    let pool = ClassPool::new(x, &y, 4, 2, 3, 1).unwrap();
    is_pure(&pool);
    let uneven = pool.with_most_shots(5).unwrap();
    is_pure(&uneven);
    let (mut batch, mut counts, mut firsts) =
        (EpisodeBatch::<f64>::new(), HashSet::new(), HashSet::new());
    for task in 0..60 {
        batch.draw(&uneven, task..task + 1);
        let (mut seen, mut class_of) = (HashSet::new(), [None; 4]);
        for (rows, per_class) in [(batch.support(), 2..=5), (batch.query(), 3..=3)] {
            let Target::Classes(labels) = rows.y.target else {
                panic!()
            };
            let mut count = [0; 4];
            for (i, &label) in labels.iter().enumerate() {
                let class = rows.x.at(i, 0);
                assert_eq!(*class_of[label as usize].get_or_insert(class), class);
                assert!(seen.insert(rows.x.at(i, 1) as u32), "a row twice");
                count[label as usize] += 1;
            }
            assert!(count.iter().all(|c| per_class.contains(c)), "{count:?}");
            counts.insert(count);
        }
        let classes: HashSet<u32> = class_of.iter().map(|c| c.unwrap() as u32).collect();
        assert_eq!(classes.len(), 4);
        firsts.insert(class_of[0].unwrap() as u32);
    }
    assert!(counts.len() > 10 && firsts.len() == 7);
    assert!(matches!(
        ClassPool::new(x, &y, 4, 10, 11, 1),
        Err(Error::FewRows {
            class: 0,
            found: 20,
            needed: 21
        })
    ));
    assert!(ClassPool::new(x, &y, 8, 1, 1, 1).is_err());
}

#[test]
fn classes_of_the_tasks_of_a_table() {
    // Row i is (task, class, i): task 7 has classes 2, 4, .., 10, each with 6 rows; task 3 classes 1, 2, 3 with 10.
    let (mut x, mut y, mut tasks) = (Vec::new(), Vec::new(), Vec::new());
    for i in 0..60_u32 {
        let (task, class) = if i % 2 == 0 {
            (7, 2 + i % 5 * 2)
        } else {
            (3, 1 + i % 3)
        };
        x.extend([f64::from(task), f64::from(class), f64::from(i)]);
        y.push(class);
        tasks.push(task);
    }
    let x = MatRef::new(&x, 60, 3).unwrap();
    let of = |ways, support, query| {
        let split = Split { support, query };
        ClassPool::of_tasks(x, (&y, &tasks), ways, split, 4)
    };
    let pool = of(3, 7, 6).unwrap();
    is_pure(&pool);
    let mut batch = EpisodeBatch::<f64>::new();
    let (mut met, mut orders) = (HashSet::new(), HashSet::new());
    for task in 0..80 {
        batch.draw(&pool, task..task + 1);
        let own = batch.support().x.at(0, 0);
        let (mut seen, mut class_of) = (HashSet::new(), [None; 3]);
        // Seven rows in turn, then six more.
        for (rows, dealt) in [(batch.support(), [3, 2, 2]), (batch.query(), [2, 2, 2])] {
            let Target::Classes(labels) = rows.y.target else {
                panic!()
            };
            let mut count = [0; 3];
            for (i, &label) in labels.iter().enumerate() {
                assert_eq!(rows.x.at(i, 0), own);
                let class = rows.x.at(i, 1);
                assert_eq!(*class_of[label as usize].get_or_insert(class), class);
                assert!(seen.insert(rows.x.at(i, 2) as u32), "a row twice");
                count[label as usize] += 1;
            }
            assert_eq!(count, dealt);
        }
        let classes = class_of.map(|c| c.unwrap() as u32);
        assert_eq!(HashSet::from(classes).len(), 3);
        if own == 3.0 {
            assert_eq!(classes, [1, 2, 3]);
        }
        met.insert(own as u32);
        orders.insert(classes);
    }
    assert_eq!(met.len(), 2);
    assert!(orders.len() > 20, "{orders:?}");
    let task = |result: cognate::Result<ClassPool<'_, f64>>| match result {
        Err(Error::Task { name, problem }) => (name, problem),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        task(of(4, 4, 4)),
        ("3".into(), "has fewer classes than ways")
    );
    assert!(task(of(3, 9, 10)).1.contains("fewer rows"));
    // All 18 rows of three of task 7's classes.
    is_pure(&of(3, 9, 9).unwrap());
    // A class that has no more rows is passed over: of 8, 1 and 4 rows the first 7 are 3, 1, 3, and all 12 of a task 7, 1, 4.
    let sizes = [8, 1, 4];
    let y: Vec<u32> = (0..3).flat_map(|c| vec![c; sizes[c as usize]]).collect();
    let x: Vec<f64> = (0..13).map(f64::from).collect();
    let (x, split) = (
        MatRef::new(&x, 13, 1).unwrap(),
        Split {
            support: 7,
            query: 5,
        },
    );
    let pool = ClassPool::of_tasks(x, (&y, &[0; 13]), 3, split, 4).unwrap();
    for task in 0..20 {
        batch.draw(&pool, task..task + 1);
        for (rows, wanted) in [(batch.support(), [3, 1, 3]), (batch.query(), [4, 0, 1])] {
            let Target::Classes(labels) = rows.y.target else {
                panic!()
            };
            let count = [0, 1, 2].map(|c| labels.iter().filter(|&&l| l == c).count());
            assert_eq!(count, wanted);
        }
    }
    for (ways, support, query) in [(1, 3, 3), (3, 2, 3), (3, 3, 0)] {
        assert!(matches!(
            of(ways, support, query),
            Err(Error::Setting { .. })
        ));
    }
    let uneven = of(3, 3, 3).unwrap().with_most_shots(4);
    assert!(matches!(uneven, Err(Error::Setting { .. })));
}

#[test]
fn tasks_of_a_table() {
    let tasks: Vec<u32> = (0..60).map(|i| i % 3).collect();
    let x: Vec<f64> = (0..60).map(f64::from).collect();
    let y: Vec<f64> = x.iter().map(|x| -x).collect();
    let (x, y) = (
        MatRef::new(&x, 60, 1).unwrap(),
        MatRef::new(&y, 60, 1).unwrap(),
    );
    let split = Split {
        support: 8,
        query: 12,
    };
    let table = TaskTable::new(x, Targets::values(y), &tasks, split, 0).unwrap();
    is_pure(&table);
    let (mut batch, mut met) = (EpisodeBatch::<f64>::new(), HashSet::new());
    for task in 0..20 {
        batch.draw(&table, task..task + 1);
        let all = numbers(&batch);
        let rows: HashSet<u32> = all[..8]
            .iter()
            .chain(&all[16..28])
            .map(|&x| x as u32)
            .collect();
        let own: HashSet<u32> = rows.iter().map(|row| row % 3).collect();
        assert_eq!((rows.len(), own.len()), (20, 1));
        assert!(all[..8].iter().zip(&all[8..16]).all(|(x, y)| *x == -y));
        met.extend(own);
    }
    assert_eq!(met.len(), 3);
    let more = Split {
        support: 9,
        ..split
    };
    let error = TaskTable::new(x, Targets::values(y), &tasks, more, 0).unwrap_err();
    assert!(matches!(error, Error::Task { .. }), "{error}");
}

#[test]
fn classes_of_a_table_come_in_turn() {
    let tasks: Vec<u32> = (0..40).map(|i| i / 20).collect();
    let labels: Vec<u32> = (0..40).map(|i| i * i % 3).collect();
    let x: Vec<f64> = (0..40).map(f64::from).collect();
    let x = MatRef::new(&x, 40, 1).unwrap();
    let split = Split {
        support: 4,
        query: 8,
    };
    let table = TaskTable::new(x, Targets::classes(&labels), &tasks, split, 5).unwrap();
    is_pure(&table);
    let mut batch = EpisodeBatch::<f64>::new();
    for task in 0..20 {
        batch.draw(&table, task..task + 1);
        let of = |y: &Targets<'_, f64>| match y.target {
            Target::Classes(labels) => labels.to_vec(),
            Target::Values(_) => panic!("classes"),
        };
        // A square has the remainders 0 and 1 by 3, so that there are two classes.
        let support = of(&batch.support().y);
        let ones = support.iter().filter(|&&label| label == 1).count();
        assert_eq!((support.len(), ones), (4, 2));
        for (i, label) in support.iter().enumerate() {
            assert_eq!(*label, labels[batch.support().x.at(i, 0) as usize]);
        }
    }
}

#[test]
fn closures() {
    let episodes = FnEpisodes {
        shape: Shape {
            features: 1,
            targets: TargetKind::Classes(2),
        },
        split: Split {
            support: 2,
            query: 2,
        },
        draw: |task: u64, into: Draw<'_, f64>| {
            into.support.x.fill(task as f64);
            into.query.x.fill(-(task as f64));
            into.support.labels.copy_from_slice(&[0, 1]);
            into.query.labels.copy_from_slice(&[1, 0]);
        },
    };
    is_pure(&episodes);
}
