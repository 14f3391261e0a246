//! The multi-task attention network (Liu et al. 2019) in dense form: each task looks at one trunk through masks of its own.
//!
//! ```text
//! z_l = act(z_(l-1) W_l + 1 b_l')                                                       the trunk, z_0 = x
//! q_tl = act(z_l A_tl + 1 c_tl' + a_t(l-1) B_tl)        u_tl = logistic(q_tl M_tl + 1 m_tl')        no a at the first level
//! a_tl = u_tl * z_l, elementwise                        y_t = a_tL V_t + 1 v_t'
//! ```

use alloc::{format, string::String, vec::Vec};

use cognate_kernels::Activation;

use super::Output;
use super::bilinear::{Attend, Bilinear};
use super::graph::{Columns, Source};
use super::network::{Begin, Builder, Network, Unit, check_positive, check_widths, joined};
use super::part::Part;
use crate::check;
use crate::error::Result;

/// A trunk and a mask a task on each of its layers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mtan {
    /// Widths of the trunk's layers, `trunk.0` and so on, at least one.
    pub trunk: Vec<usize>,
    /// Hidden units between a layer and each task's mask on it, of `attention.NAME.0` and so on.
    pub attention: usize,
    /// Of hidden units, those of the attention too.
    pub activation: Activation,
}

impl Mtan {
    /// The network of `inputs` inputs for `heads`.
    ///
    /// # Errors
    /// If the trunk has no layers, a width is 0, or as the heads' names say.
    #[inline]
    pub fn build(&self, inputs: usize, heads: &[Output]) -> Result<Network> {
        let mut builder = Builder::new(inputs, heads, self.activation)?;
        check::not_empty("trunk", self.trunk.len())?;
        check_widths("trunk", &self.trunk)?;
        check_positive("attention", self.attention)?;
        let mut from = Source::Inputs;
        let mut attended: Vec<Columns> = Vec::new();
        for (l, &width) in self.trunk.iter().enumerate() {
            let layer = Begin {
                name: format!("trunk.{l}"),
                from,
                task: None,
            };
            let unit = builder.unit(width);
            let z = builder.dense(&layer, unit);
            attended = self.add_level(&mut builder, heads, l, z, &attended);
            from = z.into();
        }
        let mut links = Vec::new();
        for (t, (head, &features)) in heads.iter().zip(&attended).enumerate() {
            links.push(builder.links(head, features.into(), Some(t)));
        }
        Ok(builder.finish(links))
    }

    /// What each task sees of `z`, layer `l` of the trunk, `before` being what it saw of the layer below.
    #[inline]
    fn add_level(
        &self,
        builder: &mut Builder,
        heads: &[Output],
        l: usize,
        z: Columns,
        before: &[Columns],
    ) -> Vec<Columns> {
        let mut hidden = Vec::new();
        for (t, head) in heads.iter().enumerate() {
            let name = format!("attention.{}.{l}", head.name);
            hidden.push(self.add_hidden(builder, name, t, z, before.get(t)));
        }
        // Once more, to lie beside the masks.
        let mut read = builder.copy(z, None);
        for (t, (head, hidden)) in heads.iter().zip(hidden).enumerate() {
            let mask = Begin {
                name: format!("attention.{}.{l}.mask", head.name),
                from: hidden.into(),
                task: Some(t),
            };
            let unit = Unit {
                activation: Activation::Logistic,
                ..Unit::linear(z.width)
            };
            read = joined(Some(read), builder.dense(&mask, unit));
        }
        let attend = Part::Attend(Bilinear(Attend {
            width: z.width,
            masks: heads.len(),
        }));
        let attended = builder.graph.add(attend, read.into(), None);
        let of = |t| attended.block(t, z.width);
        (0..heads.len()).map(of).collect()
    }

    /// The hidden units of task `t`'s attention to `z`.
    #[inline]
    fn add_hidden(
        &self,
        builder: &mut Builder,
        name: String,
        t: usize,
        z: Columns,
        before: Option<&Columns>,
    ) -> Columns {
        let mut layer = Begin {
            name: format!("{name}.features"),
            from: z.into(),
            task: Some(t),
        };
        let Some(&before) = before else {
            let unit = builder.unit(self.attention);
            return builder.dense(&layer, unit);
        };
        let unit = Unit::linear(self.attention);
        let features = builder.dense(&layer, unit);
        layer.name = format!("{name}.before");
        layer.from = before.into();
        let terms = features.through(builder.dense(&layer, unit.without_bias()));
        builder.sum(terms, self.attention, Some(t))
    }
}
