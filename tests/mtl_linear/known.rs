//! The known answers of `data/mtl.json`, made by other means (see `meta` there).

use cognate::mtl::linear::{
    Graph, GraphEdge, Icm, Independent, LinearMethod, MeanRegularised, Pooled, SharedSpecific,
};

use super::problems::{Long, assert_near, bare, coef, known, names, numbers, transposed};

/// Coefficients to 1e-10 and, where it is known, the objective to 1e-12 relative: the answers are stated to the last digit.
fn check(method: &dyn LinearMethod, name: &str) {
    let (problem, answer) = (Long::known(), &known()["solutions_squared_loss"][name]);
    let fitted = problem.fit(method);
    let expected = transposed(&numbers(&answer["W"]), problem.tasks);
    assert_near(&coef(&fitted), &expected, 1e-10, name);
    if let Some(objective) = answer["objective"].as_f64() {
        assert_near(&[fitted.objective], &[objective], 1e-12 * objective, name);
    }
}

#[test]
fn independent() {
    let method = Independent::default()
        .with_lambda(0.7)
        .with_settings(bare());
    check(&method, "independent_ridge");
}

#[test]
fn pooled() {
    let answer = numbers(&known()["solutions_squared_loss"]["pooled_ridge"]["w"]);
    let fitted = Long::known().fit(&Pooled::default().with_lambda(0.7).with_settings(bare()));
    assert_near(&coef(&fitted), &answer.repeat(3), 1e-10, "pooled");
    let unseen = fitted.model.unseen().unwrap();
    assert_near(unseen.coef.row(0), &answer, 1e-10, "a task never seen");
}

#[test]
fn mean_regularised() {
    let method = MeanRegularised::default().with_lambda(2.0).with_eps(0.1);
    check(&method.with_settings(bare()), "mean_regularised");
}

#[test]
fn shared_specific() {
    let method = SharedSpecific::default().with_lambda(2.0).with_mu(0.5);
    let method = method.with_settings(bare());
    check(&method, "shared_plus_specific");
    let answer = numbers(&known()["solutions_squared_loss"]["shared_plus_specific"]["w0"]);
    let fitted = Long::known().fit(&method);
    let unseen = fitted.model.unseen().unwrap();
    assert_near(unseen.coef.row(0), &answer, 1e-10, "phi");
}

#[test]
fn graph() {
    let a = numbers(&known()["solutions_squared_loss"]["graph_laplacian"]["A"]);
    let names = names(3);
    let pairs = (0..3).flat_map(|s| (0..s).map(move |t| (s, t)));
    let edge = |(s, t): (usize, usize)| GraphEdge {
        a: names[s].clone(),
        b: names[t].clone(),
        weight: a[3 * s + t],
    };
    let method = Graph::new(pairs.map(edge).collect())
        .with_lambda(1.5)
        .with_eps(0.1);
    check(&method.with_settings(bare()), "graph_laplacian");
}

#[test]
fn given_covariance() {
    let omega = numbers(&known()["solutions_squared_loss"]["fixed_omega"]["Omega"]);
    check(
        &Icm::new(names(3), omega).with_settings(bare()),
        "fixed_omega",
    );
}
