//! Nested labels: the choices as tasks, the likelihood that falls apart, probabilities that sum to one and are the products down the tree.

use cognate::mtl::net::MultiTaskMlp;
use cognate::mtl::{ClassTree, Kind};
use cognate::{MatMut, MatRef};
use proptest::prelude::*;

use crate::harness::{close, config};
use crate::support::{Bounded, Random, Scalar};

type Nodes = [(&'static str, Option<&'static str>)];

/// Children before parents, two tops, a node of one child, choices of two and of three.
const ANIMALS: &Nodes = &[
    ("cat", Some("land")),
    ("trout", Some("water")),
    ("animal", None),
    ("land", Some("animal")),
    ("dog", Some("land")),
    ("cow", Some("land")),
    ("water", Some("animal")),
    ("stone", None),
    ("granite", Some("stone")),
    ("whale", Some("water")),
];

fn animals() -> ClassTree {
    ClassTree::new(ANIMALS).unwrap()
}

fn labels(tree: &ClassTree, names: &[&str]) -> Vec<Option<u32>> {
    names
        .iter()
        .map(|name| tree.find(name).map(|node| node as u32))
        .collect()
}

#[test]
fn choices_are_tasks_on_the_rows_below_them() {
    let tree = animals();
    let choices: Vec<(&str, Kind)> = tree.choices().collect();
    assert_eq!(
        choices,
        [
            ("(top)", Kind::Classes(2)),
            ("animal", Kind::Classes(2)),
            ("land", Kind::Classes(3)),
            ("water", Kind::Classes(2)),
        ]
    );
    let leaves: Vec<&str> = tree
        .leaves()
        .map(|leaf| tree.names().nth(leaf).unwrap())
        .collect();
    assert_eq!(leaves, ["cat", "trout", "dog", "cow", "granite", "whale"]);
    // An inner label leaves what is below it open, an unknown one everything.
    let given = labels(
        &tree,
        &["cow", "granite", "whale", "land", "unknown", "cat"],
    );
    let tasks = tree.tasks(&given).unwrap();
    let seen: Vec<(&[u32], &[f64])> = tasks.iter().map(|t| (&t.rows[..], &t.labels[..])).collect();
    let wanted: [(&[u32], &[f64]); 4] = [
        (&[0, 1, 2, 3, 5], &[0.0, 1.0, 0.0, 0.0, 0.0]),
        (&[0, 2, 3, 5], &[0.0, 1.0, 0.0, 0.0]),
        (&[0, 5], &[2.0, 0.0]),
        (&[2], &[1.0]),
    ];
    assert_eq!(seen, wanted);
}

/// `log p` of every node by recursion on the way up, of a row's links.
fn log_probability(tree: &ClassTree, links: &[Bounded], node: usize) -> Bounded {
    let parent = tree.parent(node);
    let above = parent.map_or(Bounded::exact(0.0), |parent| {
        log_probability(tree, links, parent)
    });
    let siblings: Vec<usize> = (0..tree.len())
        .filter(|&other| tree.parent(other) == parent)
        .collect();
    if siblings.len() == 1 {
        return above;
    }
    let name = parent.map_or("(top)", |parent| tree.names().nth(parent).unwrap());
    let before: usize = tree
        .choices()
        .take_while(|(choice, _)| *choice != name)
        .map(|(_, kind)| kind.links())
        .sum();
    let own = siblings
        .iter()
        .position(|&sibling| sibling == node)
        .unwrap();
    let z = &links[before..];
    let share = match siblings.len() {
        2 if own == 0 => -z[0].softplus(),
        2 => -(-z[0]).softplus(),
        k => {
            z[own]
                - z[..k]
                    .iter()
                    .map(|z| z.exp())
                    .reduce(|a, b| a + b)
                    .unwrap()
                    .ln()
        }
    };
    above + share
}

proptest! {
    #![proptest_config(config(40))]

    #[test]
    fn probabilities_are_products_that_sum_to_one(rows in 1..=5_usize, scale in 0..=5_i32, seed: u64) {
        let tree = animals();
        let size = f64::from(1 << scale);
        let numbers: Vec<f64> = Random::new(seed).numbers(rows * tree.links()).iter().map(|z| z * size).collect();
        let mut out = vec![f64::NAN; rows * tree.len()];
        let into = MatMut::planned(&mut out, rows, tree.len());
        tree.log_probabilities(MatRef::planned(&numbers, rows, tree.links()), into);
        for (links, found) in numbers.chunks(tree.links()).zip(out.chunks(tree.len())) {
            let links: Vec<Bounded> = links.iter().map(|&z| Bounded::exact(z)).collect();
            for (node, &found) in found.iter().enumerate() {
                close::<f64>("log p", found, log_probability(&tree, &links, node))?;
            }
            let total: f64 = tree.leaves().map(|leaf| found[leaf].exp()).sum();
            // Six leaves, each a product of at most three shares of logarithms up to some 100.
            prop_assert!((total - 1.0).abs() <= 6.0 * 3.0 * 128.0 * f64::EPSILON, "{total}");
            let best = tree.most_probable_leaf(found);
            prop_assert!(tree.leaves().all(|leaf| found[leaf] <= found[best]));
        }
    }
}

