//! What a method learned beside its coefficients, on the scale of the raw table.
//!
//! With features scaled to `(x - m) / s` and answers to `(y - m_y) / s_y`, a task's coefficients `(b, w)` are those of the raw table after
//! ```text
//! w_j -> s_y w_j / s_j        b -> s_y (b - sum_j m_j w_j / s_j)        (and + m_y where it is no difference of two tasks)
//! ```
//! a linear map `A` of `d + 1` numbers, so that a covariance `C` of coefficients becomes `A C A'`, and a variance of noise `s_y^2` times
//! itself. A row of weights, one a feature, becomes `s_y w_j / s_j`. Relations of tasks, supports and bases have no unit. In the wide form
//! answers have a scale a column, and what all tasks share stays in units of scaled answers.

use alloc::vec::Vec;

use super::{Form, TaskModel, TaskPipeline};
use crate::mtl::linear::{Axis, Learned};

impl TaskPipeline {
    /// What the method learned beside the coefficients, on the scale of the raw table.
    pub fn learned(&self) -> Vec<Learned> {
        let TaskModel::Linear { model, .. } = &self.model else {
            return Vec::new();
        };
        let on_raw_scale = |table: &Learned| self.on_raw_scale(table.clone());
        model.learned().iter().map(on_raw_scale).collect()
    }

    fn on_raw_scale(&self, mut table: Learned) -> Learned {
        let (rows, cols) = table.shape;
        if table.axes.0 == Axis::Coefficients {
            for j in 0..cols {
                let places: Vec<usize> = (0..rows).map(|i| i * cols + j).collect();
                self.map(&mut table.values, &places, self.unit(Axis::Other, 0));
            }
        }
        for i in 0..rows {
            let unit = self.unit(table.axes.0, i);
            let places: Vec<usize> = (0..cols).map(|j| i * cols + j).collect();
            match table.axes.1 {
                Axis::Coefficients => self.map(&mut table.values, &places, unit),
                Axis::Features => {
                    let values = table.values[i * cols..][..cols].iter_mut();
                    values
                        .enumerate()
                        .for_each(|(j, w)| *w *= unit / self.feature(j).1);
                }
                _ => {}
            }
        }
        if table.name == "noise_variance" {
            let unit = self.unit(Axis::Other, 0);
            table.values.iter_mut().for_each(|v| *v *= unit * unit);
        }
        table
    }

    /// Maps the `d + 1` numbers at `places`, the intercept's first, by `A`.
    fn map(&self, values: &mut [f64], places: &[usize], unit: f64) {
        let mut shifted = 0.0;
        for (j, &place) in places[1..].iter().enumerate() {
            let (m, s) = self.feature(j);
            values[place] *= unit / s;
            shifted += m * values[place];
        }
        values[places[0]] = unit * values[places[0]] - shifted;
    }

    /// Shift and scale of encoded feature `j`.
    fn feature(&self, j: usize) -> (f64, f64) {
        let scaler = self.scaler.as_ref();
        scaler.map_or((0.0, 1.0), |s| (s.shift()[j], s.scale()[j]))
    }

    /// What the answers that row `i` of such an axis is about were divided by.
    fn unit(&self, axis: Axis, i: usize) -> f64 {
        let t = match (&self.form, axis) {
            (Form::Long { .. }, _) => None,
            (Form::Wide, Axis::Tasks) => Some(i),
            (Form::Wide, _) => return 1.0,
        };
        self.target_scale(t).map_or(1.0, |(_, scale)| scale)
    }
}
