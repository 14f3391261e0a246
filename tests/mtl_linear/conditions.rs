//! Features that are nearly dependent: summaries of the rows fit as the rows do, and factors go on where products end.

use cognate::MatRef;
use cognate::mtl::linear::{
    FitSettings, Fitted, LinearMethod, Pooled, RandomEffects, random_effects::Covariance,
};
use cognate::mtl::{Kind, Summaries, TaskFactors};

use super::precise::{Row, least_squares};
use super::problems::{Long, assert_near, names};
use super::random::Random;
use super::reference::{D, T, flat, reference, relations};

/// Tasks whose last feature is the first but for `1 / condition`; labels with this noise about a plane, through 0 or not.
fn nearly_dependent(condition: f64, noise: f64, level: f64) -> Long {
    bend(
        Long::random(41, [14, 11, 12, 17], D, Kind::Number),
        condition,
        (noise, level),
    )
}

fn bend(mut problem: Long, condition: f64, (noise, level): (f64, f64)) -> Long {
    let mut random = Random::new(43);
    let planes: Vec<f64> = random.numbers(problem.tasks * (D + 1));
    for (i, row) in problem.x.chunks_exact_mut(D).enumerate() {
        row[D - 1] = row[0] + row[D - 1] / condition;
        let plane = &planes[problem.task[i] as usize * (D + 1)..][..D + 1];
        let height: f64 = row.iter().zip(plane).map(|(x, w)| x * w).sum();
        problem.y[i] = level * plane[D] + height + noise * random.number();
    }
    problem
}

