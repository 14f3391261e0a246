//! Known answers: every gradient-based section of `data/meta.json`, described by the file itself.
//!
//! Files hold weights `out x in`, memory `in x out`: parameters and gradients are turned on the way.

use cognate::Activation;
use cognate::meta::{Implicit, InnerLoop, Learner, MetaGradient, Rates, SharedBy};
use cognate::params::Span;
use serde_json::Value;

use crate::common::{Case, Kind, Set, adapted};
use crate::floats::floats;

/// Relative to the largest entry.
const TOLERANCE: f64 = 1e-9;

fn file() -> Value {
    serde_json::from_str(include_str!("../data/meta.json")).unwrap()
}

/// A tensor's numbers.
fn data(value: &Value) -> Vec<f64> {
    floats(&value["data"])
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

fn set(value: &Value) -> Set {
    Set {
        x: data(&value["x"]),
        y: data(&value["y"]),
    }
}

/// A section with a network.
struct Section {
    value: Value,
    case: Case,
    spans: Vec<Span>,
    rate: f64,
    /// In our order.
    theta: Vec<f64>,
}

impl Section {
    fn new(value: &Value) -> Self {
        let net = &value["net"];
        let context = value["context_dim"].as_u64().unwrap_or(0) as usize;
        let mut sizes: Vec<usize> = floats(&net["dims"]).iter().map(|&d| d as usize).collect();
        sizes[0] -= context;
        let case = Case {
            kind: if net["loss"] == "mse" {
                Kind::Numbers
            } else {
                Kind::Classes
            },
            sizes,
            activation: if net["hidden_activation"] == "tanh" {
                Activation::Tanh
            } else {
                Activation::Relu
            },
            context,
            support: set(&value["support"]),
            query: set(&value["query"]),
        };
        let spans = case.layers().1;
        let mut section = Self {
            value: value.clone(),
            case,
            spans,
            rate: number(&value["inner_lr"]),
            theta: vec![],
        };
        section.theta = section.ours(&data(&value["theta0"]));
        section.theta.resize(section.case.params(), 0.0);
        section
    }

    /// The file's order turned into ours.
    fn ours(&self, theirs: &[f64]) -> Vec<f64> {
        let mut ours = vec![];
        for span in &self.spans {
            let part = span.of(theirs);
            for i in 0..span.rows {
                ours.extend((0..span.cols).map(|j| part[j * span.rows + i]));
            }
        }
        assert!(!ours.is_empty());
        ours
    }

    fn steps(&self) -> Vec<(usize, Value)> {
        let steps = self.value["steps"].as_object().unwrap().iter();
        let steps: Vec<_> = steps
            .map(|(k, v)| (k.parse().unwrap(), v.clone()))
            .collect();
        assert!(!steps.is_empty());
        steps
    }

    fn inner(&self, steps: usize) -> InnerLoop<'_> {
        InnerLoop::new(&self.spans, steps, Rates::Fixed(self.rate))
    }

    /// The gradient of `learner` at `[theta | rates]`, on three copies of the task.
    fn gradient(&self, learner: &Learner<'_>, rates: &[f64]) -> (f64, Vec<f64>) {
        let meta = [&self.theta[..], rates].concat();
        let (report, grad) = self.case.gradient::<f64>(learner, &meta, 3);
        assert_eq!((report.used, report.skipped), (3, 0));
        (report.query_loss, grad)
    }

    /// `learner` finds the end, the loss and the gradient of `known`.
    fn check(&self, name: &str, learner: &Learner<'_>, known: &Value) {
        let (loss, grad) = self.gradient(learner, &[]);
        let (_, _, end) = adapted(&self.case, learner, &self.theta, learner.inner.steps);
        close(name, &end, &self.ours(&data(&known["theta_K"])));
        close(name, &[loss], &[number(&known["query_loss"])]);
        close(name, &grad, &self.ours(&data(&known["theta_grad"])));
    }
}

/// Fails unless `found` equals `known` to the tolerance of the largest entry.
fn close(name: &str, found: &[f64], known: &[f64]) {
    assert_eq!(found.len(), known.len(), "{name}");
    let top = known.iter().fold(0.0, |top: f64, k| top.max(k.abs()));
    for (f, k) in found.iter().zip(known) {
        assert!(
            (f - k).abs() <= TOLERANCE * top,
            "{name}: {found:?}, not {known:?}"
        );
    }
}

