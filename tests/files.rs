//! Model files: the `safetensors` crate reads ours, we read its; whatever is damaged is an error, never a panic.

use cognate::io::{Dtype, Entry, File, Writer, entries, read_parameters};
use cognate::params::{LayoutBuf, Span};
use cognate::{Error, Result};
use safetensors::tensor::TensorView;
use safetensors::{Dtype as TheirDtype, SafeTensors, serialize};

/// Parses `bytes` and hands the file to `look`.
fn with_file<R>(bytes: &[u8], look: impl FnOnce(&File<'_, '_>) -> R) -> Result<R> {
    let mut index = vec![Entry::default(); entries(bytes)?];
    Ok(look(&File::parse(bytes, &mut index)?))
}

fn bytes_f32(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|x| x.to_le_bytes()).collect()
}

fn bytes_f64(values: &[f64]) -> Vec<u8> {
    values.iter().flat_map(|x| x.to_le_bytes()).collect()
}

/// Several tensors of both types, an empty one, a scalar, text that needs escapes.
fn sample() -> Vec<u8> {
    Writer::new()
        .text("kind", "mlp")
        .text("classes", "[\"a \\\"b\\\"\",\"π\u{1}\n\"]")
        .tensor(
            "narrow",
            &[2, 3],
            &[1.0_f32, -2.5, 0.1, f32::MIN_POSITIVE, 5.0, f32::MAX],
        )
        .tensor("wide", &[2], &[0.1_f64, -1e300])
        .tensor("empty", &[0, 4], &[0.0_f32; 0])
        .tensor("scalar \u{1f600}", &[], &[7.0_f64])
        .finish()
}

#[test]
fn the_crate_reads_ours() {
    let bytes = sample();
    let theirs = SafeTensors::deserialize(&bytes).expect("our file");
    let narrow = theirs.tensor("narrow").unwrap();
    assert_eq!(
        (narrow.dtype(), narrow.shape()),
        (TheirDtype::F32, &[2, 3][..])
    );
    let numbers = [1.0_f32, -2.5, 0.1, f32::MIN_POSITIVE, 5.0, f32::MAX];
    assert_eq!(narrow.data(), bytes_f32(&numbers));
    assert_eq!(
        theirs.tensor("wide").unwrap().data(),
        bytes_f64(&[0.1, -1e300])
    );
    assert_eq!(theirs.tensor("empty").unwrap().shape(), [0, 4]);
    assert_eq!(
        theirs.tensor("scalar \u{1f600}").unwrap().data(),
        bytes_f64(&[7.0])
    );
    let (_, metadata) = SafeTensors::read_metadata(&bytes).unwrap();
    let texts = metadata.metadata().as_ref().expect("metadata");
    assert_eq!(texts["kind"], "mlp");
    assert_eq!(texts["classes"], "[\"a \\\"b\\\"\",\"π\u{1}\n\"]");
}

#[test]
fn data_are_aligned() {
    let bytes = sample();
    with_file(&bytes, |file| {
        let mut seen = 0;
        for (name, tensor) in file.tensors() {
            assert_eq!(tensor.offset() % tensor.dtype().size(), 0, "{name}");
            seen += 1;
        }
        assert_eq!(seen, 4);
    })
    .unwrap();
}

