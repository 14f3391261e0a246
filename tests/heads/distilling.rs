//! Distillation: known answers, identities, derivatives against differences.

use cognate::loss::{Logistic, Loss, Softmax, Squared, Targets};
use cognate::meta::distill::{
    Annealing, Lesson, Lessons, Matched, Pupil, Similarity, Softened, SoftenedLogistic, Taught,
    born_again, logits_of, mean_links, taught_links,
};
use cognate::model::LinearModel;
use cognate::workspace::Workspace;
use cognate::{MatMut, MatRef};

use crate::differences::{assert_close, gradient};
use crate::random::Random;

/// The loss of `z: n x k` times `scale`, and its gradient.
pub fn grade<L: Loss<f64>>(
    loss: &L,
    z: &[f64],
    k: usize,
    y: &Targets<'_, f64>,
    scale: f64,
) -> (f64, Vec<f64>) {
    let n = z.len() / k;
    let mut dz = vec![f64::NAN; n * k];
    let mut workspace = Workspace::new(loss.need(n, k));
    let mut slabs = workspace.slabs();
    let into = Some(MatMut::planned(&mut dz, n, k));
    let z = MatRef::planned(z, n, k);
    let value = loss.value_grad(z, y, scale, into, slabs.saved, &mut slabs.work);
    (value, dz)
}

/// `H rz` at `z`.
fn product<L: Loss<f64>>(
    loss: &L,
    (z, rz): (&[f64], &[f64]),
    k: usize,
    y: &Targets<'_, f64>,
) -> Vec<f64> {
    let n = z.len() / k;
    let (mut dz, mut rdz) = (vec![f64::NAN; n * k], vec![f64::NAN; n * k]);
    let mut workspace = Workspace::new(loss.need(n, k));
    let mut slabs = workspace.slabs();
    let (z, rz) = (MatRef::planned(z, n, k), MatRef::planned(rz, n, k));
    let into = Some(MatMut::planned(&mut dz, n, k));
    loss.value_grad(z, y, 0.7, into, slabs.saved, &mut slabs.work);
    let into = MatMut::planned(&mut rdz, n, k);
    loss.hvp(z, y, 0.7, slabs.saved, rz, into, &mut slabs.work);
    rdz
}

pub fn options(labels: &[f64]) -> Vec<Option<u32>> {
    labels.iter().map(|&label| Some(label as u32)).collect()
}

#[test]
fn alpha_one_is_the_plain_loss_and_a_teachers_equal_has_no_gradient() {
    let random = &mut Random::new(20);
    let (n, k) = (7, 4);
    let (z, v) = (random.numbers(n * k), random.numbers(n * k));
    let labels: Vec<u32> = (0..n).map(|i| (i % k) as u32).collect();
    let known: Vec<Option<u32>> = labels.iter().copied().map(Some).collect();
    let rows = |x| MatRef::planned(x, n, k);
    let taught = Taught::classes(rows(&v), &known).unwrap();
    let plain = grade(&Softmax::default(), &z, k, &Targets::classes(&labels), 0.3);
    let all = |alpha| Softened {
        temperature: 3.0,
        alpha,
    };
    let (value, dz) = grade(&all(1.0), &z, k, &taught.targets(), 0.3);
    assert_close("loss", &[value], &[plain.0], 1e-14);
    assert_close("dz", &dz, &plain.1, 1e-15);
    let (value, dz) = grade(&all(0.0), &v, k, &taught.targets(), 0.3);
    assert_eq!(dz, vec![0.0; n * k]);
    assert!(value.abs() < 1e-14);
    let (_, dz) = grade(&all(0.4), &z, k, &taught.targets(), 0.3);
    for row in dz.chunks(k) {
        assert!(row.iter().sum::<f64>().abs() < 1e-15);
    }
    let truth: Vec<f64> = random
        .numbers(n * k)
        .iter()
        .map(|v| 0.5 + 0.5 * v)
        .collect();
    let taught = Taught::values(rows(&v), rows(&truth)).unwrap();
    let single = SoftenedLogistic {
        temperature: 3.0,
        alpha: 1.0,
    };
    let plain = grade(&Logistic, &z, k, &Targets::values(rows(&truth)), 0.3);
    let (value, dz) = grade(&single, &z, k, &taught.targets(), 0.3);
    assert_close("loss", &[value], &[plain.0], 1e-14);
    assert_close("dz", &dz, &plain.1, 1e-15);
    let alone = SoftenedLogistic {
        alpha: 0.0,
        ..single
    };
    assert_eq!(
        grade(&alone, &v, k, &taught.targets(), 0.3).1,
        vec![0.0; n * k]
    );
}

