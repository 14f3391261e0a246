//! What must hold whatever the numbers are: learners that are others in disguise, and the same bits however the work is cut.

use cognate::meta::{
    BatchReport, Implicit, InnerLoop, Learner, MetaGradient, Optimum, Rates, SharedBy, Tasks,
};
use cognate::objective::Objective;
use cognate::params::Span;
use cognate::workspace::{Need, Work, Workspace};

use crate::common::{Case, Kind, gradient, with_tasks};
use crate::reference::random_case;
use crate::support::Random;

/// Cases of one network with tasks of their own, and a point.
fn cases(count: usize, context: usize, seed: u64) -> (Vec<Case>, Vec<f64>) {
    let mut random = Random::new(seed);
    let first = random_case(Kind::Numbers, context, &mut random);
    let mut cases = vec![first.clone()];
    while cases.len() < count {
        let other = random_case(Kind::Numbers, context, &mut random);
        if other.sizes == first.sizes {
            cases.push(other);
        }
    }
    (cases, random.numbers(first.params()))
}

fn refs(cases: &[Case]) -> Vec<&Case> {
    cases.iter().collect()
}

fn learner<'a>(spans: &'a [Span], steps: usize, gradient: MetaGradient) -> Learner<'a> {
    Learner::new(InnerLoop::new(spans, steps, Rates::Fixed(0.25)), gradient)
}

#[test]
fn no_step_is_plain_training() {
    let (cases, p) = cases(4, 0, 1);
    let spans = cases[0].layers().1;
    for way in [MetaGradient::SecondOrder, MetaGradient::FirstOrder] {
        let (report, grad) = gradient::<f64>(&refs(&cases), &learner(&spans, 0, way), &p, 1);
        let (loss, plain) = with_tasks::<f64, _>(&refs(&cases), |tasks| {
            let (mut loss, mut sum) = (0.0, vec![0.0; p.len()]);
            for task in 0..4 {
                let query = tasks.query(task);
                let (mut workspace, mut g) = (Workspace::new(query.need()), p.clone());
                let mut slabs = workspace.slabs();
                loss += query.value_grad(&p, Some(&mut g), slabs.saved, &mut slabs.work);
                sum.iter_mut().zip(&g).for_each(|(s, g)| *s += g);
            }
            (loss, sum)
        });
        assert_eq!(report.query_loss, loss / 4.0);
        let mean: Vec<f64> = plain.iter().map(|s| s * 0.25).collect();
        assert_eq!(grad, mean);
    }
}

/// Learned rates that are 0 on the other spans: the same as adapting some spans alone, to the bit.
#[test]
fn masked_rates_are_spans() {
    let (cases, p) = cases(3, 0, 2);
    let spans = cases[0].layers().1;
    let rates = Rates::Learned {
        shared_by: SharedBy::Parameter,
        per_step: false,
    };
    for adapts in [&spans[2..], &spans[..2]] {
        let masked = Learner::new(InnerLoop::new(&spans, 3, rates), MetaGradient::SecondOrder);
        let alone = Learner::new(InnerLoop::new(adapts, 3, rates), MetaGradient::SecondOrder);
        let adapted = |i: usize| adapts.iter().any(|span| span.range().contains(&i));
        let mask: Vec<f64> = (0..p.len())
            .map(|i| f64::from(u8::from(adapted(i))))
            .collect();
        let rates: Vec<f64> = mask.iter().map(|m| 0.3 * m).collect();
        let own = vec![0.3; alone.inner.learned_rates()];
        let meta = |rates: &[f64]| [&p[..], rates].concat();
        let (a, from_mask) = gradient::<f64>(&refs(&cases), &masked, &meta(&rates), 1);
        let (b, from_spans) = gradient::<f64>(&refs(&cases), &alone, &meta(&own), 1);
        assert_eq!(a, b);
        assert_eq!(from_mask[..p.len()], from_spans[..p.len()]);
        let mut kept = from_mask[p.len()..].to_vec();
        kept = (0..p.len())
            .filter(|&i| adapted(i))
            .map(|i| kept[i])
            .collect();
        assert_eq!(kept, from_spans[p.len()..]);
    }
}

