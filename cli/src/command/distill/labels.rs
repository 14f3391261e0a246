//! The labels of the data, where there are some.

use cognate::pipeline::distill::Teaching;
use cognate::pipeline::tasks::{Form, Response};

use crate::args::Distill;
use crate::csv_file::{CsvFile, Hint};
use crate::failure::Result;

/// The truth of a task: the column of its name (in the long form, of the target), if the data have it.
pub fn labels_of(
    csv: &CsvFile,
    teaching: &Teaching,
    form: Option<&Form>,
    args: &Distill,
) -> Result<Vec<Option<f64>>> {
    let name = match form {
        Some(Form::Long { target, .. }) => target,
        _ => &teaching.name,
    };
    if args.target.is_none() && !csv.header().contains(name) {
        return Ok(vec![None; csv.rows()]);
    }
    let column = match teaching.response {
        Response::Number => csv.column(name, Hint::None)?,
        Response::Classes(_) => csv
            .column(name, Hint::None)
            .or_else(|_| csv.text_column(name))?,
    };
    let labels: Vec<Option<f64>> = match &teaching.response {
        Response::Number => {
            let numbers = column.as_numbers().map_err(|e| csv.fault(&e, Hint::None))?;
            let known = |x: &f64| (!x.is_nan()).then_some(*x);
            numbers.iter().map(known).collect()
        }
        Response::Classes(levels) => {
            let codes = levels.codes(&column);
            let unknown = |&i: &usize| codes[i].is_none() && !column.is_empty_at(i);
            if let Some(row) = (0..csv.rows()).filter(|&i| teaching.has(i)).find(unknown) {
                return Err(csv.cell_fault(name, row, "is none of the teacher's classes"));
            }
            codes.iter().map(|code| code.map(f64::from)).collect()
        }
    };
    let own = |(i, label): (usize, Option<f64>)| label.filter(|_| teaching.has(i));
    Ok(labels.into_iter().enumerate().map(own).collect())
}