#[test]
fn we_read_the_crates() {
    let (f32s, f64s) = (bytes_f32(&[1.5, -0.25, 3e-39, 4.0]), bytes_f64(&[0.1, 0.2]));
    let ints: Vec<u8> = [7_i64, -8].iter().flat_map(|x| x.to_le_bytes()).collect();
    let halves = [0_u8; 6];
    let tensors = [
        (
            "b.weight",
            TensorView::new(TheirDtype::F32, vec![2, 2], &f32s),
        ),
        ("a", TensorView::new(TheirDtype::F64, vec![2], &f64s)),
        ("count", TensorView::new(TheirDtype::I64, vec![1, 2], &ints)),
        ("half", TensorView::new(TheirDtype::BF16, vec![3], &halves)),
        ("none", TensorView::new(TheirDtype::F64, vec![3, 0], &[])),
    ];
    let tensors = tensors.map(|(name, view)| (name, view.unwrap()));
    let text = "quote \" backslash \\ line\n tab\t bell\u{7} π 😀".to_string();
    let metadata = [("k\"ey".to_string(), text.clone())].into_iter().collect();
    let bytes = serialize(tensors, Some(metadata)).unwrap();

    with_file(&bytes, |file| {
        assert_eq!(file.text("k\"ey").unwrap().to_string(), text);
        let weight = file.tensor("b.weight").unwrap();
        assert_eq!(weight.shape().sizes(), [2, 2]);
        let (mut narrow, mut wide) = ([0.0_f32; 4], [0.0_f64; 4]);
        weight.read_into(&mut narrow).unwrap();
        weight.read_into(&mut wide).unwrap();
        assert_eq!(narrow, [1.5, -0.25, 3e-39, 4.0]);
        assert_eq!(wide, narrow.map(f64::from));
        let mut a = [0.0_f64; 2];
        file.tensor("a").unwrap().read_into(&mut a).unwrap();
        assert_eq!(a, [0.1, 0.2]);
        let count = file.tensor("count").unwrap();
        assert_eq!((count.dtype(), count.bytes()), (Dtype::I64, &ints[..]));
        assert_eq!(file.tensor("none").unwrap().shape().sizes(), [3, 0]);
        assert!(file.tensor("absent").is_none() && file.text("a").is_none());
    })
    .unwrap();
}

#[test]
fn numbers_that_do_not_fit_are_refused() {
    let bytes = sample();
    with_file(&bytes, |file| {
        let wide = file.tensor("wide").unwrap();
        assert!(wide.read_into(&mut [0.0_f32; 2]).is_err(), "F64 into f32");
        assert!(wide.read_into(&mut [0.0_f64; 3]).is_err(), "two into three");
    })
    .unwrap();
}

/// A weight lies `in x out` in memory and `out x in` in files; a bias is a vector.
#[test]
fn parameters_come_back() {
    let mut layout = LayoutBuf::new();
    let weight = layout.add_weight("layers.0.weight", 3, 2);
    layout.add("layers.0.bias", 1, 2);
    layout.add("table", 2, 2);
    let p: Vec<f32> = (0..12).map(|i| i as f32 + 0.5).collect();
    let bytes = Writer::new().parameters(layout.view(), &p).finish();

    let theirs = SafeTensors::deserialize(&bytes).unwrap();
    let stored = theirs.tensor("layers.0.weight").unwrap();
    assert_eq!(stored.shape(), [2, 3]);
    assert_eq!(stored.data(), bytes_f32(&[0.5, 2.5, 4.5, 1.5, 3.5, 5.5]));
    assert_eq!(theirs.tensor("layers.0.bias").unwrap().shape(), [2]);
    assert_eq!(theirs.tensor("table").unwrap().shape(), [2, 2]);

    let mut back = vec![f32::NAN; 12];
    let read = with_file(&bytes, |f| read_parameters(f, layout.view(), &mut back)).unwrap();
    read.unwrap();
    assert_eq!(back, p);
    assert_eq!(weight.mat(&back).at(2, 1), 5.5);

    let mut other = LayoutBuf::new();
    other.add_weight("layers.0.weight", 2, 3);
    let read = with_file(&bytes, |f| read_parameters(f, other.view(), &mut back)).unwrap();
    assert!(matches!(read, Err(Error::File { what, .. }) if what.contains("shape")));
    let mut other = LayoutBuf::new();
    other.add("layers.1.bias", 1, 2);
    let read = with_file(&bytes, |f| read_parameters(f, other.view(), &mut back)).unwrap();
    assert!(matches!(read, Err(Error::File { what, .. }) if what.contains("missing")));
}

/// A file of `header` and `data` bytes of zeros.
fn raw(header: &str, data: usize) -> Vec<u8> {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend_from_slice(header.as_bytes());
    bytes.resize(bytes.len() + data, 0);
    bytes
}

