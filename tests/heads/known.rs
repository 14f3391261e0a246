//! Known answers of `data/meta.json`, which describes itself: ridge heads and prototypes.

use cognate::MatMut;
use cognate::MatRef;
use cognate::loss::{Loss, Softmax, Squared, Targets};
use cognate::meta::heads::{Head, PrototypeHead, RidgeHead, Shape, mean_scale};
use cognate::workspace::Workspace;
use serde_json::Value;

use crate::differences::assert_close;
use crate::fit::Fit;
use crate::floats::floats;

/// Of the largest entry.
pub const TOLERANCE: f64 = 1e-9;

pub fn file() -> Value {
    serde_json::from_str(include_str!("../data/meta.json")).unwrap()
}

/// The numbers of a tensor, and its rows.
pub fn tensor(value: &Value) -> (Vec<f64>, usize) {
    (
        floats(&value["data"]),
        value["shape"][0].as_u64().unwrap() as usize,
    )
}

/// The query's loss and its gradient: mean cross-entropy of classes, mean square of numbers.
fn loss(z: &[f64], y: &Targets<'_, f64>, c: usize) -> (f64, Vec<f64>) {
    let m = z.len() / c;
    let mut dz = vec![0.0; m * c];
    let classes = matches!(y.target, cognate::loss::Target::Classes(_));
    let loss: &dyn Loss<f64> = if classes {
        &Softmax { smoothing: 0.0 }
    } else {
        &Squared
    };
    let mut workspace = Workspace::new(loss.need(m, c));
    let mut slabs = workspace.slabs();
    let into = Some(MatMut::planned(&mut dz, m, c));
    let z = MatRef::planned(z, m, c);
    let value = loss.value_grad(z, y, mean_scale(y), into, slabs.saved, &mut slabs.work);
    (value, dz)
}

fn number(case: &Value, key: &str) -> f64 {
    case[key].as_f64().unwrap()
}

#[test]
fn ridge_heads() {
    let file = file();
    let cases = file["ridge_head_r2d2"].as_object().unwrap();
    assert!(cases.len() >= 2);
    for (name, case) in cases {
        ridge_head(name, case);
    }
}

fn ridge_head(name: &str, case: &Value) {
    let check = |what: &str, found: &[f64], key: &str| {
        let wanted = match &case[key] {
            Value::Number(number) => vec![number.as_f64().unwrap()],
            value => tensor(value).0,
        };
        assert_close(&format!("{name}: {what}"), found, &wanted, TOLERANCE);
    };
    let ((h, n), (query, m)) = (tensor(&case["support"]), tensor(&case["query"]));
    let (targets, _) = tensor(&case["support_targets"]);
    let (bias, mean) = (&case["append_ones_column_last"], &case["divide_by_sqrt_n"]);
    let head = RidgeHead::default()
        .with_bias(bias.as_bool().unwrap())
        .with_per_weight(mean.as_bool().unwrap());
    let shape = Shape {
        support: n,
        query: m,
        features: h.len() / n,
        outputs: targets.len() / n,
    };
    let (lambda, c) = (number(case, "lambda"), shape.outputs);
    let p = [
        lambda.ln(),
        number(case, "scale_param"),
        number(case, "shift_param"),
    ];
    let y = Targets::values(MatRef::planned(&targets, n, c));
    let mut fit = Fit::new(head, &p, shape, (&h, y), &query);
    check("W", &fit.fitted, "W");
    let z = fit.outputs();
    check("outputs", &z, "query_output");
    let (answers, _) = tensor(&case["query_labels_or_targets"]);
    let labels: Vec<u32> = answers.iter().map(|&label| label as u32).collect();
    let answers = match answers.len() == m && c > 1 {
        true => Targets::classes(&labels),
        false => Targets::values(MatRef::planned(&answers, m, c)),
    };
    let (value, dz) = loss(&z, &answers, c);
    check("loss", &[value], "loss");
    let g = fit.gradients(&dz);
    check("support", &g.support, "grad_support");
    check("query", &g.query, "grad_query");
    check("targets", &g.targets, "grad_targets");
    check("lambda", &[g.params[0] / lambda], "grad_lambda");
    check("scale", &[g.params[1]], "grad_scale");
    check("shift", &[g.params[2]], "grad_shift");
}

#[test]
fn prototypes() {
    let case = &file()["prototypical_head"];
    let ((h, n), (query, m)) = (tensor(&case["support"]), tensor(&case["query"]));
    let labels = |key: &str| -> Vec<u32> {
        tensor(&case[key])
            .0
            .iter()
            .map(|&label| label as u32)
            .collect()
    };
    let (of_support, of_query) = (labels("support_labels"), labels("query_labels"));
    let shape = Shape {
        support: n,
        query: m,
        features: h.len() / n,
        outputs: 3,
    };
    let y = Targets::classes(&of_support);
    let mut fit = Fit::new(PrototypeHead::SQUARED, &[], shape, (&h, y), &query);
    let check = |found: &[f64], key: &str| {
        assert_close(key, found, &tensor(&case[key]).0, TOLERANCE);
    };
    check(&fit.fitted, "prototypes");
    let z = fit.outputs();
    check(&z, "query_logits_neg_sq_euclid");
    let (value, dz) = loss(&z, &Targets::classes(&of_query), 3);
    assert!((value - case["loss"].as_f64().unwrap()).abs() < TOLERANCE);
    let g = fit.gradients(&dz);
    check(&g.support, "grad_support");
    check(&g.query, "grad_query");
    assert_eq!(Head::<f64>::params(&PrototypeHead::SQUARED), 0);
}
