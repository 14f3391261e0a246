//! Distillation: the known answers.

use cognate::layer::Dense;
use cognate::meta::distill::{Hint, Softened, SoftenedLogistic, Taught, hidden};
use cognate::objective::Objective;
use cognate::params::Span;
use cognate::workspace::Workspace;
use cognate::{Activation, MatRef};

use crate::differences::assert_close;
use crate::distilling::{grade, options};
use crate::known::{TOLERANCE, file, tensor};

#[test]
fn softened_targets_are_the_known_ones() {
    let file = file();
    let case = &file["distillation"];
    let ((z, n), (v, _), (labels, _)) = (
        tensor(&case["student_logits"]),
        tensor(&case["teacher_logits"]),
        tensor(&case["labels"]),
    );
    let k = z.len() / n;
    let taught = Taught::classes(MatRef::planned(&v, n, k), &options(&labels)).unwrap();
    let (y, scale) = (taught.targets(), 1.0 / n as f64);
    let cases = case["cases"].as_array().unwrap();
    assert!(!cases.is_empty());
    for case in cases {
        let get = |key: &str| case[key].as_f64().unwrap();
        let (temperature, alpha) = (get("temperature"), get("alpha"));
        let loss = Softened { temperature, alpha };
        let (value, dz) = grade(&loss, &z, k, &y, scale);
        assert_close("loss", &[value], &[get("loss")], TOLERANCE);
        assert_close(
            "dz",
            &dz,
            &tensor(&case["grad_student_logits"]).0,
            TOLERANCE,
        );
    }
    let hot = Softened {
        temperature: 1e6,
        alpha: 0.0,
    };
    let (_, dz) = grade(&hot, &z, k, &y, scale);
    // T (q - t) at T = 1e6: the next term of the series is 1e-6 of the first, and 1e6 roundings are 1e-10.
    assert_close("high T", &dz, &tensor(&case["high_T_limit_grad"]).0, 1e-5);
}

#[test]
fn softened_labels_are_the_known_ones() {
    let file = file();
    let case = &file["distillation"]["binary"];
    let ((z, n), (v, _), (labels, _)) = (
        tensor(&case["student_logits"]),
        tensor(&case["teacher_logits"]),
        tensor(&case["labels"]),
    );
    let column = |x| MatRef::planned(x, n, 1);
    let taught = Taught::values(column(&v), column(&labels)).unwrap();
    for case in case["cases"].as_array().unwrap() {
        let get = |key: &str| case[key].as_f64().unwrap();
        let (temperature, alpha) = (get("temperature"), get("alpha"));
        let loss = SoftenedLogistic { temperature, alpha };
        let (value, dz) = grade(&loss, &z, 1, &taught.targets(), 1.0 / n as f64);
        assert_close("loss", &[value], &[get("loss")], TOLERANCE);
        assert_close(
            "dz",
            &dz,
            &tensor(&case["grad_student_logits"]).0,
            TOLERANCE,
        );
        // The same as two classes with the logits (0, z).
        let pairs = |x: &[f64]| x.iter().flat_map(|&x| [0.0, x]).collect::<Vec<_>>();
        let pair_v = pairs(&v);
        let two = Taught::classes(MatRef::planned(&pair_v, n, 2), &options(&labels)).unwrap();
        let loss = Softened { temperature, alpha };
        let (same, pair) = grade(&loss, &pairs(&z), 2, &two.targets(), 1.0 / n as f64);
        assert!((same - value).abs() < 1e-13);
        let ones: Vec<f64> = pair.chunks(2).map(|p| p[1]).collect();
        assert_close("two classes", &ones, &dz, 1e-13);
    }
}

#[test]
fn hints_are_the_known_ones() {
    let file = file();
    let case = &file["distillation"]["fitnet_hint"];
    let ((h, n), (units, _)) = (
        tensor(&case["student_hidden"]),
        tensor(&case["teacher_hidden"]),
    );
    let ((w, e), (b, _)) = (tensor(&case["regressor_W"]), tensor(&case["regressor_b"]));
    let d = h.len() / n;
    // The file's weights are out x in.
    let transpose = |w: &[f64], rows: usize, cols: usize| -> Vec<f64> {
        (0..rows * cols)
            .map(|at| w[at % rows * cols + at / rows])
            .collect()
    };
    // An identity layer stands for a student whose hidden units are its inputs.
    let layer = Dense {
        weight: Span::new("0", 0, d, d),
        bias: None,
        activation: Activation::Identity,
    };
    let mut student = vec![0.0; d * d];
    (0..d).for_each(|i| student[i * d + i] = 1.0);
    let hint = Hint::new(&[layer], d * d, e).unwrap();
    let mut p = hint.start(&student, 0);
    assert_eq!(p[..d * d], student);
    p[d * d..][..d * e].copy_from_slice(&transpose(&w, e, d));
    p[d * d + d * e..].copy_from_slice(&b);
    let (x, units) = (MatRef::planned(&h, n, d), MatRef::planned(&units, n, e));
    let objective = hint.objective(x, units);
    let mut workspace = Workspace::new(objective.need());
    let mut slabs = workspace.slabs();
    let mut g = vec![0.0; hint.params()];
    let value = objective.value_grad(&p, Some(&mut g), slabs.saved, &mut slabs.work);
    assert_close(
        "loss",
        &[value],
        &[case["loss"].as_f64().unwrap()],
        TOLERANCE,
    );
    let wanted = tensor(&case["grad_W"]).0;
    assert_close(
        "W",
        &g[d * d..][..d * e],
        &transpose(&wanted, e, d),
        TOLERANCE,
    );
    assert_close(
        "b",
        &g[d * d + d * e..],
        &tensor(&case["grad_b"]).0,
        TOLERANCE,
    );
    // What the guided layer gets: its weight's gradient is h' dh.
    let dh = tensor(&case["grad_student_hidden"]).0;
    let wanted: Vec<f64> = (0..d * d)
        .map(|at| (0..n).map(|i| h[i * d + at / d] * dh[i * d + at % d]).sum())
        .collect();
    assert_close("h", &g[..d * d], &wanted, TOLERANCE);
    assert_eq!(hidden(&[layer], &student, x), h);
    assert_eq!(hint.spans().len(), 3);
}