/// The sections with a network that adapts whole.
fn sections() -> Vec<(String, Section)> {
    let file = file();
    let sections = file
        .as_object()
        .unwrap()
        .iter()
        .filter(|(_, v)| v.get("meta_sgd_alpha").is_some());
    let sections: Vec<_> = sections
        .map(|(name, v)| (name.clone(), Section::new(v)))
        .collect();
    assert!(sections.len() >= 2);
    sections
}

fn second(inner: InnerLoop<'_>) -> Learner<'_> {
    Learner::new(inner, MetaGradient::SecondOrder)
}

fn first(inner: InnerLoop<'_>) -> Learner<'_> {
    Learner::new(inner, MetaGradient::FirstOrder)
}

#[test]
fn maml_first_order_and_reptile() {
    for (name, section) in sections() {
        for (k, known) in section.steps() {
            let inner = section.inner(k);
            let (loss, grad) = section.gradient(&second(inner), &[]);
            close(&name, &[loss], &[floats(&known["query_loss"])[k]]);
            close(&name, &grad, &section.ours(&data(&known["maml_grad"])));
            let (_, grad) = section.gradient(&first(inner), &[]);
            close(&name, &grad, &section.ours(&data(&known["fomaml_grad"])));
            let reptile = Learner::new(inner, MetaGradient::Reptile);
            let (_, grad) = section.gradient(&reptile, &[]);
            let direction: Vec<f64> = grad.iter().map(|g| -g).collect();
            close(
                &name,
                &direction,
                &section.ours(&data(&known["reptile_direction"])),
            );
            let losses = floats(&known["support_loss"]);
            for (steps, theta) in known["theta"].as_array().unwrap().iter().enumerate() {
                let (before, after, end) =
                    adapted(&section.case, &second(inner), &section.theta, steps);
                close(&name, &end, &section.ours(&data(theta)));
                close(&name, &[before, after], &[losses[0], losses[steps]]);
            }
        }
    }
}

#[test]
fn spans_that_adapt() {
    for (name, section) in sections() {
        let (body, head) = section.spans.split_at(section.spans.len() - 2);
        for (k, known) in section.steps() {
            for (key, adapts) in [("anil", head), ("boil", body)] {
                let inner = InnerLoop {
                    adapts,
                    ..section.inner(k)
                };
                section.check(&format!("{name} {key} {k}"), &second(inner), &known[key]);
            }
        }
    }
}

#[test]
fn pull_momentum_and_losses_on_the_way() {
    for (name, section) in sections() {
        for (k, known) in section.steps() {
            let (prox, momentum) = (&known["prox"], &known["momentum"]);
            let inner = InnerLoop {
                proximal: number(&prox["mu"]),
                ..section.inner(k)
            };
            section.check(&name, &second(inner), prox);
            let inner = InnerLoop {
                momentum: number(&momentum["beta"]),
                ..section.inner(k)
            };
            section.check(&name, &second(inner), momentum);
            let multi = &known["multi_step_loss"];
            let weights = floats(&multi["weights_theta0_to_thetaK"]);
            let learner = Learner {
                query_weights: &weights,
                ..second(section.inner(k))
            };
            let (loss, grad) = section.gradient(&learner, &[]);
            close(&name, &[loss], &[number(&multi["loss"])]);
            close(&name, &grad, &section.ours(&data(&multi["theta_grad"])));
        }
    }
}

/// The rates of a learner that learns them, all the same.
fn learned(inner: InnerLoop<'_>, shared_by: SharedBy, per_step: bool) -> InnerLoop<'_> {
    InnerLoop {
        rates: Rates::Learned {
            shared_by,
            per_step,
        },
        ..inner
    }
}

#[test]
fn learned_rates() {
    for (name, section) in sections() {
        for (k, known) in section.steps() {
            let (n, inner) = (section.theta.len(), section.inner(k));
            for (shared_by, key) in [
                (SharedBy::Parameter, "per_step_per_param_lr_grad"),
                (SharedBy::Span, "per_step_per_tensor_lr_grad"),
            ] {
                let inner = learned(inner, shared_by, true);
                let rates = vec![section.rate; inner.learned_rates()];
                let (_, grad) = section.gradient(&second(inner), &rates);
                let mut wanted = data(&known[key]);
                if shared_by == SharedBy::Parameter {
                    wanted = wanted
                        .chunks(n)
                        .flat_map(|step| section.ours(step))
                        .collect();
                }
                close(&name, &grad[n..], &wanted);
                close(&name, &grad[..n], &section.ours(&data(&known["maml_grad"])));
            }
            let meta_sgd = &known["meta_sgd"];
            let rates = section.ours(&data(&section.value["meta_sgd_alpha"]));
            let inner = learned(inner, SharedBy::Parameter, false);
            let (loss, grad) = section.gradient(&second(inner), &rates);
            close(&name, &[loss], &[number(&meta_sgd["query_loss"])]);
            close(
                &name,
                &grad[..n],
                &section.ours(&data(&meta_sgd["theta_grad"])),
            );
            close(
                &name,
                &grad[n..],
                &section.ours(&data(&meta_sgd["alpha_grad"])),
            );
            let (_, grad) = section.gradient(&first(inner), &rates);
            close(
                &name,
                &grad[..n],
                &section.ours(&data(&meta_sgd["first_order_theta_grad"])),
            );
            close(
                &name,
                &grad[n..],
                &section.ours(&data(&meta_sgd["first_order_alpha_grad"])),
            );
            let meta = [&section.theta[..], &rates].concat();
            let (_, _, end) = adapted(&section.case, &second(inner), &meta, k);
            close(&name, &end, &section.ours(&data(&meta_sgd["theta_K"])));
        }
    }
}

#[test]
fn implicit() {
    for (name, section) in sections() {
        let known = &section.value["imaml"];
        let lambda = number(&known["lambda"]);
        let inner = InnerLoop {
            proximal: lambda,
            ..InnerLoop::new(&section.spans, 600, Rates::Fixed(0.05))
        };
        let settings = Implicit {
            max_products: 200,
            cg_tol: 1e-13,
            tol: 1e-11,
            ..Implicit::default()
        };
        let learner = Learner::new(inner, MetaGradient::Implicit(settings));
        let (report, _) = section.case.gradient::<f64>(&learner, &section.theta, 2);
        assert_eq!(report.unsolved, 0, "{name}");
        let (loss, grad) = section.gradient(&learner, &[]);
        let (_, _, end) = adapted(&section.case, &learner, &section.theta, 600);
        close(&name, &end, &section.ours(&data(&known["phi_star"])));
        close(&name, &[loss], &[number(&known["query_loss"])]);
        close(&name, &grad, &section.ours(&data(&known["theta_grad"])));
    }
}

#[test]
fn context() {
    let file = file();
    let section = Section::new(&file["cavia_regression_tanh_3_5_1"]);
    let (n, context) = (
        section.spans.last().unwrap().range().end,
        section.case.layers().2,
    );
    for (k, known) in section.steps() {
        let inner = InnerLoop {
            adapts: &[context],
            learns_start: false,
            ..section.inner(k)
        };
        let (loss, grad) = section.gradient(&second(inner), &[]);
        close("cavia", &[loss], &[number(&known["query_loss"])]);
        close(
            "cavia",
            &grad[..n],
            &section.ours(&data(&known["theta_grad"])),
        );
        assert_eq!(context.of(&grad), [0.0, 0.0]);
        for (steps, c) in known["context"].as_array().unwrap().iter().enumerate() {
            let (_, _, end) = adapted(&section.case, &second(inner), &section.theta, steps);
            close("cavia", context.of(&end), &data(c));
        }
    }
}

#[test]
fn a_linear_map_without_bias() {
    let file = file();
    let section = &file["linear_regression_closed_form"];
    let set = |x: &str, y: &str| Set {
        x: data(&section[x]),
        y: data(&section[y]),
    };
    let case = Case {
        kind: Kind::Numbers,
        sizes: vec![3, 1],
        activation: Activation::Identity,
        context: 0,
        support: set("x", "y"),
        query: set("x_query", "y_query"),
    };
    // The network's bias stays 0: it does not adapt.
    let (meta, rate) = (
        [data(&section["w0"]), vec![0.0]].concat(),
        number(&section["inner_lr"]),
    );
    let spans = case.layers().1;
    let mut checked = 0;
    for (k, known) in section["steps"].as_object().unwrap() {
        let k = k.parse().unwrap();
        let learner = second(InnerLoop::new(&spans[..1], k, Rates::Fixed(rate)));
        let (report, grad) = case.gradient::<f64>(&learner, &meta, 1);
        let (_, _, end) = adapted(&case, &learner, &meta, k);
        close("linear", &end[..3], &data(&known["w_K"]));
        close(
            "linear",
            &[report.query_loss],
            &[number(&known["query_loss"])],
        );
        close("linear", &grad[..3], &data(&known["meta_grad"]));
        checked += 1;
    }
    assert!(checked >= 4);
}
