//! Every architecture learns, by equal weights and by surgery on its gradients, on shared rows and on rows of the tasks' own.

use cognate::mtl::balance::Balance;
use cognate::mtl::net::Architecture;

use crate::named::NAMED;
use crate::problem::{Problem, small};

#[test]
fn every_architecture_learns_every_task() {
    for shared in [true, false] {
        let problem = Problem::<f32>::new(120, shared, 1);
        for name in NAMED {
            for rule in ["equal", "upgrad"] {
                let mlp = small()
                    .with_architecture(Architecture::named(name, 3).unwrap())
                    .with_balance(Balance::named(rule).unwrap())
                    .with_max_iter(40)
                    .with_n_iter_no_change(40);
                let (network, report) = mlp.fit(&problem.set()).unwrap();
                let (again, _) = mlp.fit(&problem.set()).unwrap();
                assert_eq!(network.params(), again.params(), "{name}");
                for (t, losses) in report.losses.iter().enumerate() {
                    let (first, last) = (losses[0], losses[losses.len() - 1]);
                    let learns = last < 0.8 * first;
                    assert!(
                        learns,
                        "{name}, {rule}, shared {shared}, task {t}: {first} -> {last}"
                    );
                }
                // A task's links are the same whether the others are asked for or not.
                let (all, one) = (
                    network.links(problem.x()).unwrap(),
                    network.predict(0, problem.x()).unwrap(),
                );
                assert!(all.chunks(5).map(|row| row[0]).eq(one), "{name}");
            }
        }
    }
}
