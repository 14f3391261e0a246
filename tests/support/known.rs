//! Known answers as numbers.

use serde_json::Value;

/// The numbers of an array, or of an array of arrays row after row.
pub fn floats(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(items) => items.iter().flat_map(floats).collect(),
        number => vec![number.as_f64().unwrap()],
    }
}
