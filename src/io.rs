//! Model files: safetensors, read and written without `std`.
