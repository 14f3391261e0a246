//! What `fit` prints.

use cognate::Real;
use cognate::pipeline::Outcome;
use serde_json::{Value, json};

use super::job::Done;
use crate::args::Fit;
use crate::command::scores::metrics;
use crate::report::{duration, rounded, table, thousands};

impl<T: Real> Done<T> {
    pub fn json(&self, args: &Fit, bytes: Option<usize>) -> Value {
        let held_out = self.held_out.as_ref();
        let scores =
            held_out.map(|(rows, scores)| json!({ "rows": rows, "metrics": metrics(scores) }));
        json!({
            "method": args.method,
            "precision": T::NAME,
            "train_rows": self.train_rows,
            "features": self.pipeline.encoder().width(),
            "parameters": self.pipeline.model().parameters(),
            "fit_seconds": self.seconds,
            "from": args.from.as_ref().map(|path| path.display().to_string()),
            "fit": self.ending.json,
            "held_out": scores,
            "model": args.output.as_ref().map(|path| path.display().to_string()),
            "bytes": bytes,
        })
    }

    pub fn lines(&self, args: &Fit, bytes: Option<usize>) -> Vec<String> {
        let mut lines = vec![format!(
            "{} on {} rows, {} features: {} parameters ({}), {}",
            args.method,
            thousands(self.train_rows as f64),
            self.pipeline.encoder().width(),
            thousands(self.pipeline.model().parameters() as f64),
            T::NAME,
            duration(self.seconds),
        )];
        lines.extend(self.ending.lines.iter().cloned());
        if let Some((rows, scores)) = &self.held_out {
            lines.push(format!("on {} rows held out:", thousands(*rows as f64)));
            let row = |(name, x): &(&str, f64)| vec![format!("  {name}"), rounded(*x)];
            lines.extend(table(&scores.iter().map(row).collect::<Vec<_>>(), &[0]));
        }
        if let (Some(path), Some(bytes)) = (&args.output, bytes) {
            lines.push(format!(
                "wrote {}, {} bytes",
                path.display(),
                thousands(bytes as f64)
            ));
        }
        lines
    }
}

/// How a fit ended.
pub fn outcome_json(outcome: &Outcome) -> Value {
    match outcome {
        Outcome::Exact => Value::Null,
        Outcome::Solved(report) => json!({ "rank": report.rank, "singular": report.singular }),
        Outcome::Iterated(report) => json!({
            "stopped": report.stopped.to_string(),
            "converged": report.converged(),
            "iterations": report.iterations,
            "evaluations": report.evaluations,
            "loss": report.value,
            "gradient_norm": report.gradient_norm,
        }),
    }
}

/// The same in words.
pub fn outcome_line(outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::Exact => None,
        Outcome::Solved(report) if report.singular => Some(format!(
            "columns repeat one another (rank {}): of all best fits the one of smallest norm",
            report.rank
        )),
        Outcome::Solved(report) => Some(format!("solved, rank {}", report.rank)),
        Outcome::Iterated(report) => Some(format!(
            "{} after {} iterations, loss {}",
            report.stopped,
            report.iterations,
            rounded(report.value),
        )),
    }
}
