//! What the user wrote: the TOML file, checked once into a valid type.