/// The squared loss to the mixed target has the same gradient.
#[test]
fn matching_is_the_plain_fit_to_the_mixed_target() {
    let random = &mut Random::new(21);
    let (n, k) = (5, 3);
    let (z, v, t) = (
        random.numbers(n * k),
        random.numbers(n * k),
        random.numbers(n * k),
    );
    let rows = |x| MatRef::planned(x, n, k);
    let taught = Taught::values(rows(&v), rows(&t)).unwrap();
    let mixed: Vec<f64> = v.iter().zip(&t).map(|(v, t)| 0.3 * t + 0.7 * v).collect();
    let wanted = grade(&Squared, &z, k, &Targets::values(rows(&mixed)), 1.0).1;
    let (_, dz) = grade(&Matched { alpha: 0.3 }, &z, k, &taught.targets(), 1.0);
    assert_close("dz", &dz, &wanted, 1e-15);
}

/// Value, gradient and Hessian product of `loss` against differences.
fn differences<L: Loss<f64>>(
    what: &str,
    loss: &L,
    k: usize,
    y: &Targets<'_, f64>,
    random: &mut Random,
) {
    let n = y.shape().0;
    let (z, rz) = (random.numbers(n * k), random.numbers(n * k));
    let (_, dz) = grade(loss, &z, k, y, 0.7);
    let wanted = gradient(&z, |z| grade(loss, z, k, y, 0.7).0);
    assert_close(&format!("{what}: dz"), &dz, &wanted, 1e-10);
    let along = |t: &[f64]| -> Vec<f64> {
        let moved: Vec<f64> = z.iter().zip(&rz).map(|(z, r)| z + t[0] * r).collect();
        grade(loss, &moved, k, y, 0.7).1
    };
    let wanted: Vec<f64> = (0..n * k)
        .map(|at| gradient(&[0.0], |t| along(t)[at])[0])
        .collect();
    assert_close(
        &format!("{what}: rdz"),
        &product(loss, (&z, &rz), k, y),
        &wanted,
        1e-10,
    );
}

#[test]
fn derivatives_of_every_loss() {
    let random = &mut Random::new(22);
    let (n, k) = (6, 3);
    let weights: Vec<f64> = (0..n).map(|i| [1.0, 0.5, 0.0][i % 3]).collect();
    let v = random.numbers(n * k);
    let mut labels: Vec<Option<u32>> = (0..n).map(|i| Some((i % k) as u32)).collect();
    labels[1] = None;
    let mut truth: Vec<f64> = random
        .numbers(n * k)
        .iter()
        .map(|v| 0.5 + 0.5 * v)
        .collect();
    truth[4] = f64::NAN;
    let rows = |x| MatRef::planned(x, n, k);
    let classes = Taught::classes(rows(&v), &labels).unwrap();
    let values = Taught::values(rows(&v), rows(&truth)).unwrap();
    let (softened, single, matched) = (
        Softened::default(),
        SoftenedLogistic::default(),
        Matched::default(),
    );
    let y = classes.targets().weighted(Some(&weights));
    differences("softened", &softened, k, &y, random);
    let y = values.targets().weighted(Some(&weights));
    differences("softened labels", &single, k, &y, random);
    differences("matched", &matched, k, &y, random);
    let similar = Targets::values(rows(&v)).weighted(Some(&weights));
    differences("similarity", &Similarity, 5, &similar, random);
    let pupils = [
        (Lesson::Numbers(matched), 1.0),
        (Lesson::Classes(softened), 0.3),
        (Lesson::Logits(single), 2.0),
    ];
    let pupils = pupils.map(|(lesson, weight)| Pupil {
        outputs: k,
        lesson,
        weight,
    });
    let all = Taught::together(&[values.clone(), classes, values]).unwrap();
    let y = all.targets().weighted(Some(&weights));
    differences("lessons", &Lessons(&pupils), 3 * k, &y, random);
}