/// An objective whose Hessian is taken for 0.
struct Straight<O>(O);

impl<O: Objective<f64>> Objective<f64> for Straight<O> {
    fn len(&self) -> usize {
        self.0.len()
    }
    fn need(&self) -> Need {
        self.0.need()
    }
    fn value_grad(
        &self,
        p: &[f64],
        g: Option<&mut [f64]>,
        saved: &mut [f64],
        w: &mut Work<'_, f64>,
    ) -> f64 {
        self.0.value_grad(p, g, saved, w)
    }
    fn hvp(&self, _: &[f64], _: &[f64], _: &[f64], out: &mut [f64], _: &mut Work<'_, f64>) {
        out.fill(0.0);
    }
    fn gnvp(&self, p: &[f64], saved: &[f64], v: &[f64], out: &mut [f64], w: &mut Work<'_, f64>) {
        self.0.gnvp(p, saved, v, out, w);
    }
}

fn run<K: Tasks<f64> + ?Sized>(
    tasks: &K,
    learner: &Learner<'_>,
    p: &[f64],
) -> (BatchReport, Vec<f64>) {
    let mut workspace = Workspace::new(learner.need(tasks, 1));
    let mut grad = vec![f64::NAN; p.len()];
    let report = learner.gradient(tasks, p, &mut grad, &mut workspace.slabs().work);
    (report, grad)
}

#[test]
fn first_order_drops_the_hessian() {
    let (cases, p) = cases(5, 0, 3);
    let spans = cases[0].layers().1;
    with_tasks::<f64, _>(&refs(&cases), |tasks| {
        let pairs: Vec<_> = (0..5)
            .map(|i| (Straight(tasks.support(i)), tasks.query(i)))
            .collect();
        let (_, dropped) = run(
            &pairs[..],
            &learner(&spans, 3, MetaGradient::SecondOrder),
            &p,
        );
        let (_, first) = run(
            &pairs[..],
            &learner(&spans, 3, MetaGradient::FirstOrder),
            &p,
        );
        assert_eq!(dropped, first);
        let (_, second) = run(tasks, &learner(&spans, 3, MetaGradient::SecondOrder), &p);
        assert_ne!(second, first);
    });
}

/// One pass over the rows of a group of tasks gives the bits of a pass a task.
#[test]
fn together_as_alone() {
    for context in [0, 2] {
        let (cases, p) = cases(19, context, 4);
        let (_, mut spans, context) = cases[0].layers();
        spans.push(context);
        for adapts in [&spans[..], &spans[2..]] {
            for steps in [1, 2] {
                let learner = learner(adapts, steps, MetaGradient::SecondOrder);
                with_tasks::<f64, _>(&refs(&cases), |tasks| {
                    let pairs: Vec<_> = (0..19)
                        .map(|i| (tasks.support(i), tasks.query(i)))
                        .collect();
                    assert_eq!(run(tasks, &learner, &p), run(&pairs[..], &learner, &p));
                });
            }
        }
    }
}

#[test]
fn threads_change_nothing() {
    let (cases, p) = cases(150, 1, 5);
    let spans = cases[0].layers().1;
    for way in [MetaGradient::SecondOrder, MetaGradient::Reptile] {
        let learner = learner(&spans, 2, way);
        let one = gradient::<f32>(&refs(&cases), &learner, &p, 1);
        assert_eq!(one.0.used, 150);
        for threads in 2..=5 {
            assert_eq!(gradient::<f32>(&refs(&cases), &learner, &p, threads), one);
        }
    }
}

