//! Can we believe it: intervals, goodness of fit, convergence. Pure functions of measurements.
