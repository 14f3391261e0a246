//! What `distill` prints.

use cognate::pipeline::Outcome;
use cognate::pipeline::tasks::TaskScores;
use serde_json::{Value, json};

use super::Done;
use crate::args::Distill;
use crate::command::fit::outcome_json;
use crate::command::scores::scores_json;
use crate::report::{duration, rounded, table, thousands};

impl Done {
    pub fn json(&self, args: &Distill, bytes: Option<usize>) -> Value {
        let names = args.teachers.iter().map(|path| path.display().to_string());
        let held_out = self.held_out.as_ref().map(|held_out| {
            json!({
                "rows": held_out.rows,
                "student_alone": scores_json(&held_out.alone),
                "distilled": scores_json(&held_out.distilled),
                "teacher": scores_json(&held_out.teacher),
            })
        });
        json!({
            "method": "distill",
            "teachers": names.collect::<Vec<_>>(),
            "hidden": args.student.hidden,
            "parameters": self.student.parameters(),
            "temperature": args.student.temperature,
            "alpha": (!args.student.anneal).then_some(args.student.alpha),
            "train_rows": self.train_rows,
            "labelled_rows": self.labelled_rows,
            "fit_seconds": self.seconds,
            "fit": outcome_json(&Outcome::Iterated(self.report.clone())),
            "held_out": held_out,
            "model": args.output.as_ref().map(|path| path.display().to_string()),
            "bytes": bytes,
        })
    }

    pub fn lines(&self, args: &Distill, bytes: Option<usize>) -> Vec<String> {
        let widths: Vec<String> = args.student.hidden.iter().map(usize::to_string).collect();
        let labels = match args.student.anneal {
            true => "labels' part from 0 to 1".to_owned(),
            false => format!("labels' part {}", args.student.alpha),
        };
        let mut lines = vec![
            format!(
                "a student of {} hidden units, {} parameters, on {} rows, {} of them labelled: {}",
                widths.join(", "),
                thousands(self.student.parameters() as f64),
                thousands(self.train_rows as f64),
                thousands(self.labelled_rows as f64),
                duration(self.seconds),
            ),
            format!(
                "temperature {}, {labels}; {} after {} epochs, loss {}",
                args.student.temperature,
                self.report.stopped,
                self.report.iterations,
                rounded(self.report.value),
            ),
        ];
        if let Some(held_out) = &self.held_out {
            let rows = thousands(held_out.rows as f64);
            lines.push(format!("on {rows} rows held out:"));
            lines.extend(comparison(&[
                ("student alone", &held_out.alone),
                ("distilled", &held_out.distilled),
                ("teacher", &held_out.teacher),
            ]));
        }
        if let (Some(path), Some(bytes)) = (&args.output, bytes) {
            let (path, bytes) = (path.display(), thousands(bytes as f64));
            lines.push(format!("wrote {path}, {bytes} bytes"));
        }
        lines
    }
}

/// A line each of scores over all rows, which have the same names.
fn comparison(of: &[(&str, &TaskScores)]) -> Vec<String> {
    let names = of[0].1.all.iter().map(|(name, _)| (*name).to_owned());
    let mut rows = vec![core::iter::once(String::new()).chain(names).collect()];
    for (name, scores) in of {
        let cells = scores.all.iter().map(|(_, x)| rounded(*x));
        rows.push(core::iter::once(format!("  {name}")).chain(cells).collect());
    }
    table(&rows, &[0])
}