#[test]
fn every_fault_is_named() {
    let t = r#"{"dtype":"F32","shape":[1],"data_offsets":[0,4]}"#;
    let cases: &[(&str, usize, &str)] = &[
        ("", 0, "begin with {"),
        ("[]", 0, "begin with {"),
        ("{", 0, "string must begin"),
        ("{} x", 0, "follows"),
        ("{}", 1, "belong to no tensor"),
        (r#"{"a":1}"#, 0, "object must begin"),
        (r#"{"a":{"dtype":"F32","shape":[1]}}"#, 4, "needs dtype"),
        (
            r#"{"a":{"dtype":"F31","shape":[1],"data_offsets":[0,4]}}"#,
            4,
            "element type",
        ),
        (
            r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#,
            4,
            "does not agree",
        ),
        (
            r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#,
            4,
            "beyond the end",
        ),
        (
            r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,4]}}"#,
            4,
            "two integers",
        ),
        (
            r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}}"#,
            4,
            "only",
        ),
        (
            r#"{"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#,
            4,
            "property occurs twice",
        ),
        (
            r#"{"a":{"dtype":"F32","shape":[01],"data_offsets":[0,4]}}"#,
            4,
            "integer",
        ),
        (
            r#"{"a":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}}"#,
            4,
            "integer",
        ),
        (
            r#"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#,
            4,
            "integer",
        ),
        (
            r#"{"a":{"dtype":"F32","shape":[18446744073709551616],"data_offsets":[0,4]}}"#,
            4,
            "integer",
        ),
        (
            r#"{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]}}"#,
            4,
            "does not agree",
        ),
        (
            r#"{"a":{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,1],"data_offsets":[0,4]}}"#,
            4,
            "8 dimensions",
        ),
        (&format!(r#"{{"a":{t},"a":{t}}}"#), 4, "overlap"),
        (&format!(r#"{{"a":{t}}}"#), 8, "belong to no tensor"),
        (&format!(r#"{{"a":{t}}}"#), 3, "beyond the end"),
        (&format!(r#"{{"a":{t}"#), 4, "comma or the object's end"),
        (&format!(r#"{{"a":{t},}}"#), 4, "string must begin"),
        (&format!("{{\"a\n\":{t}}}"), 4, "control character"),
        (&format!(r#"{{"\ud800":{t}}}"#), 4, "escape"),
        (&format!(r#"{{"\udc00\ud800":{t}}}"#), 4, "escape"),
        (&format!(r#"{{"\u+123":{t}}}"#), 4, "escape"),
        (&format!(r#"{{"\x":{t}}}"#), 4, "escape"),
        (r#"{"__metadata__":{"a":1}}"#, 0, "string must begin"),
        (
            r#"{"__metadata__":{"a":"1","\u0061":"2"}}"#,
            0,
            "name occurs twice",
        ),
        (
            r#"{"__metadata__":{},"__metadata__":{}}"#,
            0,
            "metadata occur twice",
        ),
        (
            r#"{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}"#,
            0,
            "name occurs twice",
        ),
        (
            r#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[2,3]},"b":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#,
            3,
            "gap",
        ),
    ];
    for (header, data, expected) in cases {
        let error = with_file(&raw(header, *data), |_| ()).expect_err(header);
        let Error::File { what, .. } = error else {
            panic!("{header}: {error}")
        };
        assert!(what.contains(expected), "{header}: {what}, not {expected}");
    }
}

#[test]
fn frames_are_checked() {
    let mut endless = raw("{}", 0);
    endless[..8].copy_from_slice(&u64::MAX.to_le_bytes());
    let mut long = raw("{}", 0);
    long[..8].copy_from_slice(&99_000_000_u64.to_le_bytes());
    let mut latin = raw(r#"{"__metadata__":{"a":"x"}}"#, 0);
    let x = latin.iter().position(|b| *b == b'x').unwrap();
    latin[x] = 0xe9;
    let faults: [(&[u8], &str, usize); 5] = [
        (&[], "shorter than 8", 0),
        (&[1, 2, 3], "shorter than 8", 3),
        (&endless, "100 MB", 0),
        (&long, "cut off", 10),
        (&latin, "UTF-8", x),
    ];
    for (bytes, expected, place) in faults {
        let Err(Error::File { what, offset }) = with_file(bytes, |_| ()) else {
            panic!("{expected}: no error")
        };
        assert!(
            what.contains(expected) && offset == place,
            "{what} ({offset})"
        );
    }
}

/// Reads all that a reader can reach, so that a wrong index would show.
fn read_everything(bytes: &[u8]) -> Result<usize> {
    with_file(bytes, |file| {
        let mut numbers = 0;
        for (name, tensor) in file.tensors() {
            let elements = tensor.bytes().len() / tensor.dtype().size();
            let mut out = vec![0.0_f64; elements];
            numbers += name.to_string().len() + elements;
            numbers += usize::from(tensor.read_into(&mut out).is_ok());
        }
        numbers + usize::from(file.text("kind").is_some())
    })
}

#[test]
fn no_single_byte_makes_it_panic() {
    let whole = sample();
    let header_end = 8 + u64::from_le_bytes(whole[..8].try_into().unwrap()) as usize;
    let (mut refused, mut tried) = (0, 0);
    for place in 0..header_end {
        for change in 1..=255_u8 {
            let mut bytes = whole.clone();
            bytes[place] ^= change;
            refused += usize::from(read_everything(&bytes).is_err());
            tried += 1;
        }
    }
    // Most changes break the header; those that only rename something or change a padding space may stand.
    assert!(refused > tried / 2, "{refused} of {tried} refused");
    for length in 0..whole.len() {
        assert!(
            read_everything(&whole[..length]).is_err(),
            "cut at {length}"
        );
    }
    assert!(read_everything(&[&whole[..], &[0]].concat()).is_err());
}

/// `torch_mlp.py` saved a network, a batch and what PyTorch made of it: the weights that come in give the same logits.
#[test]
fn pytorch_and_we_mean_the_same_network() {
    let bytes = std::fs::read("tests/data/torch_mlp.safetensors").unwrap();
    let mut layout = LayoutBuf::new();
    let (w0, b0) = (
        layout.add_weight("layers.0.weight", 4, 5),
        layout.add("layers.0.bias", 1, 5),
    );
    let (w1, b1) = (
        layout.add_weight("layers.1.weight", 5, 3),
        layout.add("layers.1.bias", 1, 3),
    );
    let mut p = vec![0.0_f64; layout.view().len()];
    let (mut input, mut logits) = ([0.0_f64; 24], [0.0_f64; 18]);
    with_file(&bytes, |file| {
        read_parameters(file, layout.view(), &mut p)?;
        file.tensor("input").unwrap().read_into(&mut input)?;
        file.tensor("logits").unwrap().read_into(&mut logits)
    })
    .unwrap()
    .unwrap();
    let dense = |x: &[f64], w: Span, b: Span| -> Vec<f64> {
        let column = |j| (0..w.rows).map(move |i| (i, j));
        let sum = |j| {
            column(j)
                .map(|(i, j)| x[i] * w.mat(&p).at(i, j))
                .sum::<f64>()
        };
        (0..w.cols).map(|j| sum(j) + b.of(&p)[j]).collect()
    };
    for (x, expected) in input.chunks(4).zip(logits.chunks(3)) {
        let hidden: Vec<f64> = dense(x, w0, b0).iter().map(|z| z.max(0.0)).collect();
        for (z, expected) in dense(&hidden, w1, b1).iter().zip(expected) {
            // PyTorch computed in f32: two layers of at most 6 terms, each term below 4.
            assert!(
                (z - expected).abs() < 16.0 * 4.0 * f64::from(f32::EPSILON),
                "{z}, {expected}"
            );
        }
    }
}
