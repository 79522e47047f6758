//! File formats as pure functions between bytes and values.
//!
//! | module | what it does | who uses it |
//! |---|---|---|
//! | [`idx`] | reads and checks the header of an IDX file | `data` |
//! | [`npz`] | writes NumPy's archive of arrays | `export` |
//! | [`protobuf`] | writes Protocol Buffers messages | `export`, `report` |
//! | [`tfrecord`] | frames the records of a TensorBoard event file | `report` |
//!
//! Nothing here opens a file, and nothing here knows a model, a data set or the library's error type. The areas that own those
//! stand above this one.

pub mod idx;
pub(crate) mod npz;
pub(crate) mod protobuf;
pub(crate) mod tfrecord;
