//! An ordered map from names to values.

use indexmap::IndexMap;

/// Named values in the order of the experiment file; an object in JSON.
pub type Named<T> = IndexMap<String, T>;
