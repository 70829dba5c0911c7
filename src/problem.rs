//! Experiment, loss and dynamics resolved.