/// The rows in three pieces.
fn pieces(problem: &Long, mut add: impl FnMut(&[u32], MatRef<'_, f64>, &[f64], &[f64])) {
    let n = problem.y.len();
    for rows in [0..n / 3, n / 3..n / 2, n / 2..n] {
        let x = &problem.x[rows.start * D..rows.end * D];
        let x = MatRef::new(x, rows.len(), D).unwrap();
        let weights = &problem.weights.as_ref().unwrap()[rows.clone()];
        add(&problem.task[rows.clone()], x, &problem.y[rows], weights);
    }
}

fn summaries(problem: &Long) -> Summaries {
    let mut all = Summaries::new(problem.tasks, D);
    pieces(problem, |task, x, y, weights| {
        all.add(task, x, y, Some(weights)).unwrap();
    });
    all
}

fn factors(problem: &Long) -> TaskFactors {
    let mut all = TaskFactors::new(problem.tasks, D);
    pieces(problem, |task, x, y, weights| {
        all.add(task, x, y, Some(weights)).unwrap();
    });
    all
}

fn of_summaries(method: &dyn LinearMethod, lambda: f64, problem: &Long) -> Option<Fitted> {
    let names = names(problem.tasks);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let method = method.summarised().unwrap();
    let fits = method.path_of_summaries(&names, &summaries(problem), &[lambda]);
    Some(fits.ok()?.remove(0))
}

fn of_factors(method: &dyn LinearMethod, lambda: f64, problem: &Long) -> Fitted {
    let names = names(problem.tasks);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let method = method.careful().unwrap();
    let fits = method.path_of_factors(&names, &factors(problem), &[lambda]);
    fits.unwrap().remove(0)
}

/// Every relation, at the strength that [`relations`] gives it, and pooled.
fn methods(intercept: bool) -> Vec<(Box<dyn LinearMethod>, f64)> {
    let settings = FitSettings::default().with_intercept(intercept);
    let strengths = [0.4, 1.7, 0.9, 1.0, 0.6, 0.7];
    let all = relations().into_iter().zip(strengths);
    let mut all: Vec<_> = all.map(|(m, l)| ((m.0)(settings), l)).collect();
    let pooled = Pooled::default().with_lambda(0.4).with_settings(settings);
    all.push((Box::new(pooled), 0.4));
    all
}

/// Summaries filled a block at a time, their rows, and a solver that knows of no summaries: the same coefficients to 1e-9.
#[test]
fn summaries_fit_as_rows_up_to_a_million() {
    for condition in [1.0, 1e3, 1e6] {
        let problem = nearly_dependent(condition, 0.3, 1.0);
        for intercept in [false, true] {
            for (method, lambda) in methods(intercept) {
                let what = format!("{} at {condition:e}", method.name());
                let rows = flat(&problem.fit(&*method), intercept);
                let sums = of_summaries(&*method, lambda, &problem).unwrap();
                assert_near(&flat(&sums, intercept), &rows, 1e-9, &what);
                let careful = of_factors(&*method, lambda, &problem);
                assert!(careful.converged, "{what}");
                assert_near(&flat(&careful, intercept), &rows, 1e-9, &what);
            }
            for (method, precision, level) in relations() {
                let method = method(FitSettings::default().with_intercept(intercept));
                let level = intercept.then_some(level);
                let (_, v) = reference(&problem, &precision, level).minimum();
                let fitted = flat(&problem.fit(&*method), intercept);
                assert_near(&fitted, &v, 1e-9, method.name());
            }
        }
    }
}

/// Random effects have no ridge that would hold a coefficient which the rows do not: the likelihood, and what is predicted.
#[test]
fn random_effects_of_summaries_predict_as_those_of_rows() {
    for condition in [1.0, 1e3, 1e6] {
        let many = Long::random(47, (0..60).map(|t| 8 + t % 5), D, Kind::Number);
        let problem = bend(many, condition, (0.3, 1.0));
        for covariance in [Covariance::Full, Covariance::Diagonal, Covariance::Scalar] {
            let method = RandomEffects::default()
                .with_tolerance(1e-9)
                .with_covariance(covariance);
            let rows = problem.with(|tasks| method.fit(tasks)).unwrap();
            let sums = of_summaries(&method, 1.0, &problem).unwrap();
            let off = (rows.objective - sums.objective).abs();
            assert!(off <= 1e-9 * rows.objective.abs().max(1.0), "{off:e}");
            let x = MatRef::new(&problem.x, problem.y.len(), D).unwrap();
            for t in 0..problem.tasks {
                let (a, b) = (rows.model.task(t).links(x), sums.model.task(t).links(x));
                let what = format!("{covariance:?} at {condition:e}");
                assert_near(&a.unwrap(), &b.unwrap(), 1e-9, &what);
            }
        }
    }
}

/// Labels without noise, and rows so heavy that they hold every coefficient: the error of factors is the condition's, that of products,
/// if they fit at all, is its square's. The truth is computed in 106 bits.
#[test]
fn factors_go_on_where_products_end() {
    let heavy = 1e22;
    for condition in [1e8, 1e9, 1e10] {
        for intercept in [false, true] {
            let mut problem = nearly_dependent(condition, 0.0, f64::from(intercept));
            let weights = problem.weights.as_mut().unwrap();
            weights.iter_mut().for_each(|w| *w *= heavy);
            for ((method, precision, level), (_, lambda)) in
                relations().into_iter().zip(methods(intercept))
            {
                let settings = FitSettings::default().with_intercept(intercept);
                let method = method(settings);
                let wanted = precisely(&problem, &precision, intercept.then_some(&*level));
                let apart = |fitted: &Fitted| {
                    let pairs = flat(fitted, intercept).into_iter().zip(&wanted);
                    pairs.map(|(f, w)| (f - w).abs()).fold(0.0, f64::max)
                };
                let careful = apart(&of_factors(&*method, lambda, &problem));
                let name = method.name();
                // Each of 17 rows is a rotation of 5 numbers; the condition of the rows is about 4 times `condition`.
                let bound = 17.0 * 5.0 * f64::EPSILON * 4.0 * condition;
                assert!(careful <= bound, "{name} at {condition:e}: {careful:e}");
                let plain = of_summaries(&*method, lambda, &problem);
                let plain = plain.map_or(f64::INFINITY, |fitted| apart(&fitted));
                assert!(plain > 1e3 * careful, "{name}: {plain:e}, {careful:e}");
            }
        }
    }
}

/// The optimum in 106 bits, for `T x T` precisions of coefficients and intercepts.
fn precisely(problem: &Long, precision: &[f64], intercepts: Option<&[f64]>) -> Vec<f64> {
    let width = D + usize::from(intercepts.is_some());
    let n = T * width;
    let mut penalty = vec![0.0; n * n];
    for (at, p) in penalty.iter_mut().enumerate() {
        let (i, j) = (at / n, at % n);
        if i % width == j % width {
            let of = if i % width < D {
                Some(precision)
            } else {
                intercepts
            };
            *p = of.unwrap()[i / width * T + j / width];
        }
    }
    let row = |i: usize| -> Row {
        let mut x = problem.x[i * D..][..D].to_vec();
        x.resize(width, 1.0);
        let weight = problem.weights.as_ref().unwrap()[i];
        (problem.task[i] as usize * width, x, problem.y[i], weight)
    };
    let rows: Vec<Row> = (0..problem.y.len()).map(row).collect();
    least_squares(&rows, &penalty)
}
