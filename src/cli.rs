//! What the user typed on the command line.
