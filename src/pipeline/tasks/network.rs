//! Networks of several tasks in files.

use alloc::{format, vec, vec::Vec};

use cognate_kernels::Real;

use crate::error::Result;
use crate::io::{Writer, read_parameters};
use crate::mtl::net::{Architecture, Outline, Output, TaskNetwork};
use crate::pipeline::file::{Meta, read_numbers};
use crate::pipeline::model::ACTIVATIONS;

/// The widths of the hidden layers, their activation, and the parameters by name.
pub(super) fn write_network<T: Real>(file: Writer, network: &TaskNetwork<T>) -> Writer {
    let outline = network.outline();
    let own = ACTIVATIONS.iter().find(|(_, a)| *a == outline.activation);
    file.text("hidden", &format!("{:?}", outline.hidden))
        .text("activation", own.map_or("", |(name, _)| name))
        .parameters(network.layout(), network.params())
}

/// Finds the network whose architecture is called `method`.
pub(super) fn read_network<T: Real>(
    meta: &Meta<'_, '_, '_>,
    method: &str,
    heads: &[Output],
    features: usize,
) -> Result<TaskNetwork<T>> {
    let Some(architecture) = Architecture::named(method, heads.len()) else {
        return meta.bad("the model file names an architecture that this version does not know");
    };
    let name = meta.text("activation")?;
    let Some((_, activation)) = ACTIVATIONS.iter().find(|(n, _)| *n == name) else {
        return meta.bad("the model file names an unknown activation");
    };
    let hidden = read_hidden(meta, features)?;
    let outline = Outline {
        features,
        hidden: &hidden,
        activation: *activation,
        outputs: heads,
    };
    let built = architecture.build::<T>(&outline, 0)?;
    let layout = built.layout.view();
    let mut params = vec![T::ZERO; layout.len()];
    read_parameters(meta.0, layout, &mut params)?;
    TaskNetwork::new(&architecture, &outline, params)
}

/// The widths of the hidden layers, none larger than the file's weights allow: every architecture has a matrix between two layers.
#[inline]
fn read_hidden(meta: &Meta<'_, '_, '_>, features: usize) -> Result<Vec<usize>> {
    let sizes = meta.0.tensors().map(|(_, tensor)| tensor.shape());
    let numbers: usize = sizes
        .map(|shape| shape.sizes().iter().product::<usize>())
        .sum();
    let hidden = meta.json("hidden", read_numbers)?;
    let mut before = features as f64;
    for &width in &hidden {
        if !(width >= 1.0 && width % 1.0 == 0.0 && width * before <= numbers as f64) {
            return meta.bad("the hidden layers of the network do not fit its weights");
        }
        before = width;
    }
    Ok(hidden.into_iter().map(|width| width as usize).collect())
}
