"""Scores with intervals, comparisons, calibration, shares, agreement, and checks of whether a model reads."""
