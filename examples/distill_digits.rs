//! Distillation: a network of 64-256-256-10 teaches one of 64-16-10, over 10 splits of the digits into 1257 and 540.
//!
//! `cargo run --release --example distill_digits --features datasets`
//!
//! Where one digit in 12 is labelled, the teacher's word on the others is worth eight points (89.0 to 96.8 %); where all are labelled, nothing that ten
//! splits would show. Means and standard deviations over the splits.

use std::error::Error;

use cognate::MatRef;
use cognate::meta::distill::{Softened, Taught, taught_links};
use cognate::meta::transfer::{Stage, Tuning, layer_spans};
use cognate::model::MlpClassifier;

mod digits;

/// One digit in so many is labelled, and the labels' part of the loss.
const STUDENTS: [(&str, usize, f64); 4] = [
    ("105 labels alone", 12, 1.0),
    ("105 labels, teacher on all", 12, 0.1),
    ("all labels alone", 1, 1.0),
    ("all labels and the teacher", 1, 0.5),
];

fn main() -> Result<(), Box<dyn Error>> {
    let all = digits::Digits::load()?;
    let (mut scores, mut of_teacher) = (vec![Vec::new(); 4], Vec::new());
    for seed in 0..10 {
        let (train, test) = all.split(1257, seed)?;
        let mlp = MlpClassifier::default().with_hidden_layer_sizes(&[256, 256]);
        let mlp = mlp.with_max_iter(40).with_seed(seed);
        let teacher = mlp.fit(train.rows(), &train.y, None)?.0;
        of_teacher.push(test.score(&teacher)?);
        // The teacher is asked once; its links serve every epoch of every student.
        let links = taught_links(teacher.map(), train.rows())?;
        let links = MatRef::new(&links, train.y.len(), 10)?;
        for (scores, (_, every, alpha)) in scores.iter_mut().zip(STUDENTS) {
            let known = |(i, &y): (usize, &u32)| i.is_multiple_of(every).then_some(y);
            let known: Vec<_> = train.y.iter().enumerate().map(known).collect();
            let taught = Taught::classes(links, &known)?;
            let temperature = 4.0;
            let loss = Softened { temperature, alpha };
            let start = digits::untrained(&[16], seed)?;
            let spans = layer_spans(start.layers());
            let tuning = Tuning::new(vec![Stage::all(&spans, 1000, 3e-3)]);
            let rows = (train.rows(), taught.targets());
            scores.push(test.score(&digits::tune(&start, rows, loss, &tuning, &[])?)?);
        }
    }
    for ((name, _, _), scores) in STUDENTS.iter().zip(&scores) {
        digits::show(name, scores);
    }
    digits::show("the teacher", &of_teacher);
    Ok(())
}