/// Tasks that share nothing: each column block has the gradient of its own loss.
#[test]
fn lessons_are_their_tasks_losses() {
    let random = &mut Random::new(23);
    let n = 4;
    let (v, z) = (random.numbers(n * 3), random.numbers(n * 5));
    let numbers = random.numbers(n * 2);
    let classes = Taught::classes(
        MatRef::planned(&v, n, 3),
        &[Some(0), None, Some(2), Some(1)],
    )
    .unwrap();
    let values = Taught::values(
        MatRef::planned(&numbers, n, 2),
        MatRef::planned(&numbers, n, 2),
    )
    .unwrap();
    let (softened, matched) = (Softened::default(), Matched::default());
    let pupils = [
        Pupil {
            outputs: 3,
            lesson: Lesson::Classes(softened),
            weight: 1.0,
        },
        Pupil {
            outputs: 2,
            lesson: Lesson::Numbers(matched).with_alpha(0.5),
            weight: 1.0,
        },
    ];
    let both = Taught::together(&[classes.clone(), values.clone()]).unwrap();
    let (value, dz) = grade(&Lessons(&pupils), &z, 5, &both.targets(), 1.0);
    let block = |range: std::ops::Range<usize>| -> Vec<f64> {
        z.chunks(5)
            .flat_map(|row| row[range.clone()].to_vec())
            .collect()
    };
    let first = grade(&softened, &block(0..3), 3, &classes.targets(), 1.0);
    let second = grade(&matched, &block(3..5), 2, &values.targets(), 1.0);
    assert!((value - first.0 - second.0).abs() < 1e-14);
    for i in 0..n {
        assert_eq!(dz[i * 5..][..3], first.1[i * 3..][..3]);
        assert_eq!(dz[i * 5 + 3..][..2], second.1[i * 2..][..2]);
    }
}

#[test]
fn alpha_rises_from_the_teacher_to_the_truth() {
    let annealing = Annealing { steps: 4 };
    let alphas: Vec<f64> = (0..6).map(|t| annealing.alpha(t)).collect();
    assert_eq!(alphas, [0.0, 0.25, 0.5, 0.75, 1.0, 1.0]);
    assert_eq!(Annealing { steps: 0 }.alpha(0), 1.0);
}

#[test]
fn probabilities_become_logits_and_back() {
    let p = [0.2, 0.5, 0.3, 1.0, 0.0, 0.0];
    let logits = logits_of(MatRef::planned(&p, 2, 3)).unwrap();
    assert!(logits.iter().all(|v: &f64| v.is_finite()));
    for (row, logits) in p.chunks(3).zip(logits.chunks(3)) {
        let sum: f64 = logits.iter().map(|v| v.exp()).sum();
        let back: Vec<f64> = logits.iter().map(|v| v.exp() / sum).collect();
        assert_close("softmax", &back, row, 1e-15);
    }
    let odds = logits_of(MatRef::planned(&[0.25, 1.0, 0.0], 3, 1)).unwrap();
    assert!((odds[0] + 3f64.ln()).abs() < 1e-15 && odds[1].is_finite() && odds[2].is_finite());
    logits_of(MatRef::planned(&[1.5], 1, 1)).unwrap_err();
    logits_of(MatRef::planned(&[f64::NAN], 1, 1)).unwrap_err();
}

#[test]
fn what_is_said_is_checked() {
    let v = [0.0, 1.0, 2.0, 3.0];
    let rows = MatRef::planned(&v, 2, 2);
    Taught::classes(rows, &[Some(2), None]).unwrap_err();
    Taught::classes(rows, &[None]).unwrap_err();
    Taught::values(rows, MatRef::planned(&[0.0, f64::INFINITY, 0.0, 0.0], 2, 2)).unwrap_err();
    let nan = [0.0, f64::NAN, 0.0, 0.0];
    Taught::unlabelled(MatRef::planned(&nan, 2, 2)).unwrap_err();
    Taught::<f64>::together(&[]).unwrap_err();
    let nothing = Taught::unlabelled(rows).unwrap();
    // Without truth only the teacher's part is left.
    let z = [0.3, 0.1, -0.2, 0.5];
    let half = grade(
        &Softened {
            temperature: 2.0,
            alpha: 0.5,
        },
        &z,
        2,
        &nothing.targets(),
        1.0,
    );
    let none = grade(
        &Softened {
            temperature: 2.0,
            alpha: 0.0,
        },
        &z,
        2,
        &nothing.targets(),
        1.0,
    );
    assert_eq!(2.0 * half.0, none.0);
}

/// A line of linear models: each is its teacher's links plus one.
#[test]
fn a_line_of_students() {
    let x = [1.0, 2.0, 3.0];
    let rows = MatRef::planned(&x, 3, 1);
    let line = born_again(rows, 3, |generation, teacher| {
        let first = teacher.map_or(0.0, |links: MatRef<'_, f64>| links.at(0, 0) - 1.0);
        assert_eq!(generation > 0, teacher.is_some());
        LinearModel::new(MatRef::planned(&[1.0], 1, 1), &[first + 1.0])
    })
    .unwrap();
    let intercepts: Vec<f64> = line.iter().map(|model| model.intercept()[0]).collect();
    assert_eq!(intercepts, [1.0, 2.0, 3.0]);
    assert_eq!(mean_links(&line, rows).unwrap(), [3.0, 4.0, 5.0]);
    taught_links(&line[0], MatRef::planned(&x, 1, 3)).unwrap_err();
}