#[test]
fn the_likelihood_falls_apart() {
    let tree = animals();
    let names = [
        "cow", "granite", "whale", "land", "trout", "animal", "stone", "dog",
    ];
    let given = labels(&tree, &names);
    let k = tree.links();
    let links = Random::new(3).numbers(names.len() * k);
    let mut out = vec![0.0; names.len() * tree.len()];
    let into = MatMut::planned(&mut out, names.len(), tree.len());
    tree.log_probabilities(MatRef::planned(&links, names.len(), k), into);
    let whole: f64 = given
        .iter()
        .enumerate()
        .map(|(i, label)| -out[i * tree.len() + label.unwrap() as usize])
        .sum();
    let (mut apart, mut column) = (0.0, 0);
    for task in tree.tasks(&given).unwrap() {
        let own = task.kind.links();
        for (&row, &label) in task.rows.iter().zip(&task.labels) {
            let z = &links[row as usize * k + column..][..own];
            apart += match own {
                1 => (z[0].exp() + 1.0).ln() - label * z[0],
                _ => z.iter().map(|z| z.exp()).sum::<f64>().ln() - z[label as usize],
            };
        }
        column += own;
    }
    // Sums of 20 terms around 1.
    assert!(
        (whole - apart).abs() <= 40.0 * 2.0 * f64::EPSILON,
        "{whole} {apart}"
    );
}

/// Colours of corners: the side is easy, the corner needs both.
#[test]
fn a_network_learns_a_tree() {
    let nodes: &Nodes = &[
        ("left", None),
        ("right", None),
        ("low left", Some("left")),
        ("high left", Some("left")),
        ("low right", Some("right")),
        ("high right", Some("right")),
    ];
    let tree = ClassTree::new(nodes).unwrap();
    let x = Random::new(6).numbers(200 * 2);
    let corner = |x: &[f64]| 2 + u32::from(x[0] > 0.0) * 2 + u32::from(x[1] * x[0] > 0.0);
    // Every third row is known by its side alone.
    let side = |i: usize, corner: u32| {
        if i.is_multiple_of(3) {
            (corner - 2) / 2
        } else {
            corner
        }
    };
    let known: Vec<u32> = x.chunks(2).map(corner).collect();
    let given: Vec<Option<u32>> = known
        .iter()
        .enumerate()
        .map(|(i, &c)| Some(side(i, c)))
        .collect();
    let x = MatRef::planned(&x, 200, 2);
    let mlp = MultiTaskMlp::default()
        .with_hidden_layer_sizes(&[16])
        .with_learning_rate_init(0.02)
        .with_n_iter_no_change(200);
    let (network, _) = mlp.fit(&tree.set(x, &given, None).unwrap()).unwrap();
    let links = network.links(x).unwrap();
    let mut out = vec![f64::NAN; 200 * tree.len()];
    let into = MatMut::planned(&mut out, 200, tree.len());
    tree.log_probabilities(MatRef::planned(&links, 200, tree.links()), into);
    let right = out
        .chunks(tree.len())
        .zip(&known)
        .filter(|(row, c)| tree.most_probable_leaf(row) == **c as usize);
    assert!(right.count() >= 190);
}

#[test]
fn what_is_no_tree_is_refused() {
    let message = |nodes: &[(&str, Option<&str>)]| ClassTree::new(nodes).unwrap_err().to_string();
    assert_eq!(message(&[]), "nodes is empty");
    assert_eq!(
        message(&[("a", None), ("a", None)]),
        "task \"a\" is the name of two nodes"
    );
    assert_eq!(
        message(&[("a", Some("b"))]),
        "task \"a\" has a parent that is not in the tree"
    );
    assert_eq!(
        message(&[("top", None), ("a", Some("b")), ("b", Some("a"))]),
        "task \"a\" is below itself"
    );
    let tree = animals();
    assert_eq!(
        tree.tasks(&[None, Some(10)]).unwrap_err().to_string(),
        "the label in row 1 is 10, but there are 10 classes"
    );
    let x = MatRef::planned(&[1.0], 1, 1);
    assert_eq!(
        tree.set(x, &[], None).unwrap_err().to_string(),
        "labels is 0 x 1, but 1 x 1 is needed"
    );
}
