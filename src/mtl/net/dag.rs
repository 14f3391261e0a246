//! A graph of tasks: a later task reads what an earlier one knows (the joint many-task model; Hashimoto et al. 2017).
//!
//! With `z` the inputs, or what a shared trunk makes of them, `h_s` the last hidden layer of task s and `o_s` its outcome (a number, or
//! the classes' probabilities: a softened label embedding once the next weights have multiplied it), task t that reads the tasks in
//! `R_t` is
//! ```text
//! h_t = act(z W_t + 1 b_t' + sum over s in R_t of (h_s U_ts + o_s V_ts)), further layers       y_t = h_t C_t + 1 c_t'
//! ```
//! Each term is a product of its own with parameters of their own names. So without an edge, or with one of zeros, a task's outputs and
//! gradients have the bits of the network that never had the edge; without edges and trunk each task's are those of training it alone.

use alloc::{format, vec, vec::Vec};

use cognate_kernels::Activation;

use super::Output;
use super::graph::{Columns, Source};
use super::network::{Begin, Builder, Network, Unit, check_widths};
use crate::check;
use crate::error::{Error, Result};

/// Tasks that read other tasks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskDag {
    /// Widths of the trunk's layers, `trunk.0` and so on; none for tasks that read the inputs.
    pub trunk: Vec<usize>,
    /// Widths of each task's own layers, at least one; an earlier task joins at the first.
    pub tower: Vec<usize>,
    /// For each task, the places of the tasks that it reads.
    pub reads: Vec<Vec<usize>>,
    /// Of hidden units.
    pub activation: Activation,
}

/// What a task gives to those that read it.
#[derive(Clone, Copy)]
struct Given {
    hidden: Columns,
    outcome: Columns,
    links: Columns,
}

impl TaskDag {
    /// The network of `inputs` inputs for `heads`.
    ///
    /// # Errors
    /// If a width is 0 or there is no tower, there is not a list a task, a task reads one that is not there or, through others, itself;
    /// or as the heads' names say.
    #[inline]
    pub fn build(&self, inputs: usize, heads: &[Output]) -> Result<Network> {
        let mut builder = Builder::new(inputs, heads, self.activation)?;
        check_widths("trunk", &self.trunk)?;
        check_widths("tower", &self.tower)?;
        check::not_empty("tower", self.tower.len())?;
        check::shape("reads", (self.reads.len(), 1), (heads.len(), 1))?;
        let order = self.order(heads)?;
        let trunk = Begin {
            name: "trunk".into(),
            from: Source::Inputs,
            task: None,
        };
        let trunk = builder.tower(&trunk, &self.trunk);
        let mut given = vec![None; heads.len()];
        for &t in &order {
            given[t] = Some(self.add_task(&mut builder, heads, t, trunk, &given));
        }
        let links = given.iter().flatten().map(|given| given.links);
        Ok(builder.finish(links))
    }

    /// The tasks, each behind those that it reads, else in their order.
    fn order(&self, heads: &[Output]) -> Result<Vec<usize>> {
        let tasks = heads.len();
        for (head, reads) in heads.iter().zip(&self.reads) {
            if reads.iter().any(|&s| s >= tasks) {
                return Err(Error::task(&head.name, "reads a task that is not there"));
            }
            let twice = |(k, s)| reads[..k].contains(s);
            if reads.iter().enumerate().any(twice) {
                return Err(Error::task(&head.name, "reads a task twice"));
            }
        }
        let mut order: Vec<usize> = Vec::new();
        while order.len() < tasks {
            let ready =
                |&t: &usize| !order.contains(&t) && self.reads[t].iter().all(|s| order.contains(s));
            let Some(next) = (0..tasks).find(ready) else {
                let stuck = (0..tasks).find(|t| !order.contains(t));
                let name = &heads[stuck.unwrap_or(0)].name;
                return Err(Error::task(name, "reads itself, through others or at once"));
            };
            order.push(next);
        }
        Ok(order)
    }

    /// Task `t`, which reads what others have `given`.
    #[inline]
    fn add_task(
        &self,
        builder: &mut Builder,
        heads: &[Output],
        t: usize,
        trunk: Source,
        given: &[Option<Given>],
    ) -> Given {
        let is_read = self.reads.iter().any(|reads| reads.contains(&t));
        let task = (!is_read).then_some(t);
        let name = format!("task.{}", heads[t].name);
        let mut layer = Begin {
            name: format!("{name}.0"),
            from: trunk,
            task,
        };
        let hidden = builder.unit(self.tower[0]);
        let mut from = if self.reads[t].is_empty() {
            builder.dense(&layer, hidden)
        } else {
            let linear = Unit::linear(hidden.width);
            let mut terms = builder.dense(&layer, linear);
            for (&s, given) in self.reads[t]
                .iter()
                .zip(self.reads[t].iter().filter_map(|&s| given[s]))
            {
                let edge = format!("{name}.from.{}", heads[s].name);
                for (part, from) in [("hidden", given.hidden), ("outcome", given.outcome)] {
                    layer.name = format!("{edge}.{part}");
                    layer.from = from.into();
                    terms = terms.through(builder.dense(&layer, linear.without_bias()));
                }
            }
            builder.sum(terms, hidden.width, task)
        };
        for (l, &width) in self.tower.iter().enumerate().skip(1) {
            layer.name = format!("{name}.{l}");
            layer.from = from.into();
            from = builder.dense(&layer, builder.unit(width));
        }
        let links = builder.links(&heads[t], from.into(), task);
        let outcome = match is_read {
            true => builder.outcome(heads[t].kind, links, task),
            false => links,
        };
        Given {
            hidden: from,
            outcome,
            links,
        }
    }
}
