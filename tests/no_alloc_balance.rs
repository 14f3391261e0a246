//! A balancing rule allocates when its state is made and never after.

use cognate::mtl::balance::{Balance, Signals};
use cognate::rng::rng;

#[path = "harness/counting.rs"]
mod counting;
#[path = "support/jacobian.rs"]
mod jacobian;
use counting::calls;
use jacobian::{Jacobian, KINDS};

#[test]
fn weights_allocate_nothing() {
    let tasks = 9;
    let batches: Vec<Vec<f64>> = (0..KINDS.len())
        .map(|case| {
            let mut random = rng(4, "gradients", case as u64);
            let number = || random.uniform_in(-1.0, 1.0);
            Jacobian::random(KINDS[case], tasks, 3.0, number).gram()
        })
        .collect();
    let (losses, norms, mut w) = (vec![1.0; tasks], vec![2.0; tasks], vec![0.0; tasks]);
    for (name, mut balance) in Balance::all() {
        if let Balance::Fixed(rule) = &mut balance {
            rule.weights = vec![1.0; tasks];
        }
        let first = calls();
        let mut state = balance.start(tasks).unwrap();
        let before = calls();
        assert!(before > first, "the counter counts");
        for gram in &batches {
            let signals = Signals::new(&losses).with_gram(gram).with_norms(&norms);
            balance.weights(&mut state, &signals, &mut w).unwrap();
            balance.stepped(&mut state, &losses);
            balance.epoch_ended(&mut state);
        }
        assert_eq!(calls(), before, "{name}");
    }
}
