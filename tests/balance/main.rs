//! Balancing rules: known answers, what each promises on hard gradients, and what their states remember.

use cognate::mtl::balance::{Balance, BalanceState, Balanced, Signals};

#[path = "../support/known.rs"]
mod floats;
#[path = "../support/jacobian.rs"]
mod jacobian;
mod known;
mod promises;
mod states;

use jacobian::Jacobian;

fn named(name: &str) -> Balance {
    Balance::named(name).unwrap()
}

/// The weights that `balance` in `state` gives the gradients; every loss is 1.
fn weigh(balance: &Balance, state: &mut BalanceState, j: &Jacobian) -> (Vec<f64>, Balanced) {
    let t = j.tasks();
    let norms: Vec<f64> = (0..t).map(|t| j.norm(t)).collect();
    let (losses, gram, mut w) = (vec![1.0; t], j.gram(), vec![f64::NAN; t]);
    let signals = Signals::new(&losses).with_gram(&gram).with_norms(&norms);
    let balanced = balance.weights(state, &signals, &mut w).unwrap();
    (w, balanced)
}

/// The same before the first batch.
fn weights(balance: &Balance, j: &Jacobian) -> (Vec<f64>, Balanced) {
    weigh(balance, &mut balance.start(j.tasks()).unwrap(), j)
}