#[test]
fn a_task_that_is_not_finite_is_left_out() {
    let (cases, p) = cases(2, 0, 6);
    let spans = cases[0].layers().1;
    let mut broken = cases[1].clone();
    for (which, value) in [(0, f64::NAN), (1, 1e300), (2, f64::NEG_INFINITY)] {
        let set = if which == 2 {
            &mut broken.query
        } else {
            &mut broken.support
        };
        set.y[0] = value;
        let learner = learner(&spans, 2, MetaGradient::SecondOrder);
        let alone = gradient::<f64>(&[&cases[0]], &learner, &p, 1);
        let (report, grad) =
            gradient::<f64>(&[&broken, &cases[0], &cases[0], &broken], &learner, &p, 1);
        assert_eq!((report.used, report.skipped), (2, 2));
        assert_eq!((report.query_loss, &grad), (alone.0.query_loss, &alone.1));
        let (report, grad) = gradient::<f64>(&[&broken], &learner, &p, 1);
        assert_eq!((report.used, report.skipped), (0, 1));
        assert!(grad.iter().all(|&g| g == 0.0));
    }
}

/// `mu / 2 ||theta - start||^2` beside a support loss, minimised by many steps.
fn optimum(case: &Case, inner: &InnerLoop<'_>, start: &[f64]) -> (f64, Vec<f64>) {
    let learner = Learner::new(*inner, MetaGradient::FirstOrder);
    let (_, _, end) = crate::common::adapted(case, &learner, start, inner.steps);
    let loss = with_tasks::<f64, _>(&[case], |tasks| {
        let query = tasks.query(0);
        let mut workspace = Workspace::new(query.need());
        query.value_grad(&end, None, &mut [], &mut workspace.slabs().work)
    });
    (loss, end)
}

/// The implicit gradient by the start, adapted and shared, and by the pull, against central differences of the optimum's query loss.
/// With a step of 1e-5 these err by about `1e-10` (truncation) and `1e-15 / 1e-5` (rounding) of numbers near 1.
#[test]
fn implicit_gradients_are_differences() {
    let (cases, p) = cases(1, 0, 7);
    let (case, spans) = (&cases[0], cases[0].layers().1);
    for adapts in [&spans[..], &spans[2..]] {
        let inner = InnerLoop {
            proximal: 1.5,
            ..InnerLoop::new(adapts, 900, Rates::Fixed(0.1))
        };
        let loss = |inner: &InnerLoop<'_>, p: &[f64]| optimum(case, inner, p).0;
        let end = optimum(case, &inner, &p).1;
        let settings = Implicit {
            cg_tol: 1e-13,
            tol: 1e-12,
            ..Implicit::DEFAULT
        };
        let (solved, grad) = with_tasks::<f64, _>(&[case], |tasks| {
            let (support, query) = (tasks.support(0), tasks.query(0));
            let (mut grad, need) = (p.clone(), (support.need(), query.need()));
            let mut slab = vec![0.0; Implicit::need(p.len(), need.0, need.1)];
            let mut workspace = Workspace::new(need.0.most(need.1));
            let at = Optimum {
                inner: &inner,
                support,
                query,
                start: &p,
                end: &end,
            };
            let solved = settings.gradient(&at, &mut grad, &mut slab, &mut workspace.slabs().work);
            (solved, grad)
        });
        assert!(solved.converged, "{solved:?}");
        let h = 1e-5;
        for (i, g) in grad.iter().enumerate() {
            let moved = |by: f64| {
                let mut p = p.clone();
                p[i] += by;
                loss(&inner, &p)
            };
            let difference = (moved(h) - moved(-h)) / (2.0 * h);
            assert!((g - difference).abs() < 1e-8, "{i}: {g} {difference}");
        }
        let pulled = |by: f64| {
            let proximal = inner.proximal + by;
            loss(&InnerLoop { proximal, ..inner }, &p)
        };
        let difference = (pulled(h) - pulled(-h)) / (2.0 * h);
        assert!((solved.by_proximal - difference).abs() < 1e-8);
    }
}
